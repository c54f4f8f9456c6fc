//! WebP beside JPEG: made after the photo is shown, given to those who ask for it, and gone with everything else.

use std::time::Duration;

use chrono::TimeDelta;
use darkroom_service::media as photos;
use darkroom_testing::{Person, TestApp, eventually, link_of, lose_photo, picture, rendition_of};
use serde_json::{Value, json};

const SIZES: [&str; 3] = ["THUMBNAIL", "MEDIUM", "LARGE"];

/// A picture without grain, of which each size is smaller in WebP.
async fn uploaded(author: &Person) -> String {
    author.photo(picture::jpeg(1280, 960)).await
}

/// The link that somebody gets who asks for a size in a format.
async fn asked(viewer: &Person, media: &str, size: &str, format: Option<&str>) -> String {
    let query = "query($id: ID!, $size: MediaSize!, $format: MediaFormat) {
        node(id: $id) { ... on Media { url(size: $size, format: $format) } } }";
    viewer.run(query, json!({ "id": media, "size": size, "format": format })).await.text("/node/url")
}

fn path(url: &str) -> &str {
    url.split_once('?').unwrap().0
}

fn is_webp(key: &str) -> bool {
    key.ends_with(".webp")
}

/// Everything that is no picture: chunks besides the one of a lossy picture, and bytes behind it.
fn assert_bare(webp: &[u8]) {
    let length = |at: usize| u32::from_le_bytes(webp[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!((&webp[..4], &webp[8..16]), (b"RIFF".as_slice(), b"WEBPVP8 ".as_slice()));
    assert_eq!((length(4) + 8, length(16).next_multiple_of(2) + 20), (webp.len(), webp.len()));
}

#[tokio::test]
async fn who_asks_for_webp_gets_it_and_nobody_else_does() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let media = uploaded(&author).await;
    app.run_jobs().await;
    let shown = author.media(&media).await;
    let listed: Vec<(&Value, &Value)> =
        shown["renditions"].as_array().unwrap().iter().map(|made| (&made["size"], &made["format"])).collect();
    let expected = SIZES.map(|size| [(json!(size), json!("JPEG")), (json!(size), json!("WEBP"))]).concat();
    assert_eq!(listed, expected.iter().map(|(size, format)| (size, format)).collect::<Vec<_>>());
    assert_eq!(author.node(&media, "... on Media { original { format } }").await["original"]["format"], Value::Null);

    for size in SIZES {
        let [jpeg, webp] = ["JPEG", "WEBP"].map(|format| rendition_of(&shown, size, format).unwrap());
        assert_eq!(asked(&author, &media, size, Some("WEBP")).await, webp["url"].as_str().unwrap());
        for format in [None, Some("JPEG")] {
            assert_eq!(asked(&author, &media, size, format).await, jpeg["url"].as_str().unwrap());
        }
        assert_eq!(
            (&webp["width"], &webp["height"], &webp["contentType"]),
            (&jpeg["width"], &jpeg["height"], &json!("image/webp"))
        );
        let response = author.get(webp["url"].as_str().unwrap()).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &"image/webp".parse().unwrap())
        );
        let bytes = response.bytes().await.unwrap();
        assert_eq!(webp["byteSize"], bytes.len());
        assert!(webp["byteSize"].as_u64() < jpeg["byteSize"].as_u64());
        assert_bare(&bytes);
        let picture = image::load_from_memory_with_format(&bytes, image::ImageFormat::WebP).unwrap().to_rgb8();
        let jpeg = author.get(jpeg["url"].as_str().unwrap()).await.bytes().await.unwrap();
        let other = image::load_from_memory(&jpeg).unwrap().to_rgb8();
        assert_eq!(picture.dimensions(), other.dimensions());
        let apart: u64 = picture.iter().zip(other.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        assert!(apart < 8 * picture.len() as u64, "{size}: it shows something else");
    }
    assert_eq!(shown["url"], link_of(&shown, "LARGE"));
    app.finish().await;
}

