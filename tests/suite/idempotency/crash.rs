//! What a crash leaves, made by hand: a row whose attempt has ended at one point or another.

use darkroom_entity::idempotency;
use darkroom_service::comment::{self, NewComment};
use darkroom_service::idempotency::{Attempt, Claim, Keeper, Key};
use darkroom_service::{Error, session};
use darkroom_testing::{TestApp, announcement, picture, uuid_of};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait};
use serde_json::{Value, json};

use super::{COMMENT, KEY, SIGN_UP, keyed, new_person, upload, words, world};

/// The only row.
pub(super) async fn row(app: &TestApp) -> idempotency::Model {
    let rows = idempotency::Entity::find().all(app.app.rows()).await.unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.into_iter().next().unwrap()
}

/// Takes the answer away, as if the process had ended before it was written, and leaves these steps if any are given.
async fn crash(app: &TestApp, steps: Option<Value>) {
    let mut left: idempotency::ActiveModel = row(app).await.into();
    left.answer = Set(None);
    left.lease_until = Set(Some(app.clock.now() + chrono::TimeDelta::seconds(30)));
    if let Some(steps) = steps {
        left.steps = Set(steps);
    }
    left.update(app.app.rows()).await.unwrap();
    app.clock.advance(chrono::TimeDelta::seconds(31));
}

