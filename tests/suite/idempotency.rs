//! Mutations with a key: carried out once, answered the same, whatever ends in between.

mod crash;

use darkroom_testing::reqwest::multipart::{Form, Part};
use darkroom_testing::{Client, Person, TestApp, picture};
use futures::future::join_all;
use serde_json::{Value, json};

const KEY: &str = "8e03978e-40d5-43dd-bc93-6894a57f9324";

const SIGN_UP: &str = "mutation($input: SignUpInput!) { signUp(input: $input) {
    viewer { email } session { token } userErrors { code } } }";
const COMMENT: &str = "mutation($input: AddCommentInput!) { addComment(input: $input) {
    comment { id text } userErrors { code } } }";

/// What came back, to the byte.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reply {
    status: u16,
    replayed: bool,
    text: String,
}

impl Reply {
    fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    fn code(&self) -> String {
        self.body()["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
    }

    fn at(&self, pointer: &str) -> String {
        let body = self.body();
        body.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer}: {body}")).to_owned()
    }

    /// Asserts that it is the same answer, given a second time.
    fn repeats(&self, first: &Self) {
        assert_eq!((self.status, &self.text), (first.status, &first.text));
        assert!(self.replayed && !first.replayed, "{self:?}");
    }
}

async fn reply(request: darkroom_testing::reqwest::RequestBuilder, key: &str, token: Option<&str>) -> Reply {
    let request = request.header("Idempotency-Key", key);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    let response = request.send().await.unwrap();
    let replayed = response.headers().get("idempotency-replayed").is_some_and(|value| value == "true");
    Reply { status: response.status().as_u16(), replayed, text: response.text().await.unwrap() }
}

async fn keyed(client: &Client, key: &str, token: Option<&str>, query: &str, variables: Value) -> Reply {
    let body = json!({ "query": query, "variables": variables });
    reply(client.http().post(client.url("/graphql")).json(&body), key, token).await
}

async fn upload(person: &Person, key: &str, token: Option<&str>, bytes: Vec<u8>) -> Reply {
    let query = "mutation($file: Upload!) { uploadMedia(input: { file: $file }) { media { id } userErrors { code } } }";
    let form = Form::new()
        .text("operations", json!({ "query": query, "variables": { "file": null } }).to_string())
        .text("map", json!({ "0": ["variables.file"] }).to_string())
        .part("0", Part::bytes(bytes).file_name("photo.jpg"));
    let request = person.http().post(person.url("/graphql")).header("GraphQL-Require-Preflight", "1");
    reply(request.multipart(form), key, token).await
}

fn words(post: &str, text: &str) -> Value {
    json!({ "input": { "postId": post, "text": text } })
}

fn new_person(username: &str) -> Value {
    let email = format!("{username}@example.test");
    json!({ "input": { "username": username, "email": email, "password": "a good password" } })
}

/// A person with a published post.
async fn world() -> (TestApp, Person, String) {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let post = ada.post_picture().await;
    app.run_jobs().await;
    (app, ada, post)
}

/// The mutations of the schema, as it tells of itself, each with an input that fits its type and that most refuse.
async fn every_mutation(client: &Client) -> Vec<(String, String, Value)> {
    let kinds = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
    let fields = format!("name args {{ name type {{ {kinds} }} }}");
    let query = format!(
        "{{ __schema {{ mutationType {{ fields {{ {fields} }} }}
            types {{ name inputFields {{ name defaultValue type {{ {kinds} }} }} enumValues {{ name }} }} }} }}"
    );
    let schema = client.run(&query, Value::Null).await.at("/__schema").clone();
    let fields = schema["mutationType"]["fields"].as_array().unwrap().clone();
    let document = |field: &Value| {
        let name = field["name"].as_str().unwrap().to_owned();
        let Some(argument) = field["args"].as_array().unwrap().first() else {
            return (name.clone(), format!("mutation {{ {name} {{ userErrors {{ code }} }} }}"), json!({}));
        };
        let of = argument["type"]["ofType"]["name"].as_str().unwrap();
        let query = format!("mutation($input: {of}!) {{ {name}(input: $input) {{ userErrors {{ code }} }} }}");
        (name, query, json!({ "input": an_input(&schema, of) }))
    };
    fields.iter().map(document).collect()
}