#[tokio::test]
async fn a_link_to_webp_is_signed_cached_and_served_in_ranges_as_any_other() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let media = uploaded(&author).await;
    app.run_jobs().await;
    let url = asked(&author, &media, "LARGE", Some("WEBP")).await;
    assert_eq!(asked(&author, &media, "LARGE", Some("WEBP")).await, url, "the same inside its window");
    let whole = author.get(&url).await;
    assert!(whole.headers().contains_key("etag"));
    let whole = whole.bytes().await.unwrap();
    let part = author.http().get(&url).header("range", "bytes=4-11").send().await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.bytes().await.unwrap(), whole[4..12]);

    let unsigned = path(&url);
    let jpeg = asked(&author, &media, "LARGE", None).await;
    let (_, signature_of_jpeg) = jpeg.split_once('?').unwrap();
    for wrong in [unsigned.to_owned(), format!("{unsigned}?{signature_of_jpeg}")] {
        assert_eq!(author.get(&wrong).await.status(), 404, "{wrong}");
    }
    app.clock.advance(TimeDelta::hours(2));
    assert_eq!(author.get(&url).await.status(), 404, "its time is over");
    app.finish().await;
}

#[tokio::test]
async fn only_those_who_see_the_photo_get_its_webp() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let follower = app.client().sign_up("follower").await;
    let stranger = app.client().sign_up("stranger").await;
    follower.follow(&author.id).await;
    author.set_private(true).await;
    let media = uploaded(&author).await;
    author.post(std::slice::from_ref(&media), "").await;
    app.run_jobs().await;
    let seen = asked(&follower, &media, "MEDIUM", Some("WEBP")).await;
    assert_eq!(follower.get(&seen).await.headers()["content-type"], "image/webp");
    let fields = "... on Media { url(format: WEBP) renditions { url } }";
    assert_eq!(stranger.node(&media, fields).await, Value::Null);
    assert_eq!(app.client().node(&media, fields).await, Value::Null);
    app.finish().await;
}

/// As a story, as a post, and as an upload that nothing used.
#[tokio::test]
async fn it_goes_with_the_story_the_post_and_the_upload() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let media = uploaded(&author).await;
    app.run_jobs().await;
    author.story(&media).await;
    let url = asked(&author, &media, "LARGE", Some("WEBP")).await;
    app.assert_photos(1).await;
    assert!(app.object_keys().await.iter().any(|key| is_webp(key)));
    app.clock.advance(TimeDelta::hours(24));
    assert_eq!(author.get(&url).await.status(), 404, "no link outlives the story");
    app.assert_nothing_left().await;

    let media = uploaded(&author).await;
    let post = author.post(&[media], "").await;
    app.run_jobs().await;
    assert!(app.object_keys().await.iter().any(|key| is_webp(key)));
    author.delete_post(&post).await;
    app.assert_nothing_left().await;

    uploaded(&author).await;
    app.run_jobs().await;
    assert!(app.object_keys().await.iter().any(|key| is_webp(key)));
    app.clock.advance(TimeDelta::hours(25));
    photos::sweep(&app.app).await.unwrap();
    app.assert_nothing_left().await;
    app.finish().await;
}

#[tokio::test]
async fn a_second_run_changes_nothing_and_a_run_that_was_cut_off_is_made_up_for() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    uploaded(&author).await;
    app.run_jobs().await;
    let id = app.only_photo().await.id;
    let (rows, keys) = (app.webp_renditions().await, app.object_keys().await);
    assert_eq!(rows.len(), 3);
    photos::encode_webp(&app.app, id).await.unwrap();
    assert_eq!((app.webp_renditions().await, app.object_keys().await), (rows.clone(), keys.clone()));
    // A worker that died after the last object and before the rows.
    app.lose_webp_rows().await;
    photos::encode_webp(&app.app, id).await.unwrap();
    assert_eq!(
        (app.webp_renditions().await, app.object_keys().await),
        (rows, keys),
        "the same rows and the same objects"
    );
    app.finish().await;
}

#[tokio::test]
async fn two_runs_at_once_make_it_once() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    uploaded(&author).await;
    app.run_jobs().await;
    let id = app.only_photo().await.id;
    let keys = app.object_keys().await;
    app.lose_webp_rows().await;
    let run = || photos::encode_webp(&app.app, id);
    let (one, other) = tokio::join!(run(), run());
    one.unwrap();
    other.unwrap();
    assert_eq!((app.webp_renditions().await.len(), app.object_keys().await), (3, keys));
    app.finish().await;
}

