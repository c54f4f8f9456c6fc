//! Lists that are written as bytes say what the executor says, byte for byte, over generated documents.

mod draft;

use darkroom_testing::{Person, TestApp, picture};
use serde_json::{Value, json};

use draft::Pair;

async fn raw(person: &Person, document: &str) -> String {
    let body = json!({ "query": document, "variables": { "size": "MEDIUM", "format": "WEBP", "yes": true } });
    let request = person.http().post(person.url("/graphql")).bearer_auth(&person.token).json(&body);
    let text = request.send().await.unwrap().text().await.unwrap();
    // Twins ask for different things, so what they cost differs.
    match text.find(",\"extensions\":{\"cost\"") {
        Some(at) => format!("{}}}", &text[..at]),
        None => text,
    }
}

/// Asks for so many documents and their twins, which must be answered alike.
async fn same(person: &Person, documents: impl Iterator<Item = Pair>) {
    let mut failed = Vec::new();
    for (number, Pair { document, twin, said }) in documents.enumerate() {
        let written = raw(person, &document).await;
        let executed = raw(person, &twin).await.replace(said, "");
        let parsed: Value =
            serde_json::from_str(&written).unwrap_or_else(|error| panic!("{error}: {document}\n{written}"));
        assert_eq!(written, executed, "{number}: {document}");
        // And from what was kept of the answer.
        assert_eq!(raw(person, &document).await, executed, "{number}, again: {document}");
        if parsed.get("errors").is_some() {
            failed.push(written);
        }
    }
    assert!(failed.is_empty(), "documents that are not valid prove nothing: {failed:#?}");
}

#[tokio::test]
async fn posts_as_bytes_are_what_the_executor_says() {
    let app = TestApp::start().await;
    let [reader, plain, shown] = [
        app.client().sign_up("reader").await,
        app.client().sign_up("plain").await,
        app.client().sign_up("shown").await,
    ];
    for author in [&plain, &shown] {
        reader.follow(&author.id).await;
    }
    let face = shown.photo(picture::jpeg(200, 200)).await;
    let profile = json!({ "avatarMediaId": face, "fullName": "Ünal \"Quote\" O\u{2019}Neil \\", "bio": "a\u{2028}b\n</script> 🌅" });
    shown.mutate("updateProfile", profile, "").await.payload();
    let captions =
        ["", "plain words", "\"quotes\" \\ and\nlines #tag #Zweite", "🏔\u{fe0f} שלום \u{1f468}\u{200d}\u{1f469} <&>"];
    let mut posts = Vec::new();
    for (at, caption) in captions.iter().enumerate() {
        let author = if at % 2 == 0 { &plain } else { &shown };
        let photos = [author.photo(picture::jpeg(700, 500)).await, author.photo(picture::jpeg(40, 60)).await];
        posts.push(author.post(&photos[..1 + at % 2], caption).await);
    }
    app.run_jobs().await;
    shown.mutate("updatePost", json!({ "postId": posts[1], "location": "Åre \t\"top\"" }), "").await;
    shown.mutate("pinPost", json!({ "postId": posts[3] }), "").await.payload();
    reader.like_post(&posts[2]).await;
    reader.save_post(&posts[0]).await;
    app.run_jobs().await;
    reader.feed(20).await;
    app.app.settle().await;

    same(&reader, (0..400).map(draft::posts)).await;
    app.finish().await;
}

/// What was written of photos for one document is kept with them: whoever asks for something else gets that.
#[tokio::test]
async fn photos_that_were_written_for_others_are_written_anew_for_who_selects_otherwise() {
    let app = TestApp::start().await;
    let (reader, author) = (app.client().sign_up("reader").await, app.client().sign_up("author").await);
    reader.follow(&author.id).await;
    let photos = [author.photo(picture::jpeg(900, 700)).await, author.photo(picture::jpeg(300, 400)).await];
    author.post(&photos, "two").await;
    app.run_jobs().await;

    let selections = [
        ("url(size: $size, format: $format)", json!({ "size": "THUMBNAIL", "format": "WEBP" })),
        ("url(size: $size, format: $format)", json!({ "size": "MEDIUM", "format": "WEBP" })),
        ("url(size: $size, format: $format)", json!({ "size": "MEDIUM", "format": null })),
        ("url(size: $size, format: $format)", json!({ "size": "MEDIUM" })),
        ("url(size: THUMBNAIL, format: WEBP)", json!({})),
        ("id: url(size: THUMBNAIL, format: WEBP)", json!({})),
        ("id url: id", json!({})),
        ("url", json!({})),
        ("url width height", json!({})),
        ("url height width", json!({})),
        ("url renditions { width height }", json!({})),
        ("url renditions { height width }", json!({})),
        ("url ... on Media { height } ...M", json!({})),
        ("url height @skip(if: $skip) width", json!({ "skip": true })),
        ("url height @skip(if: $skip) width", json!({ "skip": false })),
    ];
    for round in 0..2 {
        for (selection, variables) in &selections {
            let names = [("size", "MediaSize"), ("format", "MediaFormat"), ("skip", "Boolean! = false")];
            let used = names.iter().filter(|(name, _)| selection.contains(&format!("${name}")));
            let declared: String = used.map(|(name, of)| format!("${name}: {of} ")).collect();
            let declared = if declared.is_empty() { declared } else { format!("({declared})") };
            let fragment = if selection.contains("...M") { "fragment M on Media { width altText }" } else { "" };
            let query = |more: &str| {
                format!("query{declared} {{ feed {{ nodes {{ media {{ {selection} }} {more} }} }} }} {fragment}")
            };
            let written = reader.run(&query(""), variables.clone()).await;
            let executed = reader.run(&query("mentions { id }"), variables.clone()).await;
            let (written, executed) = (written.at("/feed/nodes/0/media"), executed.at("/feed/nodes/0/media"));
            assert_eq!(written.as_array().map(Vec::len), Some(2));
            assert_eq!(written.to_string(), executed.to_string(), "{round}: {selection} {variables}");
        }
    }
    let link = async || {
        reader.run("{ feed { nodes { media { url } } } }", json!({})).await.at("/feed/nodes/0/media/0/url").clone()
    };
    let before = link().await;
    assert_eq!(link().await, before);
    app.clock.advance(chrono::TimeDelta::hours(1));
    let after = link().await;
    assert_ne!(after, before, "links of a window that is over");
    assert_eq!(reader.get(after.as_str().unwrap()).await.status().as_u16(), 200);
    app.finish().await;
}

