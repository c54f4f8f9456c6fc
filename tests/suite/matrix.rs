//! Nothing private leaks: every kind of viewer asks for everything that the schema has, and may get only what an oracle
//! allows.
//!
//! Fields are found by introspection, so a new one is asked for without a line here; one that needs an argument makes the
//! test fail until it is taught. What an answer may hold is judged by marks in every private thing: ids, texts, object keys.

mod oracle;
mod scan;
mod shape;
mod world;

use std::collections::BTreeSet;

use darkroom_entity::{account, block, close_friend, follow, post, story};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use scan::{Scan, judged};
use shape::Shape;
use world::{World, account_id};

/// Fields that hold something in no answer of this world, and why.
const EMPTY: [&str; 7] = [
    // No photo of this world fails.
    "Media.failure",
    // Written by cameras only.
    "MediaFacts.takenAt",
    // Nothing is edited.
    "Post.editedAt",
    "Post.hashtags",
    "Post.location",
    "Post.mentions",
    "User.bio",
];

#[tokio::test]
async fn nobody_sees_what_is_not_theirs_to_see() {
    let world = World::new().await;
    let shape = Shape::of(&world.app.client(), &world.upload).await;
    let mut filled = BTreeSet::new();
    let mut leaks = Vec::new();
    for viewer in &world.viewers {
        let scan = Scan::run(&world, &shape, &viewer.client).await;
        leaks.extend(scan.leaks(&world, viewer));
        filled.extend(scan.filled);
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
    // A field that is never seen to hold anything would hide nothing either.
    let fields = shape
        .nodes()
        .iter()
        .flat_map(|node| shape.fields(node).iter().map(move |field| format!("{node}.{}", field.name)));
    let empty: Vec<String> = fields.filter(|name| !filled.contains(name) && !EMPTY.contains(&name.as_str())).collect();
    assert!(empty.is_empty(), "empty for everyone: {empty:?}");
    world.app.run_jobs().await;
    world.app.finish().await;
}

#[tokio::test]
async fn what_may_be_seen_is_there_and_the_rest_is_as_if_it_were_not() {
    let world = World::new().await;
    let query = "query($id: ID!) { node(id: $id) { id } }";
    for viewer in &world.viewers {
        for (thing, is_seen) in judged(&world, viewer) {
            let Some(id) = &thing.id else { continue };
            let found = viewer.client.run(query, json!({ "id": id })).await;
            let expected = if is_seen { json!({ "id": id }) } else { Value::Null };
            assert_eq!(*found.at("/node"), expected, "{} looks for {}", viewer.name, thing.name);
            if !is_seen {
                let (kind, _) = id.split_once('_').unwrap();
                let nothing = format!("{kind}_01h455vb4pex5vsknk084sn02q");
                let absent = viewer.client.run(query, json!({ "id": nothing })).await;
                assert_eq!(found.body, absent.body, "{}: {} can be told from nothing", viewer.name, thing.name);
            }
        }
    }
    world.app.run_jobs().await;
    world.app.finish().await;
}

#[tokio::test]
async fn only_who_sees_a_post_or_photo_listens_to_it() {
    let world = World::new().await;
    let shape = Shape::of(&world.app.client(), &world.upload).await;
    let known = ["commentAdded", "feedUpdated", "mediaProcessed", "notificationAdded"];
    for field in shape.fields("Subscription") {
        assert!(known.contains(&field.name.as_str()), "{}: teach the matrix who may listen", field.name);
    }
    let to_post = "subscription($id: ID!) { commentAdded(postId: $id) { id text } }";
    let to_photo = "subscription($id: ID!) { mediaProcessed(mediaId: $id) { id } }";
    let mut listening = Vec::new();
    for viewer in &world.viewers {
        for (thing, is_seen) in judged(&world, viewer) {
            let Some(id) = thing.id.as_ref().filter(|id| id.starts_with("post_") || id.starts_with("media_")) else {
                continue;
            };
            let (query, may_listen) = if id.starts_with("post_") {
                (to_post, is_seen)
            } else {
                // Its owner only.
                (to_photo, is_seen && viewer.name == "author" && thing.name.starts_with(viewer.account(&world)))
            };
            let subscription = viewer.client.subscribe(query, json!({ "id": id })).await;
            if !may_listen {
                let nobody = viewer.name == "anonymous" && id.starts_with("media_");
                let expected = if nobody { "UNAUTHENTICATED" } else { "NOT_FOUND" };
                assert_eq!(subscription.refusal().await, expected, "{} listens to {}", viewer.name, thing.name);
            } else if id.starts_with("post_") {
                listening.push((viewer.name, thing, subscription));
            }
        }
    }
    assert!(listening.len() > 20, "{}", listening.len());
    let mut said_below = Vec::new();
    for author in world.authors.iter().filter(|author| !author.standing.is_suspended) {
        let posts = author.things.iter().filter_map(|thing| thing.id.as_ref()).filter(|id| id.starts_with("post_"));
        for post in posts {
            let said = json!({ "postId": post, "text": format!("below {post}") });
            let answer = author.person.mutate("addComment", said, "").await;
            if answer.user_errors().is_empty() {
                said_below.push(post.clone());
            }
        }
    }
    assert!(said_below.len() >= 6, "{said_below:?}");
    listening.retain(|(_, thing, _)| thing.id.as_ref().is_some_and(|id| said_below.contains(id)));
    world.app.run_jobs().await;
    for (viewer, thing, mut subscription) in listening {
        let heard = subscription.next().await.unwrap_or_else(|| panic!("{viewer} was cut off from {}", thing.name));
        let expected = format!("below {}", thing.id.as_ref().unwrap());
        assert_eq!(heard["commentAdded"]["text"], expected, "{viewer}: {}", thing.name);
    }
    world.app.abandon().await;
}

#[tokio::test]
async fn a_suspended_person_sees_nothing_at_all() {
    let world = World::new().await;
    let gone = &world.authors[2].person;
    for query in ["{ viewer { email } }", "{ feed { nodes { id } } }", "{ storyTray { nodes { hasUnseen } } }"] {
        assert_eq!(gone.run(query, json!({})).await.error_code(), "UNAUTHENTICATED", "{query}");
    }
    let input = json!({ "login": "gone", "password": "a good password" });
    let refused = world.app.client().mutate("signIn", input, "session { token }").await;
    assert_eq!(refused.user_errors(), [("FORBIDDEN".to_owned(), "login".to_owned())]);
    world.app.abandon().await;
}

/// A rule that does not hold: rows are changed behind the oracle's back, so that the server shows what it must not.
enum Plant {
    Unblocked,
    Unsuspended,
    Public,
    Unarchived,
    ForEveryone,
    StillLive,
    Accepted,
    Befriended,
}

async fn plant(world: &World, plant: &Plant) {
    let rows = world.app.app.rows();
    let of = async |name: &str| account_id(&world.app, name).await;
    let changed = match plant {
        Plant::Unblocked => block::Entity::delete_many().exec(rows).await.unwrap().rows_affected,
        Plant::Unsuspended => {
            let change = account::Entity::update_many()
                .col_expr(account::Column::SuspendedAt, Expr::value(None::<chrono::DateTime<chrono::Utc>>));
            change.exec(rows).await.unwrap().rows_affected
        }
        Plant::Public => {
            let change = account::Entity::update_many().col_expr(account::Column::IsPrivate, Expr::value(false));
            change.exec(rows).await.unwrap().rows_affected
        }
        Plant::Unarchived => {
            let change = post::Entity::update_many()
                .set(post::ActiveModel { state: sea_orm::Set(post::State::Published), ..Default::default() })
                .filter(post::Column::State.eq(post::State::Archived));
            change.exec(rows).await.unwrap().rows_affected
        }
        Plant::ForEveryone => {
            let everyone = darkroom_entity::audience::Audience::Everyone;
            let change = post::Entity::update_many()
                .set(post::ActiveModel { audience: sea_orm::Set(everyone), ..Default::default() });
            change.exec(rows).await.unwrap().rows_affected
        }
        Plant::StillLive => {
            let later = world.app.clock.now() + chrono::TimeDelta::hours(1);
            let change = story::Entity::update_many()
                .set(story::ActiveModel { expires_at: sea_orm::Set(later), ..Default::default() });
            change.exec(rows).await.unwrap().rows_affected
        }
        Plant::Accepted => {
            let change = follow::Entity::update_many()
                .set(follow::ActiveModel { state: sea_orm::Set(follow::State::Accepted), ..Default::default() })
                .filter(follow::Column::State.eq(follow::State::Requested));
            change.exec(rows).await.unwrap().rows_affected
        }
        Plant::Befriended => {
            let row = close_friend::Model {
                account_id: of("open").await,
                friend_id: of("stranger").await,
                id: world.app.clock.new_id(),
                created_at: world.app.clock.now(),
            };
            close_friend::Entity::insert(close_friend::ActiveModel::from(row))
                .exec_without_returning(rows)
                .await
                .unwrap()
        }
    };
    assert!(changed > 0, "nothing was planted");
}

#[tokio::test]
async fn a_planted_leak_is_found() {
    let world = World::new().await;
    let shape = Shape::of(&world.app.client(), &world.upload).await;
    // Each on top of the others: the viewer is one who sees by this one only.
    for (rule, viewer, what) in [
        (Plant::Accepted, "requested", "closed's post for everyone"),
        (Plant::Befriended, "stranger", "open's post for close friends"),
        (Plant::StillLive, "anonymous", "open's expired story"),
        (Plant::Unarchived, "anonymous", "open's archived post"),
        (Plant::ForEveryone, "anonymous", "open's post for followers"),
        (Plant::Public, "anonymous", "closed's post for everyone"),
        (Plant::Unsuspended, "anonymous", "gone's post for everyone"),
        (Plant::Unblocked, "blocked", "open's post for everyone"),
    ] {
        let viewer = world.viewers.iter().find(|one| one.name == viewer).unwrap();
        let found = |leaks: Vec<String>| leaks.iter().any(|leak| leak.contains(&format!("sees {what} ")));
        let before = Scan::run(&world, &shape, &viewer.client).await;
        assert!(!found(before.leaks(&world, viewer)), "{what} was to be seen before");
        plant(&world, &rule).await;
        let after = Scan::run(&world, &shape, &viewer.client).await;
        assert!(found(after.leaks(&world, viewer)), "{what} was planted before {} and not found", viewer.name);
    }
    world.app.run_jobs().await;
    world.app.abandon().await;
}
