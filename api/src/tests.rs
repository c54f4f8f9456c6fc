//! The product's routes over embedded stores.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use axum::body::Body;
use axum::response::Response;
use darkroom_platform::{Clock, Config, Platform, Role};
use darkroom_service::App;
use http::Request;
use http_body_util::BodyExt;
use tower::ServiceExt;

/// An application in a folder of its own, with these settings on top.
pub(crate) async fn app(settings: &[(&str, &str)]) -> (App, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = ("DARKROOM_DATA_DIR", folder.path().to_str().unwrap());
    let env = settings.iter().chain([&data_dir]).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let config = Config::load_from(Role::Single, None, env).unwrap();
    let platform = Platform::connect(config, Clock::system()).await.unwrap();
    platform.database.migrate().await.unwrap();
    (App::new(platform), folder)
}

pub(crate) async fn text(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

async fn get(app: &App, path: &str, accept: &str) -> Response {
    let request = Request::get(path).header("accept", accept).body(Body::empty()).unwrap();
    crate::router(app.clone(), darkroom_schema::build(app)).await.unwrap().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn browsers_get_the_ide_and_programs_a_card() {
    let (app, _folder) = app(&[]).await;
    let page = get(&app, "/", "text/html,application/xhtml+xml,*/*;q=0.8").await;
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers()["content-security-policy"], crate::ide::CONTENT_SECURITY_POLICY);
    assert_eq!(page.headers()["x-frame-options"], "DENY");
    assert!(text(page).await.contains("ide/"));

    let card = get(&app, "/", "*/*").await;
    assert_eq!(card.headers()["vary"], "Accept");
    let card: serde_json::Value = serde_json::from_str(&text(card).await).unwrap();
    assert_eq!((&card["name"], &card["graphql"]), (&"darkroom".into(), &"/graphql".into()));
    assert_eq!(get(&app, "/ide/nothing.js", "*/*").await.status(), 404);
}

#[tokio::test]
async fn alive_and_ready_without_a_worker() {
    let (app, _folder) = app(&[]).await;
    let alive = get(&app, "/healthz", "*/*").await;
    assert_eq!((alive.status().as_u16(), text(alive).await.as_str()), (200, "ok"));
    let ready = get(&app, "/readyz", "*/*").await;
    assert_eq!(ready.status(), 200);
    let checks =
        serde_json::json!({ "database": "ok", "objects": "ok", "redis": "ok", "worker": "degraded", "clock": "ok" });
    let ready: serde_json::Value = serde_json::from_str(&text(ready).await).unwrap();
    assert_eq!(ready, serde_json::json!({ "ready": true, "checks": checks }));
}

#[tokio::test]
async fn not_ready_without_a_database() {
    let (app, _folder) = app(&[]).await;
    app.database.close().await.unwrap();
    let ready = get(&app, "/readyz", "*/*").await;
    assert_eq!(ready.status(), 503);
    assert!(text(ready).await.starts_with("{\"ready\":false,\"checks\":{\"database\":\"failed\""));
}

#[tokio::test]
async fn the_product_answers_and_a_link_of_nobody_is_not_found() {
    let (app, _folder) = app(&[]).await;
    let answer = get(&app, "/graphql?query=%7B__typename%7D", "application/json").await;
    assert_eq!(
        text(answer).await,
        r#"{"data":{"__typename":"Query"},"extensions":{"cost":{"requested":1,"limit":20000}}}"#
    );
    for path in ["/media/photos/r/a/large.jpg", "/media/photos/r/a/large.jpg?exp=99999999999&sig=AAAA", "/media/", "/x"]
    {
        let answer = get(&app, path, "*/*").await;
        assert_eq!(answer.status(), 404, "{path}");
        assert!(text(answer).await.contains("\"NOT_FOUND\""), "{path}");
    }
}

/// What the product answers to a page of this origin.
async fn to_page(app: &App, method: &str, path: &str, origin: &str) -> Response {
    let request = Request::builder().method(method).uri(path).header("origin", origin);
    let request = request
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type,idempotency-key")
        .body(Body::empty())
        .unwrap();
    crate::router(app.clone(), darkroom_schema::build(app)).await.unwrap().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn pages_of_other_origins_are_told_nothing_unless_they_are_listed() {
    const ALLOWED: &str = "access-control-allow-origin";
    let (closed, _folder) = app(&[]).await;
    for method in ["OPTIONS", "GET"] {
        let answer = to_page(&closed, method, "/graphql?query=%7B__typename%7D", "https://app.example.org").await;
        assert!(!answer.headers().keys().any(|name| name.as_str().starts_with("access-control")), "{method}");
    }
    let (listed, _folder) =
        app(&[("DARKROOM_HTTP_CORS_ORIGINS", "https://app.example.org,http://localhost:3000")]).await;
    let asked = to_page(&listed, "OPTIONS", "/graphql", "https://app.example.org").await;
    assert_eq!(
        (asked.status().as_u16(), &asked.headers()[ALLOWED]),
        (200, &"https://app.example.org".parse().unwrap())
    );
    for (name, value) in [
        ("access-control-allow-methods", "PUT"),
        ("access-control-allow-headers", "authorization"),
        ("access-control-allow-headers", "idempotency-key"),
        ("access-control-allow-headers", "graphql-client-name"),
    ] {
        assert!(asked.headers()[name].to_str().unwrap().contains(value), "{name}");
    }
    assert!(asked.headers().get("access-control-allow-credentials").is_none());
    // What is refused can be read as well, and so can its id.
    for path in ["/graphql?query=%7B__typename%7D", "/graphql?query=%7B", "/nothing"] {
        let answer = to_page(&listed, "GET", path, "http://localhost:3000").await;
        assert_eq!(answer.headers()[ALLOWED], "http://localhost:3000", "{path}");
        assert!(answer.headers()["access-control-expose-headers"].to_str().unwrap().contains("x-request-id"));
        assert!(answer.headers()["vary"].to_str().unwrap().contains("origin"), "{path}");
    }
    for other in ["https://app.example.org.evil.test", "http://app.example.org", "null"] {
        assert!(to_page(&listed, "GET", "/healthz", other).await.headers().get(ALLOWED).is_none(), "{other}");
    }
    let (open, _folder) = app(&[("DARKROOM_HTTP_CORS_ORIGINS", "*")]).await;
    assert_eq!(to_page(&open, "GET", "/healthz", "https://any.test").await.headers()[ALLOWED], "*");
}

#[tokio::test]
async fn browsers_are_sent_to_https_if_the_operator_says_so() {
    let (silent, _folder) = app(&[]).await;
    assert!(get(&silent, "/healthz", "*/*").await.headers().get("strict-transport-security").is_none());
    let (strict, _folder) = app(&[("DARKROOM_HTTP_HSTS_SECONDS", "31536000")]).await;
    for path in ["/healthz", "/nothing", "/graphql?query=%7B"] {
        assert_eq!(
            get(&strict, path, "*/*").await.headers()["strict-transport-security"],
            "max-age=31536000",
            "{path}"
        );
    }
}

/// A list of trusted documents in a file of its own.
fn list(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[tokio::test]
async fn a_list_that_can_not_be_used_stops_the_start_and_says_why() {
    let apollo = |name: &str, kind: &str, body: &str| {
        let operation = serde_json::json!({ "id": "1", "name": name, "type": kind, "body": body });
        serde_json::json!({ "format": "apollo-persisted-query-manifest", "version": 1, "operations": [operation] })
            .to_string()
    };
    let relay = |body: &str| serde_json::json!({ "abc": body }).to_string();
    let cases = [
        ("{".to_owned(), "no JSON"),
        ("{}".to_owned(), "lists nothing"),
        (relay("{"), "\"abc\" can't run"),
        (relay("{ viewer { emial } }"), "Unknown field \"emial\""),
        (relay("query($a: Nothing) { viewer { email } }"), "can't run"),
        (relay("{ __schema { queryType { name } } }"), "of the schema"),
        (
            relay(
                "{ feed(first: 100) { nodes { comments(first: 100) { nodes { likes(first: 100) { nodes { id } } } } } } }",
            ),
            "too much",
        ),
        (relay("query a { __typename } query b { __typename }"), "2 operations"),
        (apollo("Q", "query", "query P { __typename }"), "query \"Q\""),
        (apollo("Q", "mutation", "query Q { __typename }"), "mutation \"Q\""),
    ];
    for (text, why) in cases {
        let file = list(&text);
        let settings = [
            ("DARKROOM_GRAPHQL_DOCUMENTS", "trusted"),
            ("DARKROOM_GRAPHQL_DOCUMENTS_FILE", file.path().to_str().unwrap()),
        ];
        let (app, _folder) = app(&settings).await;
        let refused = crate::router(app.clone(), darkroom_schema::build(&app)).await.expect_err(&text);
        let told = format!("{refused:#}");
        assert!(told.contains("graphql.documents_file") && told.contains(why), "{text}: {told}");
        assert_eq!(format!("{:#}", crate::documents_in_force(&app.config).await.unwrap_err()), told);
    }
    let good = list(&apollo("Q", "query", "query Q($n: Int!) { feed(first: $n) { nodes { id } } }"));
    let path = good.path().to_str().unwrap();
    let settings = [("DARKROOM_GRAPHQL_DOCUMENTS", "trusted"), ("DARKROOM_GRAPHQL_DOCUMENTS_FILE", path)];
    let (app, _folder) = app(&settings).await;
    assert!(crate::documents_in_force(&app.config).await.unwrap().contains("the 1 documents"));
    let card = get(&app, "/", "text/html").await;
    assert_eq!(card.headers()["content-type"], "application/json");
    for asset in ["/ide/graphiql.css", "/ide/app.js"] {
        assert_eq!(get(&app, asset, "*/*").await.status(), 404);
    }
}

#[tokio::test]
async fn the_job_page_loads_its_own_files_and_nothing_else() {
    // Where only listed documents run it is there, too.
    let list = list(r#"{"abc": "{ __typename }"}"#);
    let trusted =
        [("DARKROOM_GRAPHQL_DOCUMENTS", "trusted"), ("DARKROOM_GRAPHQL_DOCUMENTS_FILE", list.path().to_str().unwrap())];
    for settings in [&[][..], &trusted] {
        let (app, _folder) = app(settings).await;
        let page = get(&app, "/admin", "text/html").await;
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("://"));
        let page = text(page).await;
        assert!(!page.contains(" style=") && !page.contains(" onload=") && !page.contains("<script>"));
        for (file, content_type) in [("admin/jobs.css", "text/css"), ("admin/jobs.js", "text/javascript")] {
            assert!(page.contains(&format!("\"{file}\"")), "{file}");
            let answer = get(&app, &format!("/{file}"), "*/*").await;
            assert!(answer.headers()["content-type"].to_str().unwrap().starts_with(content_type), "{file}");
            assert!(!text(answer).await.is_empty(), "{file}");
        }
        assert_eq!(get(&app, "/admin/other.js", "*/*").await.status(), 404);
        assert_eq!(get(&app, "/admin/graphql", "*/*").await.status(), 404);
    }
}
