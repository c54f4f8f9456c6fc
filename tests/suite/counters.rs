//! Counters under many writers, what is left of what ends meanwhile, and the recount.

use std::collections::HashMap;

use darkroom_service::comment::{self, NewComment};
use darkroom_service::counter::{self, Counter};
use darkroom_service::post::{self, PostChange};
use darkroom_service::{App, Error, PageRequest, Viewer, account, collection, like, save};
use darkroom_testing::{Person, TestApp};
use futures::future::join_all;
use serde_json::json;
use uuid::Uuid;

const WRITERS: usize = 200;

/// What hangs on a post.
const OF_POSTS: [&str; 6] =
    ["post_like", "comment", "comment_like", "comment_mention", "saved_post", "collection_post"];

/// A published post with its ids in API and database. A machine with much else to do may keep a writer waiting.
async fn world() -> (TestApp, Person, String, Uuid) {
    let app = TestApp::start_with(&[("DARKROOM_DATABASE_ACQUIRE_TIMEOUT_MS", "60000")]).await;
    let author = app.client().sign_up("author").await;
    let post = author.post_picture().await;
    app.run_jobs().await;
    let owner = viewer(&app, "author").await;
    let row = post::by_author(&app.app, None, owner.id(), PageRequest::first(1)).await.unwrap().items.remove(0);
    (app, author, post, row.id)
}

/// Such a post with a comment below it, and two hundred people who write there.
struct Stage {
    test: TestApp,
    author: Person,
    post: String,
    post_id: Uuid,
    people: Vec<Viewer>,
    owner: Viewer,
    hub: Uuid,
}

impl Stage {
    async fn set() -> Self {
        let (test, author, post, post_id) = world().await;
        let people = test.crowd(WRITERS).await;
        let owner = viewer(&test, "author").await;
        let hub = say(&test.app, &owner, post_id, None).await.unwrap();
        Self { test, author, post, post_id, people, owner, hub }
    }
}

async fn viewer(app: &TestApp, username: &str) -> Viewer {
    let account = account::by_username(&app.app, None, username).await.unwrap().unwrap();
    Viewer { account, session_id: Uuid::nil() }
}

async fn say(app: &App, viewer: &Viewer, post_id: Uuid, reply_to_id: Option<Uuid>) -> darkroom_service::Result<Uuid> {
    let text = "with @face0 and @face1".to_owned();
    Ok(comment::add(app, viewer, NewComment { post_id, text, reply_to_id }).await?.id)
}

/// Runs one task a person, all at once.
async fn all_at_once<F>(people: &[Viewer], task: impl Fn(usize, Viewer) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let tasks = people.iter().enumerate().map(|(number, person)| tokio::spawn(task(number, person.clone())));
    for done in join_all(tasks).await {
        done.unwrap();
    }
}

