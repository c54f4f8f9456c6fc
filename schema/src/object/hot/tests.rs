//! Which fields are written as bytes. That they are written as the executor would: `tests/suite/hot.rs`.

use std::sync::Arc;

use async_graphql::{Executor, Request, Value};
use darkroom_platform::{Clock, Config, Platform, Role};
use darkroom_service::account::{NewAccount, sign_up};
use darkroom_service::{App, Origin};

use crate::{Caller, build, prepare};

const POST: &str = "id state audience commenters caption location hashtags likeCount commentCount viewerHasLiked
    viewerHasSaved isPinned createdAt editedAt";
const USER: &str = "id username fullName bio avatar small: avatar(size: MEDIUM) isPrivate isVerified followerCount
    followingCount postCount createdAt";
const MEDIA: &str = "id kind status failure { code } width height placeholder dominantColor altText url
    small: url(size: THUMBNAIL, format: WEBP) renditions { size format contentType width height byteSize url }";
const STORY: &str = "id audience createdAt expiresAt viewerHasSeen viewerCount";

/// Whether all lists of somebody's empty feed or tray were written as bytes, as they are if every field can be.
async fn written(app: &App, caller: &Caller, document: &str) -> bool {
    let response = build(app).execute(prepare(Request::new(document), app, caller.clone())).await;
    assert!(response.errors.is_empty(), "{document}: {:?}", response.errors);
    let Value::Object(data) = &response.data else { panic!("no object") };
    let lists = |root: &Value| match root {
        Value::Object(root) => root.values().cloned().collect::<Vec<_>>(),
        _ => panic!("no object"),
    };
    data.values().flat_map(lists).all(|list| list == Value::Binary("[]".into()))
}

#[tokio::test]
async fn whatever_a_screen_shows_of_feed_and_tray_is_written_as_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("DARKROOM_DATA_DIR".to_owned(), folder.path().display().to_string())];
    let config = Config::load_from(Role::Single, None, settings).unwrap();
    let platform = Platform::connect(config, Clock::system()).await.unwrap();
    platform.database.migrate().await.unwrap();
    let app = App::new(platform);
    let new = NewAccount {
        username: "ada".to_owned(),
        email: "ada@example.org".to_owned(),
        password: "correct horse".to_owned(),
        full_name: String::new(),
    };
    let (viewer, _) = sign_up(&app, new, Origin { user_agent: "", address: None }).await.unwrap();
    let caller = Caller { viewer: Some(Arc::new(viewer)), ..Caller::default() };

    let post = format!("{POST} author {{ {USER} }} media {{ {MEDIA} }}");
    let reel = format!("hasUnseen user {{ {USER} }} stories {{ {STORY} author {{ {USER} }} media {{ {MEDIA} }} }}");
    for document in [
        format!("{{ feed(mode: FOLLOWING) {{ nodes {{ {post} }} }} }}"),
        format!("{{ feed {{ edges {{ cursor score reasons {{ factor weight value }} node {{ {post} }} }} }} }}"),
        format!("{{ storyTray {{ nodes {{ {reel} }} edges {{ cursor node {{ {reel} }} }} }} }}"),
    ] {
        assert!(written(&app, &caller, &document).await, "{document}");
    }
    for field in
        ["media { original { url } }", "media { facts { iso } }", "mentions { id }", "author { followsViewer }"]
    {
        let document = format!("{{ feed {{ nodes {{ {field} }} }} }}");
        assert!(!written(&app, &caller, &document).await, "{document}");
    }
    let document = "{ storyTray { nodes { stories { viewers { nodes { id } } } } } }";
    assert!(!written(&app, &caller, document).await, "{document}");
}
