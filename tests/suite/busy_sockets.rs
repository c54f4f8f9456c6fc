//! A socket that is busy with something else holds up nobody who listens.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Executor, Request, Response};
use darkroom_schema::Caller;
use darkroom_service::session;
use darkroom_testing::TestApp;
use futures::poll;
use futures::stream::{BoxStream, StreamExt};
use serde_json::json;
use tokio::time::timeout;

/// More than act at one moment.
const BUSY: usize = 600;

/// Comments that are made until one is heard.
const TRIES: usize = 40;

/// Each of them has begun something, and nobody goes on with it: as if all were sending to clients that do not read.
#[tokio::test]
async fn who_does_not_go_on_holds_up_nobody() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let post = ada.post_picture().await;
    app.run_jobs().await;
    let schema = darkroom_schema::build(&app.app);
    let viewer = session::authenticate(&app.app, &ada.token).await.unwrap().map(Arc::new);
    let document = format!("subscription {{ commentAdded(postId: \"{post}\") {{ text author {{ avatar }} }} }}");
    let listen = || {
        let caller = Caller { viewer: viewer.clone(), ..Caller::default() };
        schema.execute_stream(darkroom_schema::prepare(Request::new(&document), &app.app, caller), None)
    };
    let mut busy: Vec<BoxStream<'static, Response>> = (0..BUSY).map(|_| listen()).collect();
    for stream in &mut busy {
        assert!(poll!(stream.next()).is_pending());
    }

    let mut free = listen();
    let mut heard = None;
    for number in 0..TRIES {
        ada.mutate("addComment", json!({ "postId": post, "text": format!("number {number}") }), "").await.payload();
        if let Ok(said) = timeout(Duration::from_millis(500), free.next()).await {
            heard = said;
            break;
        }
    }
    let heard = heard.expect("somebody who goes on hears something");
    assert!(heard.errors.is_empty(), "{:?}", heard.errors);
    drop((busy, free));
    app.run_jobs().await;
    app.finish().await;
}
