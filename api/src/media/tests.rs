//! Delivery of granted objects: from a folder, and by redirect to a bucket or a CDN.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::tests::{app, text};

const KEY: &str = "photos/r/abc/large.jpg";

fn grant_of(key: &str, is_original: bool) -> Grant {
    Grant { key: key.to_owned(), expires_at: DateTime::<Utc>::MAX_UTC, content_type: "image/jpeg", is_original }
}

async fn ask(app: &App, grant: &Grant, method: Method, headers: &[(HeaderName, &str)]) -> Result<Response, Refusal> {
    let headers = headers.iter().map(|(name, text)| (name.clone(), value(text))).collect();
    serve(app, grant, 3600, &method, &headers).await
}

#[tokio::test]
async fn a_rendition_whole() {
    let (app, _folder) = app(&[]).await;
    app.objects.put(KEY, "0123456789".into(), "image/jpeg").await.unwrap();
    let response = ask(&app, &grant_of(KEY, false), Method::GET, &[]).await.unwrap();
    let headers = response.headers().clone();
    for (name, expected) in [
        (CONTENT_TYPE, "image/jpeg"),
        (CONTENT_LENGTH, "10"),
        (ETAG, "\"photos.r.abc.large.jpg\""),
        (ACCEPT_RANGES, "bytes"),
        (CACHE_CONTROL, "public, max-age=3600, immutable"),
        (CONTENT_DISPOSITION, "inline"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"),
    ] {
        assert_eq!(headers[&name], expected, "{name}");
    }
    assert!(headers[LAST_MODIFIED].to_str().unwrap().ends_with(" GMT"));
    assert_eq!(text(response).await, "0123456789");

    let head = ask(&app, &grant_of(KEY, false), Method::HEAD, &[]).await.unwrap();
    assert_eq!(head.headers()[CONTENT_LENGTH], "10");
    assert_eq!(text(head).await, "");
}

#[tokio::test]
async fn an_original_is_for_its_owners_disk() {
    let (app, _folder) = app(&[]).await;
    let key = "photos/o/abc.jpg";
    app.objects.put(key, "x".into(), "image/jpeg").await.unwrap();
    let response = ask(&app, &grant_of(key, true), Method::GET, &[]).await.unwrap();
    assert_eq!(response.headers()[CACHE_CONTROL], "private, max-age=3600, immutable");
    assert_eq!(response.headers()[CONTENT_DISPOSITION], "attachment");
}

#[tokio::test]
async fn parts_of_it() {
    use http::header::{IF_NONE_MATCH, IF_RANGE, RANGE};
    let (app, _folder) = app(&[]).await;
    app.objects.put(KEY, "0123456789".into(), "image/jpeg").await.unwrap();
    let grant = grant_of(KEY, false);
    let part = ask(&app, &grant, Method::GET, &[(RANGE, "bytes=2-4")]).await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()[CONTENT_RANGE], "bytes 2-4/10");
    assert_eq!(part.headers()[CONTENT_LENGTH], "3");
    assert_eq!(text(part).await, "234");

    let behind = ask(&app, &grant, Method::GET, &[(RANGE, "bytes=10-")]).await.unwrap_err().render("id");
    assert_eq!(behind.status(), 416);
    assert_eq!(behind.headers()[CONTENT_RANGE], "bytes */10");

    let other = [(RANGE, "bytes=2-4"), (IF_RANGE, "\"other\"")];
    assert_eq!(ask(&app, &grant, Method::GET, &other).await.unwrap().status(), 200);
    let several = ask(&app, &grant, Method::GET, &[(RANGE, "bytes=0-1,3-4")]).await.unwrap();
    assert_eq!((several.status().as_u16(), text(several).await.as_str()), (200, "0123456789"));

    let current = ask(&app, &grant, Method::GET, &[(IF_NONE_MATCH, "\"photos.r.abc.large.jpg\"")]).await.unwrap();
    assert_eq!(current.status(), 304);
    assert!(current.headers().contains_key(ETAG) && !current.headers().contains_key(CONTENT_TYPE));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let (app, _folder) = app(&[]).await;
    for key in [KEY, "photos/../secret", ""] {
        let refusal = ask(&app, &grant_of(key, false), Method::GET, &[]).await.unwrap_err();
        assert_eq!(refusal.render("id").status(), 404, "{key}");
    }
}

const BUCKET: [(&str, &str); 4] = [
    ("DARKROOM_OBJECTS_URL", "s3://photos"),
    ("DARKROOM_SECRET", "0123456789abcdef0123456789abcdef"),
    ("AWS_ACCESS_KEY_ID", "id"),
    ("AWS_SECRET_ACCESS_KEY", "key"),
];

fn place(response: &Response) -> (&str, &str) {
    let header = |name: HeaderName| response.headers()[name].to_str().unwrap();
    (header(LOCATION), header(CACHE_CONTROL))
}

#[tokio::test]
async fn a_bucket_signs_for_the_links_life_and_the_redirect_ends_before() {
    let (app, _folder) = app(&BUCKET).await;
    let response = redirect(&app, &grant_of(KEY, false), 1000).await.unwrap();
    assert_eq!(response.status(), 307);
    let (location, cache) = place(&response);
    assert!(location.contains(KEY) && location.contains("X-Amz-Expires=1000"), "{location}");
    assert_eq!(cache, "public, max-age=500");
    let response = redirect(&app, &grant_of(KEY, false), 2 * PRESIGNED_MAX).await.unwrap();
    assert!(place(&response).0.contains("X-Amz-Expires=604800"));
}

#[tokio::test]
async fn a_cdn_gets_the_buckets_signed_query() {
    let cdn = ("DARKROOM_MEDIA_BASE_URL", "https://cdn.example.com/m/");
    let settings: Vec<_> = BUCKET.iter().copied().chain([cdn]).collect();
    let (app, _folder) = app(&settings).await;
    let response = redirect(&app, &grant_of(KEY, false), 1000).await.unwrap();
    let (location, cache) = place(&response);
    assert!(location.starts_with("https://cdn.example.com/m/photos/r/abc/large.jpg?"), "{location}");
    assert!(location.contains("X-Amz-Expires=1000") && location.contains("X-Amz-Signature="), "{location}");
    assert_eq!(cache, "public, max-age=500");
    let response = redirect(&app, &grant_of("photos/o/abc.jpg", true), 1000).await.unwrap();
    assert!(place(&response).1.starts_with("private"));
}