#[tokio::test]
async fn what_was_committed_is_not_done_again() {
    let (app, ada, post) = world().await;
    let token = Some(ada.token.as_str());
    let first = keyed(&ada, KEY, token, COMMENT, words(&post, "hello")).await;
    crash(&app, None).await;
    let second = keyed(&ada, KEY, token, COMMENT, words(&post, "hello")).await;
    assert_eq!((second.replayed, &second.text), (false, &first.text));
    assert_eq!(app.rows("comment").await, 1);
    keyed(&ada, KEY, token, COMMENT, words(&post, "hello")).await.repeats(&second);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn what_was_not_committed_is_done() {
    let (app, ada, post) = world().await;
    let token = Some(ada.token.as_str());
    let first = keyed(&ada, KEY, token, COMMENT, words(&post, "hello")).await;
    app.unsay(&first.at("/data/addComment/comment/id")).await;
    crash(&app, Some(json!({}))).await;
    let second = keyed(&ada, KEY, token, COMMENT, words(&post, "hello")).await;
    assert!(second.status == 200 && second.text != first.text, "{second:?}");
    assert_eq!(app.rows("comment").await, 1);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn of_several_steps_the_rest_is_done() {
    let (app, ada, post) = world().await;
    let token = Some(ada.token.as_str());
    let query = "mutation($input: AddCommentInput!) {
        a: addComment(input: $input) { comment { id } } b: addComment(input: $input) { comment { id } } }";
    let first = keyed(&ada, KEY, token, query, words(&post, "hello")).await;
    app.unsay(&first.at("/data/b/comment/id")).await;
    let steps = json!({ "a": row(&app).await.steps["a"] });
    crash(&app, Some(steps)).await;
    let second = keyed(&ada, KEY, token, query, words(&post, "hello")).await;
    assert_eq!(second.at("/data/a/comment/id"), first.at("/data/a/comment/id"));
    assert_ne!(second.at("/data/b/comment/id"), first.at("/data/b/comment/id"));
    assert_eq!(app.rows("comment").await, 2);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn photos_posts_and_ends_of_posts_too() {
    let (app, ada, _) = world().await;
    let token = Some(ada.token.as_str());
    let photo = upload(&ada, KEY, token, picture::jpeg(40, 30)).await;
    crash(&app, None).await;
    assert_eq!(upload(&ada, KEY, token, picture::jpeg(40, 30)).await.text, photo.text);
    assert_eq!(app.rows("media").await, 2);
    app.run_jobs().await;

    idempotency::Entity::delete_many().exec(app.app.rows()).await.unwrap();
    let create = "mutation($input: CreatePostInput!) { createPost(input: $input) { post { id } userErrors { code } } }";
    let input = json!({ "input": { "mediaIds": [photo.at("/data/uploadMedia/media/id")], "caption": "" } });
    let created = keyed(&ada, KEY, token, create, input.clone()).await;
    crash(&app, None).await;
    assert_eq!(keyed(&ada, KEY, token, create, input).await.text, created.text);
    assert_eq!(app.rows("post").await, 2);

    idempotency::Entity::delete_many().exec(app.app.rows()).await.unwrap();
    let delete =
        "mutation($input: DeletePostInput!) { deletePost(input: $input) { deletedPostId userErrors { code } } }";
    let input = json!({ "input": { "postId": created.at("/data/createPost/post/id") } });
    let deleted = keyed(&ada, KEY, token, delete, input.clone()).await;
    crash(&app, None).await;
    assert_eq!(keyed(&ada, KEY, token, delete, input).await.text, deleted.text);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn beginnings_and_ends_of_large_files_too() {
    let (app, ada, _) = world().await;
    let token = Some(ada.token.as_str());
    let create =
        "mutation($input: CreateUploadInput!) { createUpload(input: $input) { upload { id } userErrors { code } } }";
    let input = json!({ "input": announcement(&picture::jpeg(40, 30), "image/jpeg") });
    let created = keyed(&ada, KEY, token, create, input.clone()).await;
    crash(&app, None).await;
    assert_eq!(keyed(&ada, KEY, token, create, input).await.text, created.text);
    assert_eq!(app.rows("upload").await, 1);

    idempotency::Entity::delete_many().exec(app.app.rows()).await.unwrap();
    let cancel = "mutation($input: CancelUploadInput!) { cancelUpload(input: $input) { cancelledUploadId userErrors { code } } }";
    let input = json!({ "input": { "uploadId": created.at("/data/createUpload/upload/id") } });
    let cancelled = keyed(&ada, KEY, token, cancel, input.clone()).await;
    assert!(cancelled.text.contains("\"userErrors\":[]"), "{cancelled:?}");
    crash(&app, None).await;
    assert_eq!(keyed(&ada, KEY, token, cancel, input).await.text, cancelled.text);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn whoever_signed_up_gets_in() {
    let app = TestApp::start().await;
    let client = app.client();
    let first = keyed(&client, KEY, None, SIGN_UP, new_person("ada")).await;
    crash(&app, None).await;
    let second = keyed(&client, KEY, None, SIGN_UP, new_person("ada")).await;
    assert_eq!((app.rows("account").await, app.rows("session").await), (1, 1));
    let token = |reply: &super::Reply| reply.at("/data/signUp/session/token");
    // The session has one token: the one that was heard of.
    let viewer = "{ viewer { email } }";
    assert_eq!(
        client.with_token(&token(&second)).run(viewer, json!({})).await.text("/viewer/email"),
        "ada@example.test"
    );
    assert_eq!(client.with_token(&token(&first)).run(viewer, json!({})).await.status, 401);
    app.finish().await;
}

#[tokio::test]
async fn who_comes_while_it_is_under_way_waits() {
    let (app, ada, post) = world().await;
    let token = Some(ada.token.as_str());
    let first = keyed(&ada, KEY, token, COMMENT, words(&post, "hello")).await;
    let answered = row(&app).await;
    let answer = answered.answer.clone();
    let mut left: idempotency::ActiveModel = answered.into();
    left.answer = Set(None);
    left.lease_until = Set(Some(app.clock.now() + chrono::TimeDelta::seconds(30)));
    left.clone().update(app.app.rows()).await.unwrap();
    // Nothing comes within the time that it waits for.
    let refused = keyed(&ada, KEY, token, COMMENT, words(&post, "hello")).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "UNAVAILABLE"));
    // Another body is told at once.
    assert_eq!(keyed(&ada, KEY, token, COMMENT, words(&post, "other")).await.status, 422);
    let waiting = keyed(&ada, KEY, token, COMMENT, words(&post, "hello"));
    let answering = async {
        left.answer = Set(answer);
        left.lease_until = Set(None);
        left.update(app.app.rows()).await.unwrap();
    };
    let (second, ()) = futures::join!(waiting, answering);
    second.repeats(&first);
    app.run_jobs().await;
    app.finish().await;
}

/// Claims a request of this person's; nobody else may be at it.
async fn begin(keeper: &Keeper) -> Attempt {
    match keeper.claim(&Key::parse(KEY).unwrap(), &[7; 32]).await.unwrap() {
        Claim::Begun(attempt) => attempt,
        Claim::Answered(_) | Claim::Differs | Claim::Running => panic!("it is not free"),
    }
}

#[tokio::test]
async fn who_lost_the_lease_commits_nothing() {
    let (app, ada, post) = world().await;
    let viewer = session::authenticate(&app.app, &ada.token).await.unwrap().unwrap();
    let keeper = Keeper::new(&app.app, Some(viewer.id()));
    let late = begin(&keeper).await;
    app.clock.advance(chrono::TimeDelta::seconds(31));
    let quick = begin(&keeper).await;
    let new = NewComment { post_id: uuid_of(&post), text: "hello".to_owned(), reply_to_id: None };
    let refused = comment::add(&app.app.at_step(late.step("a")), &viewer, new.clone()).await;
    assert!(matches!(refused, Err(Error::Unavailable { .. })), "{refused:?}");
    assert_eq!(app.rows("comment").await, 0);
    let step = || app.app.at_step(quick.step("a"));
    let made = comment::add(&step(), &viewer, new.clone()).await.unwrap();
    assert_eq!(comment::add(&step(), &viewer, new).await.unwrap().id, made.id);
    // The late one's answer is not the request's.
    late.end(Some(b"late")).await.unwrap();
    assert_eq!(row(&app).await.answer, None);
    app.run_jobs().await;
    app.finish().await;
}
