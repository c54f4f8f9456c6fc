//! Media bytes over HTTP: links that are signed, expire and stay the same, and what caches are told.

use chrono::TimeDelta;
use darkroom_testing::{Mode, Person, TestApp, link_of, mode, picture, reqwest};
use reqwest::{Client, Method, Response};

/// A client that does not go where an answer sends it.
fn staying() -> Client {
    Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

async fn ask(method: Method, url: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = staying().request(method, url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).unwrap_or_else(|| panic!("no {name}: {:?}", response.headers())).to_str().unwrap()
}

struct Shown {
    author: Person,
    media: String,
    /// The link to LARGE.
    url: String,
    original_url: String,
    original: Vec<u8>,
}

async fn show(app: &TestApp) -> Shown {
    let author = app.client().sign_up("author").await;
    let original = picture::jpeg(1200, 900);
    let media = author.photo(original.clone()).await;
    app.run_jobs().await;
    let shown = author.media(&media).await;
    let original_url = shown["original"]["url"].as_str().unwrap().to_owned();
    Shown { author, media, url: link_of(&shown, "LARGE"), original_url, original }
}

async fn link(shown: &Shown) -> String {
    link_of(&shown.author.media(&shown.media).await, "LARGE")
}

/// Seconds until a link ends, as it says itself.
fn rest(app: &TestApp, url: &str) -> i64 {
    let (_, query) = url.split_once("?exp=").unwrap();
    query.split_once('&').unwrap().0.parse::<i64>().unwrap() - app.clock.now().timestamp()
}

#[tokio::test]
async fn a_folders_bytes_come_with_everything_a_cache_needs() {
    if mode() != Mode::Embedded {
        return;
    }
    let app = TestApp::start().await;
    let shown = show(&app).await;
    let whole = ask(Method::GET, &shown.url, &[]).await;
    assert_eq!(whole.status(), 200);
    assert_eq!(header(&whole, "content-type"), "image/jpeg");
    assert_eq!(header(&whole, "x-content-type-options"), "nosniff");
    assert_eq!(header(&whole, "cache-control"), format!("public, max-age={}, immutable", rest(&app, &shown.url)));
    assert_eq!(header(&whole, "accept-ranges"), "bytes");
    assert!(whole.headers().get("content-encoding").is_none());
    let (etag, length) = (header(&whole, "etag").to_owned(), header(&whole, "content-length").to_owned());
    let modified = header(&whole, "last-modified").to_owned();
    let bytes = whole.bytes().await.unwrap();
    assert_eq!(length, bytes.len().to_string());

    let head = ask(Method::HEAD, &shown.url, &[]).await;
    assert_eq!(
        (head.status().as_u16(), header(&head, "content-length"), header(&head, "etag")),
        (200, &*length, &*etag)
    );
    assert!(head.bytes().await.unwrap().is_empty());

    for (name, value) in [("if-none-match", etag.as_str()), ("if-none-match", "*"), ("if-modified-since", &modified)] {
        let current = ask(Method::GET, &shown.url, &[(name, value)]).await;
        assert_eq!((current.status().as_u16(), header(&current, "etag")), (304, &*etag), "{name}");
        assert!(current.bytes().await.unwrap().is_empty());
    }
    assert_eq!(ask(Method::GET, &shown.url, &[("if-none-match", "\"other\"")]).await.status(), 200);

    let end = bytes.len() - 1;
    for (asked, from, to) in [
        ("bytes=0-9".to_owned(), 0, 9),
        ("bytes=10-".to_owned(), 10, end),
        ("bytes=-5".to_owned(), end - 4, end),
        (format!("bytes=5-{}", u64::MAX), 5, end),
    ] {
        let part = ask(Method::GET, &shown.url, &[("range", &asked)]).await;
        assert_eq!(part.status(), 206, "{asked}");
        assert_eq!(header(&part, "content-range"), format!("bytes {from}-{to}/{length}"));
        assert_eq!(part.bytes().await.unwrap(), bytes[from..=to], "{asked}");
    }
    let beyond = ask(Method::GET, &shown.url, &[("range", &format!("bytes={length}-"))]).await;
    assert_eq!((beyond.status().as_u16(), header(&beyond, "content-range")), (416, &*format!("bytes */{length}")));
    let changed = ask(Method::GET, &shown.url, &[("range", "bytes=0-9"), ("if-range", "\"other\"")]).await;
    assert_eq!((changed.status().as_u16(), changed.bytes().await.unwrap()), (200, bytes));

    // The original is its owner's: theirs alone to cache, and nothing to be opened as a page.
    let original = ask(Method::GET, &shown.original_url, &[]).await;
    assert!(header(&original, "cache-control").starts_with("private, "));
    assert_eq!(header(&original, "content-disposition"), "attachment");
    assert_eq!(original.bytes().await.unwrap(), shown.original);
    app.finish().await;
}

#[tokio::test]
async fn a_buckets_bytes_come_from_the_bucket() {
    if mode() != Mode::Clustered {
        return;
    }
    let app = TestApp::start().await;
    let shown = show(&app).await;
    for (url, scope) in [(&shown.url, "public"), (&shown.original_url, "private")] {
        let redirect = ask(Method::GET, url, &[]).await;
        assert_eq!(redirect.status(), 307);
        let max_age = header(&redirect, "cache-control").strip_prefix(&format!("{scope}, max-age=")).unwrap();
        assert!(
            max_age.parse::<i64>().unwrap() < rest(&app, url),
            "the redirect is kept longer than it leads anywhere"
        );
        let location = header(&redirect, "location").to_owned();
        assert!(location.contains("X-Amz-Signature="), "{location}");
        let delivered = ask(Method::GET, &location, &[]).await;
        assert_eq!((delivered.status().as_u16(), header(&delivered, "content-type")), (200, "image/jpeg"));
        let bytes = delivered.bytes().await.unwrap();
        if scope == "private" {
            assert_eq!(bytes, shown.original);
        }
        let head = ask(Method::HEAD, url, &[]).await;
        assert_eq!((head.status().as_u16(), header(&head, "content-length")), (200, &*bytes.len().to_string()));
        let part = ask(Method::GET, &location, &[("range", "bytes=0-9")]).await;
        assert_eq!((part.status().as_u16(), part.bytes().await.unwrap()), (206, bytes.slice(0..10)));
        // The bucket's own door stays shut.
        let unsigned = location.split_once('?').unwrap().0;
        assert!(ask(Method::GET, unsigned, &[]).await.status().is_client_error());
    }
    app.finish().await;
}

/// The link with something else in the place of one part of it.
fn tampered(url: &str) -> Vec<String> {
    let (path, query) = url.split_once('?').unwrap();
    let (exp, sig) = query.strip_prefix("exp=").unwrap().split_once("&sig=").unwrap();
    let other = if sig.starts_with('A') { 'B' } else { 'A' };
    let later = exp.parse::<u64>().unwrap() + 3600;
    let host_end = path.find("/media/").unwrap();
    vec![
        path.to_owned(),
        format!("{path}?exp={exp}"),
        format!("{path}?sig={sig}"),
        format!("{path}?exp={exp}&sig="),
        format!("{path}?exp={exp}&sig={other}{}", &sig[1..]),
        format!("{path}?exp={exp}&sig={sig}AAAA"),
        format!("{path}?exp={exp}&sig=%00"),
        format!("{path}?exp={later}&sig={sig}"),
        format!("{path}?exp=-1&sig={sig}"),
        format!("{path}?exp=99999999999999999999&sig={sig}"),
        format!("{path}?exp={exp}&exp={later}&sig={sig}"),
        format!("{}?{query}", path.replace("large", "medium")),
        format!("{}/media/photos/r/unknown/large.jpg?{query}", &path[..host_end]),
        format!("{}/media/..%2f..%2fdarkroom.sqlite?{query}", &path[..host_end]),
        format!("{}/media/?{query}", &path[..host_end]),
    ]
}

#[tokio::test]
async fn a_link_is_worth_nothing_once_a_part_of_it_is_changed() {
    let app = TestApp::start().await;
    let shown = show(&app).await;
    for url in tampered(&shown.url) {
        for method in [Method::GET, Method::HEAD] {
            let refused = ask(method, &url, &[]).await;
            assert_eq!(refused.status(), 404, "{url}");
            assert!(refused.headers().get("etag").is_none());
        }
    }
    assert_ne!(ask(Method::GET, &shown.url, &[]).await.status(), 404);
    app.finish().await;
}

#[tokio::test]
async fn a_link_is_the_same_inside_its_window_and_ends_when_it_says() {
    let app = TestApp::start().await;
    let shown = show(&app).await;
    let window = 3600;
    // To the beginning of a window.
    let into = app.clock.now().timestamp().rem_euclid(window);
    app.clock.advance(TimeDelta::seconds(window - into));
    let url = link(&shown).await;
    assert_eq!(rest(&app, &url), 2 * window, "one to two windows");
    app.clock.advance(TimeDelta::seconds(window) - TimeDelta::microseconds(1));
    assert_eq!(link(&shown).await, url);
    app.clock.advance(TimeDelta::microseconds(1));
    let next = link(&shown).await;
    assert_ne!(next, url);
    app.clock.advance(TimeDelta::seconds(window) - TimeDelta::microseconds(1));
    assert_ne!(ask(Method::GET, &url, &[]).await.status(), 404);
    app.clock.advance(TimeDelta::microseconds(1));
    assert_eq!(ask(Method::GET, &url, &[]).await.status(), 404);
    assert_eq!(shown.author.get(&next).await.status(), 200);
    app.finish().await;
}

#[tokio::test]
async fn bytes_that_are_gone_are_not_found_under_a_good_link() {
    let app = TestApp::start().await;
    let shown = show(&app).await;
    let post = shown.author.post(std::slice::from_ref(&shown.media), "").await;
    app.run_jobs().await;
    assert_eq!(shown.author.get(&shown.url).await.status(), 200);
    shown.author.delete_post(&post).await;
    app.assert_nothing_left().await;
    for url in [&shown.url, &shown.original_url] {
        assert_eq!(shown.author.get(url).await.status(), 404);
    }
    app.finish().await;
}
