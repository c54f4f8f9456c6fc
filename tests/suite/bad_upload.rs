//! Files that can't be used: a clear reason, and nothing left of them.

use std::time::Duration;

use darkroom_testing::{Answer, Mode, Person, SmallDisk, TestApp, eventually, files_under, mode, picture, reqwest};
use futures::{StreamExt, stream};
use image::ImageFormat;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

const SOON: Duration = Duration::from_secs(10);

/// Refused as a file, with this reason and a sentence.
fn assert_refused(answer: &Answer, failure: &str) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.user_errors(), [("INVALID".into(), "file".into())], "{}", answer.body);
    let error = answer.at("/uploadMedia/userErrors/0");
    assert_eq!(error["mediaFailure"], failure, "{error}");
    assert!(error["message"].as_str().is_some_and(|message| message.len() > 20 && message.ends_with('.')), "{error}");
    assert_eq!(*answer.at("/uploadMedia/media"), Value::Null);
}

#[tokio::test]
async fn what_is_no_picture_is_refused_and_leaves_nothing() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    assert_refused(&ada.upload(Vec::new()).await, "EMPTY_FILE");
    let long_text = "not a picture\n".repeat(50_000).into_bytes();
    let html = b"<!doctype html><script>alert(1)</script>".to_vec();
    for bytes in
        [b"x".to_vec(), b"hello, world".to_vec(), long_text, b"%PDF-1.7\n1 0 obj".to_vec(), html, vec![0; 4096]]
    {
        assert_refused(&ada.upload(bytes).await, "UNSUPPORTED_FORMAT");
    }
    app.assert_nothing_left().await;
    app.finish().await;
}

#[tokio::test]
async fn a_file_that_ends_too_early_is_refused_wherever_it_ends() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let whole = picture::encoded(600, 400, format);
        for end in [20, whole.len() / 10, whole.len() / 2, whole.len() - 2] {
            assert_refused(&ada.upload(whole[..end].to_vec()).await, "TRUNCATED");
        }
    }
    app.assert_nothing_left().await;
    app.finish().await;
}

#[tokio::test]
async fn too_many_bytes_and_too_many_pixels_are_refused_on_the_way() {
    let limits = [("DARKROOM_LIMITS_UPLOAD_MAX_BYTES", "100000"), ("DARKROOM_LIMITS_MEDIA_MAX_PIXELS", "1000000")];
    let app = TestApp::start_with(&limits).await;
    let ada = app.client().sign_up("ada").await;
    let large = picture::noise(300, 300);
    assert!(large.len() > 200_000);
    assert_refused(&ada.upload(large.clone()).await, "TOO_LARGE");
    // The same without a length that is told beforehand.
    let pieces: Vec<_> = large.chunks(10_000).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
    let body = reqwest::Body::wrap_stream(stream::iter(pieces));
    assert_refused(&ada.upload_body(body).await.unwrap(), "TOO_LARGE");
    assert_refused(&ada.upload(picture::jpeg(1001, 1000)).await, "TOO_MANY_PIXELS");
    assert_refused(&ada.upload(picture::encoded(1001, 1000, ImageFormat::Png)).await, "TOO_MANY_PIXELS");
    // What no upload can be is refused before it is read.
    for _ in 0..5 {
        let answer = ada.upload(vec![0xff; 3 << 20]).await;
        assert_eq!((answer.status, answer.error_code()), (413, "INVALID"));
    }
    app.assert_nothing_left().await;
    ada.photo(picture::jpeg(1000, 1000)).await;
    app.run_jobs().await;
    app.finish().await;
}

/// The row of an upload under way is there, so its bytes are on their way to the store.
async fn begun(app: &TestApp) {
    let row = async || (app.rows("media").await == 1).then_some(());
    eventually(SOON, "an upload under way", row).await;
}

async fn given_up(app: &TestApp) {
    let no_row = async || (app.rows("media").await == 0).then_some(());
    eventually(SOON, "the upload is cleaned up", no_row).await;
    app.app.settle().await;
    app.assert_nothing_left().await;
}

#[tokio::test]
async fn an_upload_whose_source_fails_leaves_nothing() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let picture = picture::noise(500, 500);
    let half = picture[..picture.len() / 2].to_vec();
    let (cut, is_cut) = oneshot::channel::<()>();
    let body = stream::iter([Ok(half)]).chain(stream::once(async move {
        let _ = is_cut.await;
        Err(std::io::Error::other("the phone lost its network"))
    }));
    let upload = async { ada.upload_body(reqwest::Body::wrap_stream(body)).await };
    let break_off = async {
        begun(&app).await;
        cut.send(()).unwrap();
    };
    let (uploaded, ()) = tokio::join!(upload, break_off);
    assert!(uploaded.is_err(), "the client can't have had an answer");
    given_up(&app).await;
    app.finish().await;
}

#[tokio::test]
async fn an_upload_whose_connection_is_closed_leaves_nothing() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let picture = picture::noise(500, 500);
    let operations = json!({
        "query": "mutation($file: Upload!) { uploadMedia(input: { file: $file }) { media { id } userErrors { code } } }",
        "variables": { "file": null },
    });
    let part = |name: &str, more: &str, content: &str| {
        format!("--XX\r\ncontent-disposition: form-data; name=\"{name}\"{more}\r\n\r\n{content}")
    };
    let body = part("operations", "", &format!("{operations}\r\n"))
        + &part("map", "", "{\"0\": [\"variables.file\"]}\r\n")
        + &part("0", "; filename=\"photo.png\"", "");
    let length = body.len() + picture.len() + "\r\n--XX--\r\n".len();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ngraphql-require-preflight: 1\r\n\
         content-type: multipart/form-data; boundary=XX\r\ncontent-length: {length}\r\n\r\n",
        app.address, ada.token
    );
    let mut connection = TcpStream::connect(app.address).await.unwrap();
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(body.as_bytes()).await.unwrap();
    connection.write_all(&picture[..picture.len() / 2]).await.unwrap();
    begun(&app).await;
    drop(connection);
    given_up(&app).await;
    app.finish().await;
}

