//! A client of the HTTP API, as an app's developer would write one.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::socket::Subscription;

/// Talks GraphQL to a server.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    address: SocketAddr,
    token: Option<String>,
}

/// A signed-up person with a client of their own.
#[derive(Clone)]
pub struct Person {
    /// Their session's client.
    pub client: Client,
    /// Their opaque id.
    pub id: String,
    /// Their username.
    pub username: String,
    /// Their session's token.
    pub token: String,
}

impl std::ops::Deref for Person {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// A GraphQL response.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: Value,
}

impl Answer {
    /// The data, of an answer without errors.
    pub fn data(&self) -> &Value {
        assert!(self.body.get("errors").is_none(), "errors: {}", self.body);
        &self.body["data"]
    }

    /// What stands at a JSON pointer in the data, of an answer without errors.
    pub fn at(&self, pointer: &str) -> &Value {
        self.data().pointer(pointer).unwrap_or_else(|| panic!("{pointer} is not in {}", self.body))
    }

    /// The text at a JSON pointer.
    pub fn text(&self, pointer: &str) -> String {
        self.at(pointer).as_str().unwrap_or_else(|| panic!("{pointer} is no text in {}", self.body)).to_owned()
    }

    /// The code of the first top-level error.
    pub fn error_code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no error code: {}", self.body))
    }

    /// The payload of the only mutation, whose `userErrors` must be empty.
    pub fn payload(&self) -> &Value {
        let payload = self.only_field();
        assert_eq!(payload["userErrors"], json!([]), "{}", self.body);
        payload
    }

    /// The codes and last field names of the only mutation's `userErrors`.
    pub fn user_errors(&self) -> Vec<(String, String)> {
        let errors = self.only_field()["userErrors"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        errors
            .iter()
            .map(|error| {
                let field = error["field"].as_array().and_then(|path| path.last()).map(text).unwrap_or_default();
                (text(&error["code"]), field)
            })
            .collect()
    }

    fn only_field(&self) -> &Value {
        self.data()
            .as_object()
            .and_then(|data| data.values().next())
            .unwrap_or_else(|| panic!("no data: {}", self.body))
    }
}

impl Client {
    /// Without a session.
    pub fn new(address: SocketAddr) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::limited(3))
            .timeout(Duration::from_secs(60))
            .no_proxy()
            .build()
            .unwrap();
        Self { http, address, token: None }
    }

    /// The same, with a session's token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Listens to a subscription.
    pub async fn subscribe(&self, query: &str, variables: Value) -> Subscription {
        Subscription::begin(self.address, self.token.as_deref(), query, variables).await
    }

    /// The HTTP client itself.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// An absolute URL of this server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn signed(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Runs a document.
    pub async fn run(&self, query: &str, variables: Value) -> Answer {
        self.send("/graphql", query, variables).await
    }

    /// Runs a document of operators.
    pub async fn operate(&self, query: &str, variables: Value) -> Answer {
        self.send("/admin/graphql", query, variables).await
    }

    /// The answer of operators' path to a document, whatever it is.
    pub async fn operate_raw(&self, query: &str) -> reqwest::Response {
        let request = self.http.post(self.url("/admin/graphql")).json(&json!({ "query": query }));
        self.signed(request).send().await.unwrap()
    }

    /// Sends a document to a path.
    async fn send(&self, path: &str, query: &str, variables: Value) -> Answer {
        let body = json!({ "query": query, "variables": variables });
        let request = self.signed(self.http.post(self.url(path)).json(&body));
        answer(request.send().await.unwrap()).await
    }

    /// Signs a person up.
    pub async fn sign_up(&self, username: &str) -> Person {
        let query = "mutation($input: SignUpInput!) { signUp(input: $input) {
            viewer { user { id username } } session { token } userErrors { code field message } } }";
        let input = json!({ "input": {
            "username": username, "email": format!("{username}@example.test"), "password": "a good password", "fullName": "" } });
        let signed_up = self.run(query, input).await;
        let payload = signed_up.payload();
        let token = payload["session"]["token"].as_str().unwrap().to_owned();
        Person {
            client: self.with_token(&token),
            id: payload["viewer"]["user"]["id"].as_str().unwrap().to_owned(),
            username: username.to_owned(),
            token,
        }
    }

    /// Uploads a file by the multipart request specification.
    pub async fn upload(&self, bytes: Vec<u8>) -> Answer {
        self.upload_body(reqwest::Body::from(bytes)).await.unwrap()
    }

    /// Uploads a body that may be a stream; an error if the connection breaks.
    pub async fn upload_body(&self, body: reqwest::Body) -> reqwest::Result<Answer> {
        let operations = json!({
            "query": "mutation($file: Upload!) { uploadMedia(input: { file: $file, altText: \"a test\" }) {
                media { id status } userErrors { code field message mediaFailure } } }",
            "variables": { "file": null },
        });
        let form = Form::new()
            .text("operations", operations.to_string())
            .text("map", json!({ "0": ["variables.file"] }).to_string())
            .part("0", Part::stream(body).file_name("../../etc/passwd").mime_str("application/x-whatever").unwrap());
        let request = self.http.post(self.url("/graphql")).header("GraphQL-Require-Preflight", "1").multipart(form);
        Ok(answer(self.signed(request).send().await?).await)
    }

    /// Uploads a good photo and returns its id.
    pub async fn photo(&self, bytes: Vec<u8>) -> String {
        let uploaded = self.upload(bytes).await;
        let media = &uploaded.payload()["media"];
        assert_eq!(media["status"], "PROCESSING");
        media["id"].as_str().unwrap().to_owned()
    }

    /// Posts these media and returns the post's id.
    pub async fn post(&self, media_ids: &[String], caption: &str) -> String {
        let query = "mutation($input: CreatePostInput!) { createPost(input: $input) {
            post { id state } userErrors { code field message } } }";
        let created = self.run(query, json!({ "input": { "mediaIds": media_ids, "caption": caption } })).await;
        created.payload()["post"]["id"].as_str().unwrap().to_owned()
    }

    /// Follows a person.
    pub async fn follow(&self, user_id: &str) {
        let query = "mutation($id: ID!) { followUser(input: { userId: $id }) { userErrors { code } } }";
        self.run(query, json!({ "id": user_id })).await.payload();
    }

    /// The ids of one page of the feed, and where it ends.
    pub async fn feed_page(&self, first: i32, after: Option<&str>) -> (Vec<String>, Option<String>) {
        let query = "query($first: Int!, $after: String) { feed(mode: FOLLOWING, first: $first, after: $after) {
            nodes { id } pageInfo { hasNextPage endCursor } } }";
        let page = self.run(query, json!({ "first": first, "after": after })).await;
        let nodes = page.at("/feed/nodes").as_array().unwrap();
        let ids = nodes.iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect();
        let info = page.at("/feed/pageInfo");
        let more = info["hasNextPage"].as_bool().unwrap();
        (ids, more.then(|| info["endCursor"].as_str().unwrap().to_owned()))
    }

    /// The ids of the whole feed, page by page.
    pub async fn feed(&self, first: i32) -> Vec<String> {
        let (mut ids, mut after) = self.feed_page(first, None).await;
        while let Some(cursor) = after {
            let (more, next) = self.feed_page(first, Some(&cursor)).await;
            ids.extend(more);
            after = next;
        }
        ids
    }

    /// Fetches a URL of the API.
    pub async fn get(&self, url: &str) -> reqwest::Response {
        self.http.get(url).send().await.unwrap()
    }
}

async fn answer(response: reqwest::Response) -> Answer {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}, no JSON: {text}"));
    Answer { status, body }
}
