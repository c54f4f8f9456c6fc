//! Requests that are made to hurt: each has its answer, at the cost of next to nothing, and everybody else is served.

use std::time::Duration;

use darkroom_testing::{Client, TestApp, eventually};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// CPU time of this process, the server in it among it: in hundredths of a second, as the system counts it.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<u64> =
        stat.rsplit(") ").next().unwrap().split(' ').map(|field| field.parse().unwrap_or(0)).collect();
    Duration::from_millis((fields.get(11).unwrap_or(&0) + fields.get(12).unwrap_or(&0)) * 10)
}

/// What one attack may cost here, in a build without optimisation: what it costs in one is for the benchmark to say. What
/// these documents ask for would take from seconds to years.
const CHEAP: Duration = Duration::from_secs(3);

/// Sends a document in both forms of answer and gives the code and the limit of the first error.
async fn refused(client: &Client, document: &str, variables: &Value) -> (String, String) {
    let body = json!({ "query": document, "variables": variables });
    let mut said = Vec::new();
    for (accept, status) in [("application/json", 200), ("application/graphql-response+json", 400)] {
        let request = client.http().post(client.url("/graphql")).header("accept", accept).json(&body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        let answer: Value = response.json().await.unwrap();
        assert!(answer.get("data").is_none(), "{answer}");
        let errors = answer["errors"].as_array().unwrap();
        assert!(errors.len() <= 100 && answer.to_string().len() < 64 << 10, "{} errors", errors.len());
        let extensions = &errors[0]["extensions"];
        assert!(extensions["requestId"].is_string(), "{answer}");
        let text = |name: &str| extensions[name].as_str().unwrap_or_default().to_owned();
        said.push((text("code"), text("limit")));
    }
    assert_eq!(said[0], said[1]);
    said.swap_remove(0)
}

/// Somebody with an ordinary question.
async fn is_served(client: &Client) {
    assert_eq!(client.run("{ __typename }", json!({})).await.text("/__typename"), "Query");
}

/// Fragments each of which spreads the next one `width` times.
fn bomb(width: usize, height: usize) -> String {
    let mut text = "{ viewer { ...A } }".to_owned();
    let name = |at: usize| char::from(b'A' + u8::try_from(at).unwrap());
    for at in 0..height {
        text += &format!("fragment {} on Viewer {{{}}}", name(at), format!("...{} ", name(at + 1)).repeat(width));
    }
    text + &format!("fragment {} on Viewer {{email}}", name(height))
}

fn numbered(count: usize, what: impl Fn(usize) -> String) -> String {
    (0..count).map(what).collect()
}

#[tokio::test]
async fn documents_that_ask_for_the_world_are_refused() {
    let app = TestApp::start().await;
    let client = app.client();
    let circle = "fields { name type { ofType { ofType { ".repeat(5) + "name" + &" } } } }".repeat(5);
    let related = "possibleTypes { interfaces { ".repeat(8) + "name" + &" } }".repeat(8);
    let turns = "fields { type { ofType { ".repeat(5) + "fields { name }" + &" } } }".repeat(5);
    let bombs = [bomb(10, 10), bomb(14, 12), bomb(20, 13), bomb(2, 25)];
    assert!(bombs.iter().all(|bomb| (700..=2100).contains(&bomb.len())), "{:?}", bombs.each_ref().map(String::len));
    let cases: Vec<(&str, String, &str, &str)> = vec![
        ("a bomb", bombs[0].clone(), "TOO_COMPLEX", "fields"),
        ("a bomb", bombs[1].clone(), "TOO_COMPLEX", "fields"),
        ("a bomb", bombs[2].clone(), "TOO_COMPLEX", "fields"),
        ("a bomb", bombs[3].clone(), "TOO_COMPLEX", "fields"),
        ("a cycle", "{ viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { ...A }".into(), "INVALID", ""),
        ("aliases", format!("{{ viewer {{ {} }} }}", numbered(3000, |at| format!("a{at}: email "))), "TOO_COMPLEX", "aliases"),
        ("aliases of the root", format!("{{ {} }}", numbered(90, |at| format!("a{at}: __typename "))), "TOO_COMPLEX", "rootFields"),
        (
            "passwords",
            format!("mutation {{ {} }}", numbered(11, |at| {
                format!("a{at}: signIn(input: {{ login: \"ada\", password: \"{at}\" }}) {{ userErrors {{ code }} }} ")
            })),
            "TOO_COMPLEX",
            "rootFields",
        ),
        ("directives", format!("{{ __typename {} }}", "@skip(if: false) ".repeat(3000)), "TOO_COMPLEX", "tokens"),
        ("directives", format!("{{ __typename {} }}", "@a ".repeat(3000)), "TOO_COMPLEX", "directivesAtOnce"),
        ("directives", format!("{{ viewer {{ {} }} }}", "email @a @b ".repeat(1000)), "TOO_COMPLEX", "directives"),
        ("depth", "{ viewer { user ".to_owned() + &"{ posts { nodes { author ".repeat(8) + "{ id" + &" }".repeat(27), "TOO_COMPLEX", "depth"),
        ("nesting", "{a".repeat(20_000), "TOO_COMPLEX", "nesting"),
        ("nesting", format!("{{ user(username: {}", "[".repeat(60_000)), "TOO_COMPLEX", "nesting"),
        ("nesting", format!("query($a: {}", "[".repeat(60_000)), "TOO_COMPLEX", "nesting"),
        ("inline fragments", format!("{{ {} __typename {} }}", "... { ".repeat(45), "}".repeat(45)), "TOO_COMPLEX", "levels"),
        ("tokens", format!("{{ {} }}", "x ".repeat(30_000)), "TOO_COMPLEX", "tokens"),
        ("bytes", format!("{{ {} }}", " ".repeat(70_000)), "TOO_COMPLEX", "bytes"),
        ("circular introspection", format!("{{ __schema {{ types {{ {circle} }} }} }}"), "TOO_COMPLEX", "depth"),
        (
            "circular introspection",
            format!("{{ __schema {{ types {{ {turns} }} }} }}"),
            "TOO_COMPLEX",
            "introspection",
        ),
        (
            "circular introspection",
            format!("{{ __schema {{ types {{ {related} }} }} }}"),
            "TOO_COMPLEX",
            "introspection",
        ),
        ("wrong names", format!("mutation {{ likePost(input: {{ postId: \"a\" }}) {{ {} }} }}", numbered(2000, |at| format!("usrErors{at} "))), "TOO_COMPLEX", "wrongNames"),
        ("variables", format!("query({}) {{ __typename }}", numbered(1000, |at| format!("$v{at}: Int "))), "TOO_COMPLEX", "variables"),
        ("fragments", format!("{{ __typename }} {}", numbered(500, |at| format!("fragment F{at} on Query {{ __typename }} "))), "TOO_COMPLEX", "fragments"),
        ("operations", numbered(500, |at| format!("query q{at} {{ __typename }} ")), "TOO_COMPLEX", "operations"),
        ("long lists", "{ feed(first: 100) { nodes { comments(first: 100) { nodes { replies(first: 100) { nodes { id } } } } } } }".into(), "TOO_COMPLEX", "cost"),
        ("a huge number", "{ feed(first: 2147483647) { nodes { id } } }".into(), "TOO_COMPLEX", "cost"),
        ("a number without end", format!("{{ feed(first: 1{}) {{ nodes {{ id }} }} }}", "0".repeat(60_000)), "INVALID", ""),
        ("an open string", format!("{{ user(username: \"{}", "a".repeat(60_000)), "INVALID", ""),
    ];
    for (name, document, code, limit) in cases {
        let begun = cpu();
        let said = refused(&client, &document, &Value::Null).await;
        let took = cpu() - begun;
        let start: String = document.chars().take(80).collect();
        assert_eq!((said.0.as_str(), said.1.as_str()), (code, limit), "{name}: {start}");
        assert!(took < CHEAP, "{name} took {took:?}: {start}");
        is_served(&client).await;
    }
    // The same check stands before the other ways in.
    let subscription = app.client().subscribe(&bombs[0].replacen('{', "subscription {", 1), json!({})).await;
    assert_eq!(subscription.refusal().await, "TOO_COMPLEX");
    let events = client.http().post(client.url("/graphql")).header("accept", "text/event-stream");
    let events = events.json(&json!({ "query": bombs[1] })).send().await.unwrap().text().await.unwrap();
    assert!(events.contains("TOO_COMPLEX") && events.ends_with("event: complete\ndata:\n\n"), "{events}");
    let by_url = client.http().get(by_url(&client, &bombs[2])).send().await.unwrap();
    assert!(by_url.text().await.unwrap().contains("TOO_COMPLEX"));
    let form = reqwest_form(&json!({ "query": bombs[3] }).to_string());
    let form = client.http().post(client.url("/graphql")).header("GraphQL-Require-Preflight", "1").multipart(form);
    assert!(form.send().await.unwrap().text().await.unwrap().contains("TOO_COMPLEX"));
    app.finish().await;
}

fn by_url(client: &Client, document: &str) -> String {
    let encoded: String = document.bytes().map(|byte| format!("%{byte:02X}")).collect();
    client.url(&format!("/graphql?query={encoded}"))
}

fn reqwest_form(operations: &str) -> darkroom_testing::reqwest::multipart::Form {
    darkroom_testing::reqwest::multipart::Form::new().text("operations", operations.to_owned()).text("map", "{}")
}

#[tokio::test]
async fn what_tools_and_apps_ask_still_runs() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let types =
        "kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
        ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } }";
    let introspection = format!(
        "query IntrospectionQuery {{ __schema {{ description queryType {{ name kind }} mutationType {{ name kind }}
         subscriptionType {{ name kind }} types {{ ...FullType }} directives {{ name description locations
         args(includeDeprecated: true) {{ ...InputValue }} }} }} }}
         fragment FullType on __Type {{ kind name description specifiedByURL
         fields(includeDeprecated: true) {{ name description args(includeDeprecated: true) {{ ...InputValue }}
         type {{ ...TypeRef }} isDeprecated deprecationReason }} inputFields(includeDeprecated: true) {{ ...InputValue }}
         interfaces {{ ...TypeRef }} enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }}
         possibleTypes {{ ...TypeRef }} }}
         fragment InputValue on __InputValue {{ name description type {{ ...TypeRef }} defaultValue isDeprecated deprecationReason }}
         fragment TypeRef on __Type {{ {types} }}"
    );
    let told = ada.run(&introspection, json!({})).await;
    assert!(told.at("/__schema/types").as_array().unwrap().len() > 50);
    let screen = "query Home($first: Int = 100) { feed(first: $first) { pageInfo { endCursor hasNextPage } nodes { id caption createdAt
        likeCount commentCount viewerHasLiked hashtags mentions { username } author { id username fullName avatar isVerified }
        media { id width height placeholder dominantColor altText small: url(size: MEDIUM) large: url(size: LARGE) }
        comments(first: 2) { nodes { id text createdAt author { username avatar } } } } }
        storyTray(first: 50) { nodes { user { username avatar } hasUnseen stories { id expiresAt media { url } } } } }";
    for (variables, within) in [(json!({ "first": 20 }), 1000..3000), (json!({}), 4000..20_000)] {
        let page = ada.run(screen, variables).await;
        page.data();
        let cost = &page.body["extensions"]["cost"];
        assert_eq!(cost["limit"], 20_000);
        assert!(within.contains(&cost["requested"].as_u64().unwrap()), "{cost}");
    }
    app.finish().await;
}