/// Its objects are written while the transaction that deletes it is under way, and after they were doomed.
#[tokio::test]
async fn a_photo_that_is_deleted_meanwhile_leaves_no_object() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    // READY, and its WebP is still to be made.
    uploaded(&author).await;
    app.app.settle().await;
    let id = app.only_photo().await.id;
    photos::process(&app.app, id).await.unwrap();
    assert!(!app.object_keys().await.iter().any(|key| is_webp(key)));

    let encoder = app.app.clone();
    let deletion = app.app.begin().await.unwrap();
    lose_photo(&deletion, id).await;
    let encoding = tokio::spawn(async move { photos::encode_webp(&encoder, id).await });
    let written = async || {
        let keys = app.object_keys().await;
        (keys.iter().filter(|key| is_webp(key)).count() == 3).then_some(())
    };
    eventually(Duration::from_secs(20), "its WebP is stored", written).await;
    deletion.commit().await.unwrap();
    encoding.await.unwrap().unwrap();
    app.assert_nothing_left().await;
    app.finish().await;
}

/// Between its last object and its rows the worker dies, and the photo is deleted before another takes over.
#[tokio::test]
async fn what_a_dead_worker_wrote_for_a_deleted_photo_goes_too() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let media = uploaded(&author).await;
    let post = author.post(&[media], "").await;
    app.run_jobs().await;
    let row = app.only_photo().await;
    app.enqueue_webp(row.id).await;
    author.delete_post(&post).await;
    app.run_jobs().await;
    let key = format!("{}/large.webp", row.rendition_prefix);
    app.app.objects.put(&key, "the last words".into(), "image/webp").await.unwrap();
    app.clock.advance(TimeDelta::minutes(15));
    app.assert_nothing_left().await;
    app.finish().await;
}

/// Nobody gains by a WebP that is larger than the JPEG.
#[tokio::test]
async fn webp_that_is_no_smaller_is_not_kept() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    // Coded coarsely already, and small enough to be shown as it is.
    let scene = image::RgbImage::from_fn(640, 480, |x, y| {
        let wave = ((x * x + y * y) / 97 % 100) as u8;
        image::Rgb([wave + 60, 200 - wave, (x / 4) as u8])
    });
    let mut coarse = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut coarse, 12);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::R_4_2_0);
    encoder.encode(&scene, 640, 480, jpeg_encoder::ColorType::Rgb).unwrap();
    let media = author.photo(coarse).await;
    app.run_jobs().await;
    let shown = author.media(&media).await;
    for size in ["MEDIUM", "LARGE"] {
        assert_eq!(rendition_of(&shown, size, "WEBP"), None, "{size}");
        assert_eq!(asked(&author, &media, size, Some("WEBP")).await, link_of(&shown, size), "JPEG is given instead");
    }
    app.assert_photos(1).await;
    let keys = app.object_keys().await;
    photos::encode_webp(&app.app, app.only_photo().await.id).await.unwrap();
    assert_eq!(app.object_keys().await, keys, "nor by the second run");
    app.finish().await;
}

#[tokio::test]
async fn a_server_that_makes_none_answers_with_jpeg() {
    let app = TestApp::start_with(&[("DARKROOM_MEDIA_WEBP", "false")]).await;
    let author = app.client().sign_up("author").await;
    let media = uploaded(&author).await;
    assert_eq!(app.run_jobs().await, 1, "no job for WebP");
    let shown = author.media(&media).await;
    assert_eq!(shown["renditions"].as_array().unwrap().len(), 3);
    let url = asked(&author, &media, "LARGE", Some("WEBP")).await;
    assert_eq!(url, link_of(&shown, "LARGE"));
    let response = author.get(&url).await;
    assert_eq!(response.headers()["content-type"], "image/jpeg");
    app.finish().await;
}

#[tokio::test]
async fn a_photo_that_can_not_be_used_gets_none() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    author.photo(picture::damaged()).await;
    assert_eq!(app.run_jobs().await, 2, "the photo's and the purge of its original");
    assert_eq!((app.rows("rendition").await, app.object_keys().await.len()), (0, 0));
    app.finish().await;
}
