//! The main job, whole: a photo travels from its upload to a follower's feed.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use darkroom_testing::{Mode, Person, TestApp, corpus, eventually, jpeg, link_of, mode, picture, reqwest};
use futures::StreamExt;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader};
use serde_json::{Value, json};

/// From the upload's last byte to the follower's feed.
fn in_time() -> Duration {
    match mode() {
        Mode::Embedded => Duration::from_secs(2),
        Mode::Clustered => Duration::from_secs(10),
    }
}

/// Uploads in pieces, as a slow client does. Returns the media's id and when the last piece left.
async fn upload(author: &Person, bytes: &[u8]) -> (String, Instant) {
    let last_byte = Arc::new(Mutex::new(Instant::now()));
    let sent = Arc::clone(&last_byte);
    let pieces: Vec<_> = bytes.chunks(16 * 1024).map(bytes::Bytes::copy_from_slice).collect();
    let body = futures::stream::iter(pieces).map(move |piece| {
        *sent.lock().unwrap() = Instant::now();
        Ok::<_, std::io::Error>(piece)
    });
    let uploaded = author.upload_body(reqwest::Body::wrap_stream(body)).await.unwrap();
    let media = &uploaded.payload()["media"];
    assert_eq!(media["status"], "PROCESSING");
    let sent = *last_byte.lock().unwrap();
    (media["id"].as_str().unwrap().to_owned(), sent)
}

/// Where the post stands in the first page of the feed: its media, as the follower sees them.
async fn in_feed(follower: &Person, post: &str) -> Option<Value> {
    let query = "{ feed(mode: FOLLOWING, first: 1) { nodes { id author { username } media { id status width height
        placeholder original { url } facts { cameraMake } url
        renditions { size contentType width height byteSize url } } } } }";
    let page = follower.run(query, json!({})).await;
    let newest = page.at("/feed/nodes").get(0)?;
    (newest["id"] == post).then(|| newest["media"][0].clone())
}

/// An independent reading of the file: its pixels, and the orientation that its metadata ask for.
fn decode(bytes: &[u8]) -> (DynamicImage, Orientation) {
    let reader = ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format().unwrap();
    let mut decoder = reader.into_decoder().unwrap();
    let orientation = decoder.orientation().unwrap();
    (DynamicImage::from_decoder(decoder).unwrap(), orientation)
}

fn upright(bytes: &[u8]) -> DynamicImage {
    let (mut picture, orientation) = decode(bytes);
    picture.apply_orientation(orientation);
    picture
}