#[tokio::test]
async fn variables_that_are_huge_are_refused() {
    let app = TestApp::start().await;
    let client = app.client();
    let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let many =
        "query($t: String!) { ".to_owned() + &numbered(40, |at| format!("a{at}: user(username: $t) {{ id }} ")) + "}";
    let mut deep = json!("a");
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let cases = [
        (nodes, json!({ "ids": vec!["a"; 200_000] }), "TOO_COMPLEX", "values"),
        (nodes, json!({ "ids": vec!["a"; 2000] }), "TOO_COMPLEX", "values"),
        (many.as_str(), json!({ "t": "x".repeat(1_000_000) }), "TOO_COMPLEX", "valueBytes"),
        ("query($n: Int) { feed(first: $n) { nodes { id } } }", json!({ "n": i64::MAX }), "TOO_COMPLEX", "cost"),
        ("query($n: Int) { feed(first: $n) { nodes { id } } }", json!({ "n": 1e300 }), "TOO_COMPLEX", "cost"),
        (nodes, json!({ "ids": deep }), "INVALID", ""),
        (nodes, json!({}), "INVALID", ""),
    ];
    for (document, variables, code, limit) in cases {
        let begun = cpu();
        let said = refused(&client, document, &variables).await;
        let took = cpu() - begun;
        assert_eq!((said.0.as_str(), said.1.as_str()), (code, limit), "{document}");
        assert!(took < CHEAP, "{document} took {took:?}");
        is_served(&client).await;
    }
    app.finish().await;
}