/// An object of this input type with what it must have.
fn an_input(schema: &Value, name: &str) -> Value {
    let types = schema["types"].as_array().unwrap();
    let of = types.iter().find(|of| of["name"] == name).unwrap();
    if let Some(values) = of["enumValues"].as_array() {
        return values[0]["name"].clone();
    }
    let Some(fields) = of["inputFields"].as_array() else {
        return match name {
            "Int" => json!(1),
            "Boolean" => json!(true),
            _ => json!("x"),
        };
    };
    let needed = fields.iter().filter(|field| field["type"]["kind"] == "NON_NULL" && field["defaultValue"].is_null());
    let value = |of: &Value| match of["kind"].as_str() {
        Some("LIST") => json!([]),
        _ => an_input(schema, of["name"].as_str().unwrap()),
    };
    needed.map(|field| (field["name"].as_str().unwrap().to_owned(), value(&field["type"]["ofType"]))).collect()
}

#[tokio::test]
async fn every_mutation_takes_a_key() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let mutations = every_mutation(&ada).await;
    assert!(mutations.len() > 40, "{mutations:?}");
    // A file has its own form, and who has signed out is nobody any more: see below.
    let others = mutations.iter().filter(|(name, ..)| !["uploadMedia", "signOut"].contains(&name.as_str()));
    for (name, query, input) in others {
        let key = format!("a-key-for-{name}-0123456789");
        let first = keyed(&ada, &key, Some(&ada.token), query, input.clone()).await;
        assert_eq!((first.status, first.body().get("errors")), (200, None), "{name}: {first:?}");
        keyed(&ada, &key, Some(&ada.token), query, input.clone()).await.repeats(&first);
    }
    let photo = picture::jpeg(32, 24);
    let first = upload(&ada, KEY, Some(&ada.token), photo.clone()).await;
    upload(&ada, KEY, Some(&ada.token), photo).await.repeats(&first);
    let out = "mutation { signOut { userErrors { code } } }";
    assert_eq!(keyed(&ada, &format!("{KEY}-out"), Some(&ada.token), out, json!({})).await.status, 200);
    assert_eq!(keyed(&ada, &format!("{KEY}-out"), Some(&ada.token), out, json!({})).await.status, 401);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn what_is_sent_twice_happens_once() {
    let (app, ada, post) = world().await;
    let ben = app.client().sign_up("ben").await;
    let token = Some(ben.token.as_str());
    let photo = upload(&ben, KEY, token, picture::jpeg(40, 30)).await;
    upload(&ben, KEY, token, picture::jpeg(40, 30)).await.repeats(&photo);
    let other = upload(&ben, KEY, token, picture::jpeg(30, 40)).await;
    assert_eq!((other.status, other.code().as_str()), (422, "CONFLICT"));
    let media = photo.at("/data/uploadMedia/media/id");
    let create = "mutation($input: CreatePostInput!) { createPost(input: $input) { post { id } userErrors { code } } }";
    let follow = "mutation($input: FollowUserInput!) { followUser(input: $input) { user { id } userErrors { code } } }";
    let like =
        "mutation($input: LikePostInput!) { likePost(input: $input) { post { likeCount } userErrors { code } } }";
    for (number, (query, input)) in [
        (COMMENT, words(&post, "hello")),
        (create, json!({ "input": { "mediaIds": [media], "caption": "" } })),
        (follow, json!({ "input": { "userId": ada.id } })),
        (like, json!({ "input": { "postId": post } })),
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("{KEY}-{number}");
        let first = keyed(&ben, &key, token, query, input.clone()).await;
        assert_eq!(first.body().get("errors"), None, "{first:?}");
        assert!(first.text.contains("\"userErrors\":[]"), "{first:?}");
        keyed(&ben, &key, token, query, input).await.repeats(&first);
    }
    let first = keyed(&ben, KEY, None, SIGN_UP, new_person("cleo")).await;
    keyed(&ben, KEY, None, SIGN_UP, new_person("cleo")).await.repeats(&first);
    let cleo = ben.with_token(&first.at("/data/signUp/session/token"));
    assert_eq!(cleo.run("{ viewer { email } }", json!({})).await.text("/viewer/email"), "cleo@example.test");
    for (table, rows) in
        [("media", 2), ("post", 2), ("comment", 1), ("follow", 1), ("post_like", 1), ("account", 3), ("session", 3)]
    {
        assert_eq!(app.rows(table).await, rows, "{table}");
    }
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn twenty_at_once_are_one() {
    let (app, ada, post) = world().await;
    let all = join_all((0..20).map(|_| keyed(&ada, KEY, Some(&ada.token), COMMENT, words(&post, "hello")))).await;
    for reply in &all {
        assert_eq!((reply.status, &reply.text), (200, &all[0].text));
    }
    assert_eq!(all.iter().filter(|reply| !reply.replayed).count(), 1);
    assert_eq!(app.rows("comment").await, 1);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn a_key_is_one_persons_and_one_requests() {
    let (app, ada, post) = world().await;
    let ben = app.client().sign_up("ben").await;
    let first = keyed(&ada, KEY, Some(&ada.token), COMMENT, words(&post, "hello")).await;
    let other = keyed(&ada, KEY, Some(&ada.token), COMMENT, words(&post, "hallo")).await;
    assert_eq!((other.status, other.code().as_str()), (422, "CONFLICT"));
    // Whoever else sends it, signed in or not, is told nothing of it.
    let bens = keyed(&ben, KEY, Some(&ben.token), COMMENT, words(&post, "hello")).await;
    assert!(!bens.replayed && bens.text != first.text, "{bens:?}");
    let nobodys = keyed(&ben, KEY, None, COMMENT, words(&post, "hello")).await;
    assert_eq!((nobodys.replayed, nobodys.code().as_str()), (false, "UNAUTHENTICATED"));
    // What failed as a whole is not kept, and is tried again.
    let again = keyed(&ben, KEY, None, COMMENT, words(&post, "hello")).await;
    assert_eq!((again.replayed, again.code().as_str()), (false, "UNAUTHENTICATED"));
    assert_eq!(app.rows("comment").await, 2);
    // Whose session stands no more gets no answer, old or new.
    app.write_suspension(&ada, true).await;
    assert_eq!(keyed(&ada, KEY, Some(&ada.token), COMMENT, words(&post, "hello")).await.status, 401);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn a_key_has_a_form_and_is_for_mutations() {
    let app = TestApp::start().await;
    let client = app.client();
    for bad in ["short", "with a space in it", &"x".repeat(129)] {
        let refused = keyed(&client, bad, None, SIGN_UP, new_person("ada")).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, "INVALID"), "{bad}");
    }
    let query = "{ instance { version } }";
    for _ in 0..2 {
        assert!(!keyed(&client, KEY, None, query, json!({})).await.replayed);
    }
    // The query did not use the key up.
    assert_eq!(keyed(&client, KEY, None, SIGN_UP, new_person("ada")).await.status, 200);
    app.finish().await;
}

#[tokio::test]
async fn after_a_day_the_key_is_free() {
    let (app, ada, post) = world().await;
    let first = keyed(&ada, KEY, Some(&ada.token), COMMENT, words(&post, "hello")).await;
    app.clock.advance(chrono::TimeDelta::hours(23));
    keyed(&ada, KEY, Some(&ada.token), COMMENT, words(&post, "hello")).await.repeats(&first);
    app.clock.advance(chrono::TimeDelta::hours(1));
    let second = keyed(&ada, KEY, Some(&ada.token), COMMENT, words(&post, "other words")).await;
    assert!(second.status == 200 && !second.replayed, "{second:?}");
    assert_eq!((app.rows("comment").await, app.rows("idempotency").await), (2, 1));
    app.clock.advance(chrono::TimeDelta::hours(24) + chrono::TimeDelta::seconds(1));
    assert!(!darkroom_service::idempotency::sweep(&app.app).await.unwrap());
    assert_eq!(app.rows("idempotency").await, 0);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn the_table_holds_no_secret() {
    let app = TestApp::start().await;
    let first = keyed(&app.client(), KEY, None, SIGN_UP, new_person("ada")).await;
    let token = first.at("/data/signUp/session/token");
    let row = crash::row(&app).await;
    let answer = row.answer.clone().unwrap();
    for secret in [token.as_str(), "a good password", "ada@example.test", KEY] {
        assert!(!answer.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
        assert!(!format!("{row:?}").contains(secret), "{secret}");
    }
    app.finish().await;
}