/// What a tray shows, in the order of what it says of stories.
const STORY: &str = "id audience createdAt expiresAt viewerHasSeen viewerCount author { id username avatar postCount }
    media { id kind status failure { code message } width height placeholder dominantColor altText url(size: THUMBNAIL)
      large: url(format: WEBP) renditions { size format contentType width height byteSize url } original { byteSize } }";

#[tokio::test]
async fn trays_as_bytes_are_what_the_executor_says() {
    let app = TestApp::start().await;
    let mut people = Vec::new();
    for name in ["reader", "ada", "ben", "cleo"] {
        people.push(app.client().sign_up(name).await);
    }
    let [reader, ada, ben, cleo] = &people[..] else { panic!("four people") };
    cleo.set_private(true).await;
    for author in [ada, ben, cleo] {
        reader.follow(&author.id).await;
    }
    cleo.accept(&reader.id).await;
    let face = ada.photo(picture::jpeg(200, 200)).await;
    ada.mutate("updateProfile", json!({ "avatarMediaId": face, "fullName": "A. \"L\" \\ 🌅" }), "").await.payload();
    let mut seen = Vec::new();
    for author in [ada, ben, cleo, ada, reader] {
        let photo = author.photo(picture::jpeg(90, 160)).await;
        app.run_jobs().await;
        seen.push(author.story(&photo).await);
    }
    for story in &seen[..3] {
        reader.mark_viewed(story).await.payload();
    }
    ada.mark_viewed(&seen[4]).await.payload();
    let few = json!({ "mediaId": ben.photo(picture::jpeg(20, 20)).await, "audience": "FOLLOWERS" });
    ben.mutate("createStory", few, "").await.payload();
    app.run_jobs().await;
    // One's own stands there before its photo is ready, others' don't.
    for author in [reader, ben] {
        author.story(&author.photo(picture::jpeg(30, 40)).await).await;
    }
    app.app.settle().await;

    let query = format!("{{ storyTray {{ nodes {{ user {{ username }} stories {{ {STORY} }} }} }} }}");
    let tray = reader.run(&query, json!({})).await;
    let reels = tray.at("/storyTray/nodes").as_array().unwrap();
    let lengths: Vec<usize> = reels.iter().map(|reel| reel["stories"].as_array().unwrap().len()).collect();
    assert_eq!(lengths.iter().sum::<usize>(), 7, "{reels:#?}");
    for reel in reels {
        // What is not looked up for a tray is looked up a field at a time.
        let query = format!("query($name: String!) {{ user(username: $name) {{ stories {{ {STORY} }} }} }}");
        let alone = reader.run(&query, json!({ "name": reel["user"]["username"] })).await;
        assert_eq!(reel["stories"], *alone.at("/user/stories"));
    }
    same(reader, (0..300).map(draft::trays)).await;
    app.run_jobs().await;
    app.finish().await;
}

/// A document that was parsed for an earlier request answers as if it had not been.
#[tokio::test]
async fn a_text_that_comes_again_is_answered_anew() {
    let app = TestApp::start().await;
    let person = app.client().sign_up("person").await;
    let ask = async |query: &str, name: Option<&str>, variables: Value| {
        let body = json!({ "query": query, "operationName": name, "variables": variables });
        let request = person.http().post(person.url("/graphql")).bearer_auth(&person.token).json(&body);
        request.send().await.unwrap().json::<Value>().await.unwrap()
    };
    let two = "query a { viewer { user { username } } } query b($with: Boolean!) { feed { nodes { id } kind: __typename
        other: pageInfo @include(if: $with) { hasNextPage } } }";
    for _ in 0..3 {
        let named = ask(two, Some("a"), json!({})).await;
        assert_eq!(named["data"]["viewer"]["user"]["username"], "person", "{named}");
        let with = ask(two, Some("b"), json!({ "with": true })).await;
        assert_eq!(
            with["data"]["feed"],
            json!({ "nodes": [], "kind": "FeedConnection", "other": { "hasNextPage": false } })
        );
        let without = ask(two, Some("b"), json!({ "with": false })).await;
        assert_eq!(without["data"]["feed"], json!({ "nodes": [], "kind": "FeedConnection" }));
        for (name, variables) in [(None, json!({})), (Some("c"), json!({})), (Some("b"), json!({}))] {
            let refused = ask(two, name, variables).await;
            assert!(refused.get("data").is_none() && refused["errors"][0].is_object(), "{refused}");
        }
        let invalid = ask("{ feed { nothing } }", None, json!({})).await;
        assert!(invalid.get("data").is_none(), "{invalid}");
    }
    app.finish().await;
}