/// Sends bytes and gives the answer.
async fn raw(app: &TestApp, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    // A server that has heard enough answers before all is sent.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn post(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn bodies_that_are_none_are_refused() {
    let app = TestApp::start().await;
    let client = app.client();
    let batch = format!("[{}]", vec![r#"{"query":"{ __typename }"}"#; 1000].join(","));
    let nested = format!(r#"{{"query":"{{ __typename }}","variables":{{"a":{}"#, "[".repeat(500_000));
    let digits = format!(r#"{{"query":"{{ __typename }}","variables":{{"a":1{}}}}}"#, "0".repeat(500_000));
    let cases: [(&str, &[u8]); 8] = [
        ("a batch", batch.as_bytes()),
        ("bytes that are no UTF-8", b"{\"query\":\"{ \xff\xfe }\"}"),
        ("a key twice", br#"{"query":"{ __typename }","query":"{ viewer { email } }"}"#),
        ("variables twice", br#"{"query":"{ __typename }","variables":{},"variables":{"a":1}}"#),
        ("extensions twice", br#"{"query":"{ __typename }","extensions":{},"extensions":{}}"#),
        ("nesting", nested.as_bytes()),
        ("half of a surrogate", br#"{"query":"{ user(username: \"\ud800\") { id } }"}"#),
        ("a number without end", digits.as_bytes()),
    ];
    for (name, body) in cases {
        let begun = cpu();
        let answer = raw(&app, &post(body)).await;
        let took = cpu() - begun;
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("\"INVALID\""), "{name}: {answer}");
        assert!(answer.len() < 4096 && took < CHEAP, "{name}: {took:?}");
        is_served(&client).await;
    }
    let by_url = raw(&app, b"GET /graphql?query=%ff%fe HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(
        by_url.starts_with("HTTP/1.1 400 ") || by_url.starts_with("HTTP/1.1 200 ") && by_url.contains("INVALID"),
        "{by_url}"
    );
    app.finish().await;
}

#[tokio::test]
async fn floods_of_headers_are_refused() {
    let app = TestApp::start().await;
    let client = app.client();
    let start = "GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nhost: x\r\n";
    for head in [
        format!("{start}{}\r\n", numbered(5000, |at| format!("x-{at}: a\r\n"))),
        format!("{start}x-long: {}\r\n\r\n", "a".repeat(300_000)),
        format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(300_000)),
    ] {
        let begun = cpu();
        let answer = raw(&app, head.as_bytes()).await;
        // The connection may be reset over what it had not read yet.
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 431 ") || answer.starts_with("HTTP/1.1 414 "),
            "{answer}"
        );
        assert!(cpu() - begun < CHEAP);
        is_served(&client).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn slow_heads_hold_nobody_up_and_are_closed() {
    let app = TestApp::start_with(&[("DARKROOM_LIMITS_HEAD_TIMEOUT_SECONDS", "2")]).await;
    let client = app.client();
    let mut kept = TcpStream::connect(app.address).await.unwrap();
    answers(&mut kept).await;
    let mut slow = Vec::new();
    for at in 0..500 {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        let begun = if at % 2 == 0 { "GET / HTTP/1.1\r\nhost: x\r\nx-slow: " } else { "POST /gra" };
        stream.write_all(begun.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    is_served(&client).await;
    for mut stream in slow {
        let mut said = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut said)).await;
        assert!(ended.is_ok(), "a connection is held that says nothing");
        assert!(!said.starts_with(b"HTTP/1.1 200"));
    }
    is_served(&client).await;
    // Nothing came on this one for as long, and that is no slow head; another one's beginning is.
    answers(&mut kept).await;
    kept.write_all(b"GET /healthz HTTP/1.1\r\n").await.unwrap();
    let mut said = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(30), kept.read_to_end(&mut said)).await;
    assert!(ended.is_ok() && said.is_empty(), "a kept connection may be slow");
    app.finish().await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_the_end() {
    let short = [("DARKROOM_LIMITS_HEAD_TIMEOUT_SECONDS", "1"), ("DARKROOM_LIMITS_IDLE_TIMEOUT_SECONDS", "1")];
    let app = TestApp::start_with(&short).await;
    let mut kept = TcpStream::connect(app.address).await.unwrap();
    answers(&mut kept).await;
    let mut said = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(30), kept.read_to_end(&mut said)).await;
    assert!(ended.is_ok() && said.is_empty(), "an idle connection is held");
    app.finish().await;
}

#[tokio::test]
async fn bodies_that_never_come_hold_nobody_up() {
    let app = TestApp::start().await;
    let client = app.client();
    let mut slow = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        let whole = post(br#"{"query":"{ __typename }"}"#);
        stream.write_all(&whole[..whole.len() - 2]).await.unwrap();
        slow.push(stream);
    }
    is_served(&client).await;
    // They were waited for, and not forgotten.
    for mut stream in slow {
        stream.write_all(b"\"}").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"Query\""), "{answer}");
    }
    app.finish().await;
}

/// Asks whether the server is alive, over a kept connection.
async fn answers(stream: &mut TcpStream) {
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\nok") {
        assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "closed: {}", String::from_utf8_lossy(&answer));
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
}

#[tokio::test]
async fn no_more_connections_are_served_than_may_be() {
    let app = TestApp::start_with(&[("DARKROOM_LIMITS_CONNECTIONS_MAX", "2")]).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        answers(&mut stream).await;
        held.push(stream);
    }
    let mut third = TcpStream::connect(app.address).await.unwrap();
    third.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    // Time enough for an answer, if there were to be one.
    for _ in 0..50 {
        answers(&mut held[0]).await;
    }
    let early = third.try_read(&mut [0; 1]).map_err(|error| error.kind());
    assert_eq!(early, Err(std::io::ErrorKind::WouldBlock), "served beyond the limit");
    drop(held.pop());
    let mut answer = String::new();
    third.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    drop(held);
    app.finish().await;
}

/// Everybody else is served while attacks go on, and the last of them is over with the server as it was.
#[tokio::test]
async fn a_bystander_is_served_during_attacks() {
    let app = TestApp::start().await;
    let attacker = app.client();
    let attacks = tokio::spawn(async move {
        for round in 0..10 {
            let documents = [bomb(10, 10), bomb(14, 12), format!("{{ {} }}", "x ".repeat(30_000)), "{a".repeat(20_000)];
            let sent = documents.iter().map(|document| attacker.run(document, json!({})));
            for answer in futures::future::join_all(sent).await {
                assert_eq!(answer.error_code(), "TOO_COMPLEX", "{round}");
            }
        }
    });
    let client = app.client();
    let done = async || {
        is_served(&client).await;
        attacks.is_finished().then_some(())
    };
    eventually(Duration::from_secs(60), "the attacks are over", done).await;
    attacks.await.unwrap();
    app.finish().await;
}
