//! Links to parts at our own route: each is good for one part of one size, for a while, and as long as its upload is open.

use darkroom_service::account;
use darkroom_service::operator::Actor;
use darkroom_testing::{Client, TestApp, reqwest};
use futures::stream;
use serde_json::Value;

use super::{THROUGH_THE_API, id_of, photo, url_of};

/// The status and the code of a refusal, which is GraphQL-shaped.
async fn refusal(response: reqwest::Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    let extensions = &body["errors"][0]["extensions"];
    assert!(extensions["requestId"].is_string() && body["errors"][0]["message"].is_string(), "{body}");
    (status, extensions["code"].as_str().unwrap().to_owned())
}

async fn put(client: &Client, url: &str, bytes: impl Into<reqwest::Body>) -> (u16, String) {
    refusal(client.put(url, bytes).await).await
}

/// A body whose length is not told beforehand.
fn of_unknown_length(bytes: &[u8]) -> reqwest::Body {
    let pieces: Vec<_> = bytes.chunks(1000).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
    reqwest::Body::wrap_stream(stream::iter(pieces))
}

#[tokio::test]
async fn nothing_in_a_link_can_be_changed() {
    let app = TestApp::start_with(&THROUGH_THE_API).await;
    let ada = app.client().sign_up("ada").await;
    let (file, content_type) = photo();
    let upload = ada.begin_upload(&file, content_type).await;
    let other = ada.begin_upload(&file, content_type).await;
    let url = url_of(&upload, 0);
    let (path, query) = url.split_once('?').unwrap();
    let (before, signature) = query.split_once("&sig=").unwrap();
    let of_another_part = url_of(&upload, 1).split_once("&sig=").unwrap().1;
    for forged in [
        path.to_owned(),
        format!("{path}?{before}"),
        format!("{path}?{before}&sig="),
        format!("{path}?{before}&sig=AAAAAAAAAAAAAAAAAAAAAA"),
        format!("{path}?{before}&sig={of_another_part}"),
        url.replace("size=4096", "size=9999"),
        url.replace("exp=1", "exp=2"),
        url.replace("/1?", "/2?"),
        url.replace("/1?", "/0?"),
        url.replace("/1?", "/99999999999?"),
        format!("{}?{before}&sig={signature}", url_of(&other, 0).split_once('?').unwrap().0),
        ada.url("/uploads/nonsense/1?size=4096&exp=99999999999&sig=AAAAAAAAAAAAAAAAAAAAAA"),
    ] {
        assert_ne!(forged, url);
        assert_eq!(put(&ada, &forged, file[..4096].to_vec()).await, (403, "FORBIDDEN".into()), "{forged}");
    }
    assert_eq!(refusal(ada.get(url).await).await, (405, "INVALID".into()));
    assert_eq!(app.object_keys().await, Vec::<String>::new());
    // As it was given, and with no session.
    let taken = app.client().put(url, file[..4096].to_vec()).await;
    assert_eq!((taken.status().as_u16(), taken.bytes().await.unwrap().len()), (204, 0));
    assert_eq!(app.object_keys().await.len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_part_has_exactly_its_size() {
    let app = TestApp::start_with(&THROUGH_THE_API).await;
    let ada = app.client().sign_up("ada").await;
    let (file, content_type) = photo();
    let upload = ada.begin_upload(&file, content_type).await;
    let url = url_of(&upload, 0);
    for (bytes, expected) in [(0, 400), (1, 400), (4095, 400), (4097, 413), (30_000, 413)] {
        assert_eq!(put(&ada, url, file[..bytes].to_vec()).await, (expected, "INVALID".into()), "{bytes}");
        let streamed = put(&ada, url, of_unknown_length(&file[..bytes])).await;
        assert_eq!(streamed, (expected, "INVALID".into()), "{bytes}");
    }
    // What comes on forever is not read forever.
    let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![0_u8; 10_000]));
    let endless = ada.http().put(url).body(reqwest::Body::wrap_stream(endless)).send().await;
    assert!(endless.is_err() || endless.is_ok_and(|response| response.status() == 413));
    assert_eq!(app.object_keys().await, Vec::<String>::new());
    assert_eq!(app.object_files(), Vec::<std::path::PathBuf>::new());
    let streamed = ada.put(url, of_unknown_length(&file[..4096])).await;
    assert_eq!(streamed.status(), 204);
    assert_eq!(app.object_keys().await.len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_link_ends_with_its_upload_and_with_its_person() {
    let app = TestApp::start_with(&THROUGH_THE_API).await;
    let ada = app.client().sign_up("ada").await;
    let (file, content_type) = photo();
    let cancelled = ada.begin_upload(&file, content_type).await;
    ada.send_part(&cancelled["parts"][0], &file).await;
    assert_eq!(ada.cancel_upload(id_of(&cancelled)).await.payload()["cancelledUploadId"], cancelled["id"]);
    let finished = ada.begin_upload(&file, content_type).await;
    ada.send_parts(&finished, &file).await;
    ada.finish_upload(id_of(&finished)).await.payload();
    let open = ada.begin_upload(&file, content_type).await;
    app.run_jobs().await;
    app.assert_photos(1).await;
    for over in [&cancelled, &finished] {
        let refused = put(&ada, url_of(over, 0), file[..4096].to_vec()).await;
        assert_eq!(refused, (404, "NOT_FOUND".into()));
    }
    account::suspend(&app.app, Actor::Machine, "ada").await.unwrap();
    assert_eq!(put(&ada, url_of(&open, 0), file[..4096].to_vec()).await, (404, "NOT_FOUND".into()));
    assert_eq!(ada.finish_upload(id_of(&open)).await.status, 401);
    app.assert_photos(1).await;
    account::reinstate(&app.app, Actor::Machine, "ada").await.unwrap();
    ada.send_part(&open["parts"][0], &file).await;
    app.finish().await;
}