/// How much two pictures differ, seen from afar.
fn difference(one: &DynamicImage, other: &DynamicImage) -> u64 {
    let small = |picture: &DynamicImage| picture.thumbnail_exact(24, 24).to_rgb8();
    small(one).as_raw().iter().zip(small(other).as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum()
}

/// The rendition shows the picture as it should be held, better than in any of the seven other ways.
fn assert_upright(rendition: &DynamicImage, upright: &DynamicImage, file: &str) {
    let right = difference(rendition, upright);
    for number in 2..=8 {
        let mut wrong = upright.clone();
        wrong.apply_orientation(Orientation::from_exif(number).unwrap());
        let other = difference(rendition, &wrong);
        assert!(right <= other, "{file}: orientation {number} fits better, {other} < {right}");
    }
    assert!(right / (24 * 24 * 3) < 24, "{file}: it shows something else");
}

fn fit(width: u32, height: u32, edge: u32) -> (u32, u32) {
    let scale = (f64::from(edge) / f64::from(width.max(height))).min(1.0);
    let scaled = |side: u32| (f64::from(side) * scale).round().max(1.0) as u32;
    (scaled(width), scaled(height))
}

/// Fetches every rendition and checks its size, its pixels and that it tells nothing but the picture.
async fn check_renditions(follower: &Person, media: &Value, original: &[u8], file: &str) {
    let expected = upright(original);
    let (width, height) = (expected.width(), expected.height());
    assert_eq!(
        (media["width"].as_u64(), media["height"].as_u64()),
        (Some(width.into()), Some(height.into())),
        "{file}"
    );
    assert!(media["placeholder"].as_str().is_some_and(|placeholder| placeholder.len() >= 8), "{file}");
    let square = 150.min(width).min(height);
    let sizes =
        [("THUMBNAIL", (square, square)), ("MEDIUM", fit(width, height, 640)), ("LARGE", fit(width, height, 1080))];
    assert_eq!(media["renditions"].as_array().unwrap().len(), sizes.len());
    for (size, (width, height)) in sizes {
        let listed =
            media["renditions"].as_array().unwrap().iter().find(|rendition| rendition["size"] == size).unwrap();
        let response = follower.get(&link_of(media, size)).await;
        assert_eq!(response.status(), 200);
        let bytes = response.bytes().await.unwrap();
        assert_eq!(jpeg::metadata(&bytes), Vec::<String>::new(), "{file} {size}");
        for trace in [b"Exif\0".as_slice(), b"ns.adobe.com", b"ICC_PROFILE", b"GPSLatitude", b"<?xpacket"] {
            assert!(!bytes.windows(trace.len()).any(|window| window == trace), "{file} {size}: {trace:?}");
        }
        let (shown, orientation) = decode(&bytes);
        assert_eq!(orientation, Orientation::NoTransforms, "{file} {size}");
        assert_eq!((shown.width(), shown.height()), (width, height), "{file} {size}");
        assert_eq!(listed["width"], width, "{file} {size}");
        assert_eq!(listed["height"], height, "{file} {size}");
        assert_eq!(listed["byteSize"], bytes.len(), "{file} {size}");
        assert_eq!(listed["contentType"], "image/jpeg", "{file} {size}");
        if size != "THUMBNAIL" {
            assert_upright(&shown, &expected, file);
        }
    }
    assert_eq!(media["url"], link_of(media, "LARGE").as_str());
}

/// One photo's whole way.
async fn travel(author: &Person, follower: &Person, bytes: &[u8], file: &str) {
    let (media, last_byte) = upload(author, bytes).await;
    let post = author.post(std::slice::from_ref(&media), file).await;
    let seen =
        eventually(Duration::from_secs(30), "the post in the feed", async || in_feed(follower, &post).await).await;
    let took = last_byte.elapsed();
    assert!(took < in_time(), "{file}: {took:?} from the last byte to the feed");
    assert_eq!(seen["status"], "READY");
    check_renditions(follower, &seen, bytes, file).await;
    assert_eq!(seen["original"], Value::Null, "{file}");
    assert_eq!(seen["facts"], Value::Null, "{file}");
    assert_eq!(follower.media(&media).await["original"], Value::Null, "{file}");

    let own = author.media(&media).await;
    assert_eq!(own["original"]["byteSize"], bytes.len());
    let original = author.get(own["original"]["url"].as_str().unwrap()).await;
    assert_eq!(original.bytes().await.unwrap(), bytes, "{file}: the original is changed");
}

async fn two_people(app: &TestApp) -> (Person, Person) {
    let author = app.client().sign_up("author").await;
    let follower = app.client().sign_up("follower").await;
    follower.follow(&author.id).await;
    (author, follower)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

#[tokio::test]
async fn a_photo_reaches_a_followers_feed() {
    let mut app = TestApp::start().await;
    app.start_workers();
    let (author, follower) = two_people(&app).await;
    for (width, height, format) in [
        (1600, 1200, image::ImageFormat::Jpeg),
        (900, 1600, image::ImageFormat::Png),
        (640, 200, image::ImageFormat::WebP),
        (120, 100, image::ImageFormat::Gif),
    ] {
        let bytes = picture::encoded(width, height, format);
        travel(&author, &follower, &bytes, &format!("{width}x{height} {format:?}")).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn every_real_photograph_reaches_a_followers_feed() {
    let mut app = TestApp::start().await;
    let (author, follower) = two_people(&app).await;
    app.run_jobs().await;
    app.start_workers();
    for path in corpus::files("photos") {
        travel(&author, &follower, &std::fs::read(&path).unwrap(), &name_of(&path)).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn every_orientation_is_shown_upright() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let files = corpus::files("orientation").into_iter().filter(|path| name_of(path).contains("Portrait_"));
    let (mut shapes, mut first) = (Vec::new(), None::<DynamicImage>);
    for path in files {
        let media = author.photo(std::fs::read(&path).unwrap()).await;
        app.run_jobs().await;
        let large = author.get(&link_of(&author.media(&media).await, "LARGE")).await.bytes().await.unwrap();
        let (shown, _) = decode(&large);
        shapes.push((shown.width(), shown.height()));
        // All eight show the same scene: held upright they look alike.
        let first = first.get_or_insert_with(|| shown.clone());
        assert_upright(&shown, first, &name_of(&path));
    }
    if corpus::folder().is_some() {
        assert_eq!(shapes.len(), 8);
        assert!(shapes[0].0 < shapes[0].1 && shapes.iter().all(|shape| *shape == shapes[0]), "{shapes:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_subscription_tells_when_a_photo_is_ready() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let media = author.photo(picture::jpeg(400, 300)).await;
    let query = "subscription($id: ID!) { mediaProcessed(mediaId: $id) { id status width url(size: MEDIUM) } }";
    let mut events = author.subscribe(query, json!({ "id": media })).await;
    let now = events.next().await.unwrap();
    assert_eq!(now["mediaProcessed"], json!({ "id": media, "status": "PROCESSING", "width": null, "url": null }));
    app.run_jobs().await;
    let ready = events.next().await.unwrap()["mediaProcessed"].clone();
    assert_eq!((&ready["status"], &ready["width"]), (&json!("READY"), &json!(400)));
    assert_eq!(author.get(ready["url"].as_str().unwrap()).await.status(), 200);
    assert_eq!(events.next().await, None, "READY is the last word");
    // Who comes late hears the state, and the end.
    let late = author.subscribe(query, json!({ "id": media })).await.all().await;
    assert_eq!(late.iter().map(|event| &event["mediaProcessed"]["status"]).collect::<Vec<_>>(), ["READY"]);
    app.finish().await;
}

#[tokio::test]
async fn a_post_of_several_photos_waits_for_the_last() {
    let app = TestApp::start().await;
    let (author, follower) = two_people(&app).await;
    let mut media = vec![author.photo(picture::jpeg(60, 40)).await, author.photo(picture::jpeg(40, 60)).await];
    app.run_jobs().await;
    media.insert(1, author.photo(picture::jpeg(50, 50)).await);
    let post = author.post(&media, "Three of #Köln with @follower").await;
    assert_eq!(follower.feed(20).await, Vec::<String>::new());
    assert_eq!(follower.node(&post, "").await, Value::Null);
    let fields = "... on Post { state caption hashtags mentions { username } media { id } }";
    assert_eq!(author.node(&post, fields).await["state"], "PENDING");
    app.run_jobs().await;
    assert_eq!(follower.feed(20).await, std::slice::from_ref(&post));
    let shown = follower.node(&post, fields).await;
    assert_eq!(shown["state"], "PUBLISHED");
    assert_eq!(shown["hashtags"], json!(["köln"]));
    assert_eq!(shown["mentions"], json!([{ "username": "follower" }]));
    assert_eq!(shown["media"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap()).collect::<Vec<_>>(), media);
    app.finish().await;
}
