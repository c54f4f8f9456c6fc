//! What stands in the log and in refusals: whatever is asked of a server, and however.

use std::collections::HashMap;
use std::net::SocketAddr;

use darkroom_testing::process::{PATIENCE, Server, World, until};
use darkroom_testing::{Mode, mode, picture};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn server(world: &World) -> Server {
    match mode() {
        Mode::Embedded => world.darkroom().await,
        Mode::Clustered => world.api().await,
    }
}

/// An answer, read to its end.
struct Answer {
    status: u16,
    headers: HashMap<String, String>,
    body: String,
}

/// Sends these bytes, with the wish that the connection be closed unless another protocol is asked for, and reads what comes back.
async fn send(address: SocketAddr, head: &str, body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let connection = if head.contains("upgrade:") { "upgrade, close" } else { "close" };
    let head = format!("{head}\r\nhost: {address}\r\nconnection: {connection}\r\n{length}\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
    let mut said = Vec::new();
    // A connection that is closed while it is still being sent to may be reset: what came before counts.
    let _ = stream.read_to_end(&mut said).await;
    let said = String::from_utf8(said).unwrap();
    let (head, body) = said.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer to {head}: {said:?}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    Answer { status, headers, body: body.to_owned() }
}

/// Ways to be refused: what is sent, and what status and code it gets. 200 is for what GraphQL itself refuses, in `application/json`.
const REFUSED: [(&str, &[u8], u16, &str); 28] = [
    ("GET /nothing HTTP/1.1", b"", 404, "NOT_FOUND"),
    ("GET /graphql/nothing HTTP/1.1", b"", 404, "NOT_FOUND"),
    ("GET /media/a/b.jpg HTTP/1.1", b"", 404, "NOT_FOUND"),
    ("GET /ide/nothing.js HTTP/1.1", b"", 404, "NOT_FOUND"),
    ("GET /..%2f..%2fetc/passwd HTTP/1.1", b"", 404, "NOT_FOUND"),
    ("PUT /uploads/00000000000000000000000000000000/1?size=1&exp=9999999999&sig=AAAA HTTP/1.1", b"x", 403, "FORBIDDEN"),
    ("PUT /uploads/nothing/x HTTP/1.1", b"x", 403, "FORBIDDEN"),
    ("no request at all", b"", 400, "INVALID"),
    ("GET / HTTP/1.1\r\na header without a colon", b"", 400, "INVALID"),
    ("GET / HTTP/9.9", b"", 400, "INVALID"),
    ("DELETE /graphql HTTP/1.1", b"", 405, "INVALID"),
    ("POST /healthz HTTP/1.1", b"", 405, "INVALID"),
    ("GET /graphql?query=mutation%7BsignOut%7B__typename%7D%7D HTTP/1.1", b"", 405, "INVALID"),
    ("GET /graphql HTTP/1.1", b"", 400, "INVALID"),
    ("GET /graphql?query=%FF HTTP/1.1", b"", 200, "INVALID"),
    ("POST /graphql HTTP/1.1\r\ncontent-type: application/json", b"{", 400, "INVALID"),
    ("POST /graphql HTTP/1.1\r\ncontent-type: application/json", b"[]", 400, "INVALID"),
    ("POST /graphql HTTP/1.1\r\ncontent-type: application/json", b"{\"query\":\"\xff\"}", 400, "INVALID"),
    ("POST /graphql HTTP/1.1\r\ncontent-type: application/json", b"{\"query\":1}", 400, "INVALID"),
    ("POST /graphql HTTP/1.1\r\ncontent-type: text/plain", b"{}", 415, "INVALID"),
    ("POST /graphql HTTP/1.1", b"{}", 415, "INVALID"),
    ("POST /graphql HTTP/1.1\r\ncontent-type: application/json\r\naccept: image/png", b"{}", 406, "INVALID"),
    (
        "POST /graphql HTTP/1.1\r\ncontent-type: application/json\r\nauthorization: Basic eA==",
        b"{}",
        401,
        "UNAUTHENTICATED",
    ),
    (
        "POST /graphql HTTP/1.1\r\ncontent-type: application/json\r\nauthorization: Bearer x",
        b"{}",
        401,
        "UNAUTHENTICATED",
    ),
    ("POST /graphql HTTP/1.1\r\ncontent-type: application/json\r\nidempotency-key: short", b"{}", 400, "INVALID"),
    ("POST /graphql HTTP/1.1\r\ncontent-type: multipart/form-data; boundary=X", b"--X--", 400, "INVALID"),
    ("GET /graphql/ws HTTP/1.1", b"", 426, "INVALID"),
    (
        "GET /graphql/ws HTTP/1.1\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
         origin: https://evil.test",
        b"",
        403,
        "FORBIDDEN",
    ),
];

#[tokio::test]
async fn every_refusal_is_graphql_json_with_an_id_that_is_in_the_log() {
    let mut world = World::migrated().await;
    world.set("DARKROOM_LOG_FORMAT", "json");
    let server = server(&world).await;
    let mut ids = Vec::new();
    for (head, body, status, code) in REFUSED {
        let answer = send(server.address, head, body).await;
        assert_eq!(answer.status, status, "{head}: {}", answer.body);
        assert!(answer.headers["content-type"].starts_with("application/"), "{head}: {:?}", answer.headers);
        let json: Value = serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{head}: {}", answer.body));
        let error = &json["errors"][0];
        assert_eq!(error["extensions"]["code"], code, "{head}: {json}");
        assert!(
            json.get("data").is_none() && !error["message"].as_str().unwrap_or_default().is_empty(),
            "{head}: {json}"
        );
        let id = &answer.headers["x-request-id"];
        assert_eq!(error["extensions"]["requestId"].as_str(), Some(id.as_str()), "{head}: {json}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{head}");
        ids.push((id.clone(), status));
    }
    for (id, status) in ids {
        let is_line = |line: &Value| line["message"] == "request" && line["request_id"] == id.as_str();
        until(&format!("{id} is in the log"), PATIENCE, async || {
            server.process.log().iter().any(|line| is_line(line) && line["status"] == status)
        })
        .await;
    }
    world.end().await;
}

/// What hyper refuses by itself comes in the same form.
#[tokio::test]
async fn a_head_that_is_too_long_is_refused_like_everything_else() {
    let world = World::migrated().await;
    let server = server(&world).await;
    for head in [
        format!("GET / HTTP/1.1\r\nx-long: {}", "x".repeat(80 << 10)),
        (0..200).fold("GET / HTTP/1.1".to_owned(), |head, n| head + &format!("\r\nx-header-{n}: 1")),
    ] {
        let answer = send(server.address, &head, b"").await;
        let json: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((answer.status, &json["errors"][0]["extensions"]["code"]), (431, &"INVALID".into()), "{json}");
        assert_eq!(json["errors"][0]["extensions"]["requestId"], answer.headers["x-request-id"].as_str());
    }
    world.end().await;
}

#[tokio::test]
async fn the_log_holds_no_secret_however_much_of_it_there_is() {
    let mut world = World::migrated().await;
    world.set("DARKROOM_LOG", "trace");
    world.set("DARKROOM_SECRET", "a-secret-of-the-server-that-nobody-may-read");
    let mut server = server(&world).await;
    let client = server.client();
    let ada = client.sign_up("ada").await;
    let sign_in = |password: &str| json!({ "login": "ada", "password": password });
    client.mutate("signIn", sign_in("a wrong guess of hers"), "session { token }").await.data();
    let second = client.mutate("signIn", sign_in("a good password"), "session { token }").await;
    let token = second.payload()["session"]["token"].as_str().unwrap().to_owned();
    let photo = ada.photo(picture::jpeg(64, 48)).await;
    let original =
        ada.run("query($id: ID!) { node(id: $id) { ... on Media { original { url } } } }", json!({ "id": photo }));
    let link = original.await.text("/node/original/url");
    assert!(ada.get(&link).await.status().is_success());
    let file = picture::jpeg(40, 30);
    let upload = ada.begin_upload(&file, "image/jpeg").await;
    ada.send_parts(&upload, &file).await;
    let part = upload["parts"][0]["url"].as_str().unwrap().to_owned();
    // A token in places where none belongs, and one that is nobody's.
    ada.get(&ada.url(&format!("/graphql?query=%7B__typename%7D&token={}", ada.token))).await;
    client.with_token("a-token-of-nobody-at-all").run("{ __typename }", json!({})).await;
    let mut socket = ada.subscribe("subscription { notificationAdded { id } }", json!({})).await;
    let ben = client.sign_up("ben").await;
    ben.follow(&ada.id).await;
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), socket.next()).await;
    server.process.stop(PATIENCE).await;

    let said = server.process.stderr() + &server.process.stdout();
    assert!(said.contains("request"), "there is a log");
    // Of a link of ours, or of S3's.
    let signature = |url: &str| {
        let (_, query) = url.split_once('?').unwrap();
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let mut signatures = pairs.filter(|(name, _)| matches!(*name, "sig" | "X-Amz-Signature"));
        signatures.next().unwrap_or_else(|| panic!("no signature in {url}")).1.to_owned()
    };
    let mut secrets = vec![
        "a good password".to_owned(),
        "a wrong guess of hers".to_owned(),
        "a-secret-of-the-server-that-nobody-may-read".to_owned(),
        "a-token-of-nobody-at-all".to_owned(),
        ada.token.clone(),
        ben.token.clone(),
        token,
        signature(&link),
        signature(&part),
    ];
    secrets.extend(world.variable("AWS_SECRET_ACCESS_KEY"));
    for secret in secrets {
        let line = said.lines().find(|line| line.contains(&secret));
        assert!(line.is_none(), "{secret}: {line:?}");
    }
    world.end().await;
}