/// Of what is gone by now, "not there" is the only other answer.
fn done_or_gone<T>(result: Result<T, Error>) {
    if let Err(error) = result {
        assert!(error.is_not_found(), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counters_are_exact_under_two_hundred_writers() {
    let Stage { test, author, post, post_id, people, owner, hub } = Stage::set().await;
    all_at_once(&people, |number, person| {
        let (app, owner) = (test.app.clone(), owner.clone());
        async move {
            like::like(&app, &person, post_id).await.unwrap();
            like::like(&app, &person, post_id).await.unwrap();
            like::like_comment(&app, &person, hub).await.unwrap();
            let said = say(&app, &person, post_id, (number % 2 == 0).then_some(hub)).await.unwrap();
            if number % 3 == 0 {
                like::unlike(&app, &person, post_id).await.unwrap();
                like::unlike_comment(&app, &person, hub).await.unwrap();
            }
            match number % 4 {
                0 => comment::delete(&app, &person, said).await.unwrap(),
                1 => comment::delete(&app, &owner, said).await.unwrap(),
                // The post is edited meanwhile.
                _ => {
                    let change = PostChange { caption: Some(format!("edit {number}")), ..Default::default() };
                    post::update(&app, &owner, post_id, change).await.unwrap();
                }
            }
        }
    })
    .await;
    let fields = "... on Post { likeCount commentCount comments { pageInfo { hasNextPage } } }";
    let shown = author.node(&post, fields).await;
    let likes = WRITERS as i64 - (0..WRITERS).filter(|number| number % 3 == 0).count() as i64;
    assert_eq!((shown["likeCount"].as_i64(), test.rows("post_like").await), (Some(likes), likes));
    let comments = 1 + (0..WRITERS).filter(|number| number % 4 > 1).count() as i64;
    assert_eq!((shown["commentCount"].as_i64(), test.rows("comment").await), (Some(comments), comments));
    let row = comment::by_ids(&test.app, None, &[hub]).await.unwrap().remove(&hub).unwrap();
    assert_eq!((row.like_count, test.rows("comment_like").await), (likes, likes));
    assert_eq!(row.reply_count, (0..WRITERS).filter(|number| number % 4 == 2).count() as i64);
    test.run_jobs().await;
    assert_eq!(counter::recount(&test.app).await.unwrap(), counter::Recounted::new(), "nothing was wrong");
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thread_that_ends_among_its_writers_leaves_nothing() {
    let Stage { test, author, post, post_id, people, owner, hub } = Stage::set().await;
    all_at_once(&people, |number, person| {
        let (app, owner) = (test.app.clone(), owner.clone());
        async move {
            if number == WRITERS / 2 {
                return comment::delete(&app, &owner, hub).await.unwrap();
            }
            match say(&app, &person, post_id, Some(hub)).await {
                Ok(reply) => {
                    done_or_gone(like::like_comment(&app, &owner, reply).await);
                    done_or_gone(like::like_comment(&app, &person, hub).await);
                    if number % 2 == 0 {
                        done_or_gone(comment::delete(&app, &person, reply).await);
                    }
                }
                Err(error) => assert!(error.is_not_found(), "{error:?}"),
            }
        }
    })
    .await;
    test.run_jobs().await;
    for table in ["comment", "comment_like", "comment_mention"] {
        assert_eq!(test.rows(table).await, 0, "{table}");
    }
    assert_eq!(author.node(&post, "... on Post { commentCount }").await["commentCount"], 0);
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_post_that_ends_among_its_writers_leaves_nothing() {
    let Stage { test, author, post, post_id, people, owner, hub } = Stage::set().await;
    all_at_once(&people, |number, person| {
        let (app, owner) = (test.app.clone(), owner.clone());
        async move {
            if number == WRITERS / 2 {
                return post::delete(&app, &owner, post_id).await.unwrap();
            }
            match number % 4 {
                0 => done_or_gone(like::like(&app, &person, post_id).await),
                1 => {
                    let shelf = collection::create(&app, &person, "shelf").await.unwrap();
                    done_or_gone(save::save(&app, &person, post_id).await);
                    done_or_gone(collection::add(&app, &person, shelf.id, post_id).await);
                }
                2 => done_or_gone(say(&app, &person, post_id, Some(hub)).await),
                _ => done_or_gone(like::like_comment(&app, &person, hub).await),
            }
        }
    })
    .await;
    // More of it than one batch of comments.
    test.run_jobs().await;
    for table in OF_POSTS {
        assert_eq!(test.rows(table).await, 0, "{table}");
    }
    assert_eq!(author.node(&post, "").await, serde_json::Value::Null);
    test.finish().await;
}

#[tokio::test]
async fn a_deleted_post_leaves_nothing_of_what_hung_on_it() {
    let (test, author, post, post_id) = world().await;
    let people = test.crowd(WRITERS).await;
    for person in &people {
        let said = say(&test.app, person, post_id, None).await.unwrap();
        like::like(&test.app, person, post_id).await.unwrap();
        like::like_comment(&test.app, person, said).await.unwrap();
    }
    let ben = test.client().sign_up("ben").await;
    ben.save_post(&post).await;
    let shelf = ben.collection("shelf").await;
    ben.mutate("addToCollection", json!({ "collectionId": shelf, "postId": post }), "").await.payload();
    for table in OF_POSTS {
        assert!(test.rows(table).await > 0, "{table} holds nothing to begin with");
    }
    author.delete_post(&post).await;
    test.run_jobs().await;
    test.clock.advance(chrono::TimeDelta::hours(2));
    test.assert_nothing_left().await;
    test.finish().await;

    // Even what no counter tells of.
    let (test, author, post, _) = world().await;
    author.save_post(&post).await;
    author.delete_post(&post).await;
    test.run_jobs().await;
    assert_eq!(test.rows("saved_post").await, 0);
    test.finish().await;
}

#[tokio::test]
async fn a_planted_drift_is_found_counted_and_repaired() {
    let (test, author, post, post_id) = world().await;
    let ben = test.client().sign_up("ben").await;
    ben.follow(&author.id).await;
    ben.like_post(&post).await;
    let top = ben.comment(&post, "top").await;
    ben.reply(&post, &top, "reply").await;
    ben.mutate("likeComment", json!({ "commentId": top }), "").await.payload();
    let media = author.photo(darkroom_testing::picture::jpeg(30, 40)).await;
    let story = author.story(&media).await;
    test.run_jobs().await;
    ben.mark_viewed(&story).await.payload();
    assert!(counter::recount(&test.app).await.unwrap().is_empty(), "all is right to begin with");

    let drift = || counter::drift().collect::<HashMap<Counter, u64>>();
    let before = drift();
    for table in ["account", "post", "comment", "story"] {
        let columns: Vec<&str> = Counter::ALL
            .into_iter()
            .filter_map(|counter| counter.name().split_once('.'))
            .filter_map(|(of, column)| (of == table).then_some(column))
            .collect();
        let sets: Vec<String> = columns.iter().map(|column| format!("{column} = {column} + 7")).collect();
        test.tamper(&format!("UPDATE {table} SET {}", sets.join(", "))).await;
    }
    let wrong = counter::recount(&test.app).await.unwrap();
    let expected = [
        (Counter::AccountFollowers, 2),
        (Counter::AccountFollowing, 2),
        (Counter::AccountPosts, 2),
        (Counter::PostLikes, 1),
        (Counter::PostComments, 1),
        (Counter::CommentLikes, 2),
        (Counter::CommentReplies, 2),
        (Counter::StoryViewers, 1),
    ];
    assert_eq!(wrong, expected.into_iter().collect());
    let after = drift();
    for (counter, rows) in expected {
        assert!(after[&counter] >= before[&counter] + rows, "{}", counter.name());
    }
    assert!(counter::recount(&test.app).await.unwrap().is_empty(), "what was repaired is right");
    let row = post::by_ids(&test.app, None, &[post_id]).await.unwrap().remove(&post_id).unwrap();
    assert_eq!((row.like_count, row.comment_count), (1, 2));
    let counts = author.run("{ viewer { user { followerCount followingCount postCount } } }", json!({})).await;
    assert_eq!(*counts.at("/viewer/user"), json!({ "followerCount": 1, "followingCount": 0, "postCount": 1 }));

    // The daily job does the same.
    test.tamper("UPDATE post SET like_count = 99").await;
    let job = darkroom_service::job::Recount { table: None, after: None };
    let mut tx = test.app.begin().await.unwrap();
    tx.enqueue(&job).await.unwrap();
    tx.commit().await.unwrap();
    test.run_jobs().await;
    assert_eq!(author.node(&post, "... on Post { likeCount }").await["likeCount"], 1);
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_recount_among_writers_makes_no_right_counter_wrong() {
    let Stage { test, author, post, post_id, people, hub, .. } = Stage::set().await;
    // Wrong from the beginning, so that it is repaired among them, too.
    test.tamper("UPDATE post SET like_count = 50").await;
    let app = test.app.clone();
    let (end, mut ended) = tokio::sync::oneshot::channel::<()>();
    let recounts = tokio::spawn(async move {
        let mut wrong = 0;
        loop {
            wrong += counter::recount(&app).await.unwrap().values().sum::<u64>();
            if ended.try_recv().is_ok() {
                return wrong;
            }
        }
    });
    all_at_once(&people, |number, person| {
        let app = test.app.clone();
        async move {
            like::like(&app, &person, post_id).await.unwrap();
            let said = say(&app, &person, post_id, Some(hub)).await.unwrap();
            like::like_comment(&app, &person, said).await.unwrap();
            if number % 2 == 0 {
                like::unlike(&app, &person, post_id).await.unwrap();
                comment::delete(&app, &person, said).await.unwrap();
            }
        }
    })
    .await;
    end.send(()).unwrap();
    assert_eq!(recounts.await.unwrap(), 1, "what was planted was found once, and nothing else was ever wrong");
    let half = WRITERS as i64 / 2;
    assert_eq!(author.node(&post, "... on Post { likeCount }").await["likeCount"], half);
    assert_eq!(author.node(&post, "... on Post { commentCount }").await["commentCount"], half + 1);
    test.run_jobs().await;
    assert!(counter::recount(&test.app).await.unwrap().is_empty());
    test.finish().await;
}