#[tokio::test]
async fn an_upload_that_is_not_allowed_is_not_begun() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let nobody = app.client().upload(picture::jpeg(20, 20)).await;
    assert_eq!(nobody.error_code(), "UNAUTHENTICATED");

    // Without the header that a foreign page can't send.
    let form = reqwest::multipart::Form::new()
        .text("operations", json!({ "query": "{ viewer { email } }" }).to_string())
        .text("map", "{}");
    let bare = ada.http().post(ada.url("/graphql")).bearer_auth(&ada.token).multipart(form).send().await.unwrap();
    assert_eq!(bare.status(), 400);
    let refusal: Value = bare.json().await.unwrap();
    assert_eq!(refusal["errors"][0]["extensions"]["code"], "INVALID");
    assert!(refusal["errors"][0]["message"].as_str().unwrap().contains("GraphQL-Require-Preflight"), "{refusal}");

    // A file is no string.
    let query = "mutation($file: Upload!) { uploadMedia(input: { file: $file }) {
        media { id } userErrors { code field message } } }";
    for file in ["upload:0", "upload:1", "data:image/png;base64,AAAA", "/etc/passwd"] {
        let answer = ada.run(query, json!({ "file": file })).await;
        let text = answer.body.to_string();
        assert!(text.contains("INVALID") && text.contains("multipart/form-data"), "{file}: {text}");
        assert!(!text.contains("media_"), "{file}: {text}");
    }
    app.assert_nothing_left().await;
    app.finish().await;
}

#[tokio::test]
async fn a_full_disk_is_said_and_nothing_is_left_on_it() {
    if mode() != Mode::Embedded {
        return;
    }
    let Some(disk) = SmallDisk::mount(1024) else { return };
    let objects = disk.path().join("objects");
    let address = format!("file://{}", objects.display());
    let app = TestApp::start_with(&[("DARKROOM_OBJECTS_URL", &address)]).await;
    let ada = app.client().sign_up("ada").await;
    let large = picture::noise(800, 800);
    assert!(large.len() > 1 << 20);
    for _ in 0..3 {
        let refused = ada.upload(large.clone()).await;
        assert_eq!(refused.error_code(), "UNAVAILABLE", "{}", refused.body);
        assert!(refused.body["errors"][0]["message"].as_str().unwrap().contains("full"), "{}", refused.body);
        app.assert_nothing_left().await;
        assert_eq!(files_under(&objects), Vec::<std::path::PathBuf>::new());
    }
    // What fits goes on.
    let media = ada.photo(picture::jpeg(200, 100)).await;
    app.run_jobs().await;
    assert_eq!(ada.media(&media).await["status"], "READY");
    app.finish().await;
}

async fn posts_of(viewer: &Person, username: &str) -> Value {
    let query = "query($name: String!) { user(username: $name) { postCount posts { nodes { id } } } }";
    viewer.run(query, json!({ "name": username })).await.at("/user").clone()
}

#[tokio::test]
async fn what_only_decoding_finds_ends_failed_and_its_owner_alone_learns_why() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let follower = app.client().sign_up("follower").await;
    follower.follow(&author.id).await;
    let bad = author.photo(picture::damaged()).await;
    let good = author.photo(picture::jpeg(40, 30)).await;
    let post = author.post(&[good.clone(), bad.clone()], "").await;
    let query = "subscription($id: ID!) { mediaProcessed(mediaId: $id) { status failure { code message } url } }";
    let mut events = author.subscribe(query, json!({ "id": bad })).await;
    assert_eq!(events.next().await.unwrap()["mediaProcessed"]["status"], "PROCESSING");
    app.run_jobs().await;
    let ended = events.next().await.unwrap()["mediaProcessed"].clone();
    assert_eq!((&ended["status"], &ended["failure"]["code"]), (&json!("FAILED"), &json!("CORRUPT")));
    assert!(ended["failure"]["message"].as_str().unwrap().len() > 20, "{ended}");
    assert_eq!(ended["url"], Value::Null);
    assert_eq!(events.next().await, None, "FAILED is the last word");

    let fields = "... on Post { state media { id status failure { code } original { url } } }";
    let own = author.node(&post, fields).await;
    assert_eq!(own["state"], "PENDING");
    assert_eq!(own["media"][0]["failure"], Value::Null);
    assert_eq!(
        (&own["media"][1]["status"], &own["media"][1]["failure"]["code"]),
        (&json!("FAILED"), &json!("CORRUPT"))
    );
    assert_eq!(own["media"][1]["original"], Value::Null, "the bytes are gone");
    app.assert_photos(1).await;
    for hidden in [&post, &bad, &good] {
        assert_eq!(follower.node(hidden, "").await, Value::Null);
    }
    assert_eq!(posts_of(&follower, "author").await, json!({ "postCount": 0, "posts": { "nodes": [] } }));
    assert_eq!(posts_of(&author, "author").await["posts"]["nodes"], json!([{ "id": post }]));
    assert_eq!((follower.feed(20).await, author.feed(20).await), (Vec::new(), Vec::new()));

    let again = author.mutate("createPost", json!({ "mediaIds": [bad] }), "post { id }").await;
    assert_eq!(again.user_errors(), [("INVALID".into(), "mediaIds".into())]);
    author.delete_post(&post).await;
    app.assert_nothing_left().await;
    app.finish().await;
}
