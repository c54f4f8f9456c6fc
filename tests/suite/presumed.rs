//! A session that was seen a while ago is presumed to stand, and nobody sees anything by that: what changed since, in whichever
//! process, counts at once.

use darkroom_entity::{account, block as block_row, follow as follow_row, mute as mute_row, session};
use darkroom_service::mute::Muted;
use darkroom_service::{App, block, follow, mute, session as sessions};
use darkroom_testing::{Person, TestApp};
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Statement};
use serde_json::{Value, json};
use uuid::Uuid;

const FOLLOWING: &str = "{ feed(mode: FOLLOWING) { nodes { id } } }";
const ALONE: &str = "{ feed { edges { node { id viewerHasLiked author { username } } } } }";
const RANKED: &str = "{ feed { edges { node { id viewerHasLiked author { viewerFollowState } } } } }";

/// Documents whose page is never read.
const UNREADABLE: &str = "{ feed(after: \"none\") { nodes { id } } }";
const SKIPPED: &str = "{ feed @skip(if: true) { nodes { id } } }";

/// The session of the person and how it stands, by a process that knows nothing of the one that serves.
async fn session_of(app: &App, person: &Person) -> (Uuid, Uuid) {
    let viewer = sessions::authenticate(app, &person.token).await.unwrap().unwrap();
    (viewer.session_id, viewer.id())
}

async fn end(app: &App, person: &Person, how: &str) {
    let (session, account) = session_of(app, person).await;
    let now = app.clock.now();
    match how {
        "revoked" => drop(session::Entity::delete_by_id(session).exec(app.rows()).await.unwrap()),
        "expired" => drop(
            session::Entity::update_many()
                .col_expr(session::Column::ExpiresAt, Expr::value(now))
                .filter(session::Column::Id.eq(session))
                .exec(app.rows())
                .await
                .unwrap(),
        ),
        "suspended" => drop(
            account::Entity::update_many()
                .col_expr(account::Column::SuspendedAt, Expr::value(now))
                .filter(account::Column::Id.eq(account))
                .exec(app.rows())
                .await
                .unwrap(),
        ),
        "given another token" => drop(
            session::Entity::update_many()
                .col_expr(session::Column::TokenHash, Expr::value([session.as_bytes().as_slice(), &[0; 16]].concat()))
                .filter(session::Column::Id.eq(session))
                .exec(app.rows())
                .await
                .unwrap(),
        ),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_session_that_ended_elsewhere_shows_nothing_any_more() {
    let app = TestApp::start().await;
    let (beside, _) = app.beside().await;
    for (number, how) in ["revoked", "expired", "suspended", "given another token"].into_iter().enumerate() {
        for has_posts in [true, false] {
            let person = app.client().sign_up(&format!("p{number}{has_posts}")).await;
            if has_posts {
                person.post_picture().await;
                app.run_jobs().await;
            }
            for document in [FOLLOWING, RANKED, FOLLOWING, RANKED] {
                assert_eq!(person.run(document, json!({})).await.status, 200);
                app.app.settle().await;
            }
            end(&beside, &person, how).await;
            for document in [FOLLOWING, RANKED, FOLLOWING, UNREADABLE, SKIPPED] {
                let refused = person.run(document, json!({})).await;
                assert_eq!((refused.status, refused.error_code()), (401, "UNAUTHENTICATED"), "{how}, {has_posts}");
                assert_eq!(refused.body["data"], Value::Null, "{how}, {has_posts}: {}", refused.body);
            }
        }
    }
    beside.database.close().await.unwrap();
    app.finish().await;
}

#[tokio::test]
async fn whom_one_follows_elsewhere_is_in_the_next_page() {
    let app = TestApp::start().await;
    let [ada, ben] = [app.client().sign_up("ada").await, app.client().sign_up("ben").await];
    let [own, post] = [ada.post_picture().await, ben.post_picture().await];
    app.run_jobs().await;
    for _ in 0..3 {
        assert_eq!(ada.feed(20).await, std::slice::from_ref(&own));
        app.app.settle().await;
    }
    // Another process: what this one remembers of ada is out of date, and nothing tells it.
    let (beside, _) = app.beside().await;
    let viewer = sessions::authenticate(&beside, &ada.token).await.unwrap().unwrap();
    let (_, followee) = session_of(&beside, &ben).await;
    follow::follow(&beside, &viewer, followee).await.unwrap();
    assert_eq!(ada.feed(20).await, [post, own]);
    beside.settle().await;
    beside.database.close().await.unwrap();
    app.run_jobs().await;
    app.finish().await;
}

/// Ends in another process that one person sees another's posts.
async fn part(beside: &App, ada: &Person, ben: &Person, how: &str) {
    let viewer = async |person: &Person| sessions::authenticate(beside, &person.token).await.unwrap().unwrap();
    let (ada, ben) = (viewer(ada).await, viewer(ben).await);
    match how {
        "unfollowed" => drop(follow::unfollow(beside, &ada, ben.id()).await.unwrap()),
        "removed as a follower" => drop(follow::remove_follower(beside, &ben, ada.id()).await.unwrap()),
        "blocked" => drop(block::block(beside, &ada, ben.id()).await.unwrap()),
        "blocked by them" => drop(block::block(beside, &ben, ada.id()).await.unwrap()),
        "muted" => {
            let what = Muted { posts: true, stories: false };
            drop(mute::mute(beside, &ada, ben.id(), what).await.unwrap());
        }
        "muted in two steps" => {
            for posts in [false, true] {
                let what = Muted { posts, stories: true };
                mute::mute(beside, &ada, ben.id(), what).await.unwrap();
            }
        }
        "suspended" => {
            let row = account::Entity::update_many()
                .col_expr(account::Column::SuspendedAt, Expr::value(beside.clock.now()))
                .filter(account::Column::Id.eq(ben.id()));
            row.exec(beside.rows()).await.unwrap();
        }
        // As by a program of the release before, or by hand.
        "blocked by a stroke in the database" => {
            let row = block_row::ActiveModel {
                blocker_id: Set(ben.id()),
                blocked_id: Set(ada.id()),
                id: Set(beside.clock.new_id()),
                created_at: Set(beside.clock.now()),
            };
            block_row::Entity::insert(row).exec_without_returning(beside.rows()).await.unwrap();
        }
        "muted by a stroke in the database" => {
            let row = mute_row::ActiveModel {
                muter_id: Set(ada.id()),
                muted_id: Set(ben.id()),
                id: Set(beside.clock.new_id()),
                created_at: Set(beside.clock.now()),
                posts: Set(true),
                stories: Set(false),
            };
            mute_row::Entity::insert(row).exec_without_returning(beside.rows()).await.unwrap();
        }
        "unfollowed by a stroke in the database" => {
            follow_row::Entity::delete_by_id((ada.id(), ben.id())).exec(beside.rows()).await.unwrap();
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn whose_posts_one_does_not_see_any_more_are_gone_from_the_next_page() {
    let app = TestApp::start().await;
    let (beside, _) = app.beside().await;
    let ways = [
        "unfollowed",
        "removed as a follower",
        "blocked",
        "blocked by them",
        "muted",
        "muted in two steps",
        "suspended",
        "unfollowed by a stroke in the database",
        "blocked by a stroke in the database",
        "muted by a stroke in the database",
    ];
    for (number, how) in ways.into_iter().enumerate() {
        let sign_up = async |name: &str| app.client().sign_up(&format!("{name}{number}")).await;
        let (ada, ben) = (sign_up("ada").await, sign_up("ben").await);
        ada.follow(&ben.id).await;
        let [own, post] = [ada.post_picture().await, ben.post_picture().await];
        app.run_jobs().await;
        // Each author is asked about until this process has seen the answer; then what has changed is read again, and no author
        // is asked about.
        for _ in 0..4 {
            assert_eq!(ada.feed(20).await, [post.clone(), own.clone()], "{how}");
            app.app.settle().await;
        }
        app.tamper("UPDATE post SET like_count = like_count").await;
        app.statements.start();
        assert_eq!(ada.feed(20).await, [post.clone(), own.clone()], "{how}");
        let statements = app.statements.stop();
        assert!(statements.iter().any(|statement| statement.sql.contains("is_so")), "{how}: {statements:#?}");
        part(&beside, &ada, &ben, how).await;
        assert_eq!(ada.feed(20).await, std::slice::from_ref(&own), "{how}");
        beside.settle().await;
    }
    beside.database.close().await.unwrap();
    app.run_jobs().await;
    app.finish().await;
}

/// What was asked of the database: looks at the log, and pages that bring a proof along. Tests check each page that is known by
/// a statement without one, which is no part of the program that is shipped.
fn asked(statements: &[Statement]) -> Vec<&'static str> {
    let kind = |statement: &Statement| match &statement.sql {
        sql if sql.contains("FROM change ") => Some("change"),
        sql if sql.contains("\"session\"") => Some("session"),
        sql if sql.contains("\"post\".\"id\" IN") && sql.contains("\"until\"") => None,
        _ => Some("anything else"),
    };
    statements.iter().filter_map(kind).collect()
}

#[tokio::test]
async fn a_page_of_the_feed_is_one_statement_and_anything_else_looks_the_session_up() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    ada.post_picture().await;
    app.run_jobs().await;
    for document in [FOLLOWING, ALONE] {
        for _ in 0..2 {
            ada.run(document, json!({})).await.data();
            app.app.settle().await;
        }
        app.statements.start();
        ada.run(document, json!({})).await.data();
        let statements = app.statements.stop();
        assert_eq!(asked(&statements), ["change"], "{statements:#?}");
        // What has changed is read by one statement more, which proves who asks.
        app.tamper("UPDATE post SET like_count = like_count").await;
        app.statements.start();
        ada.run(document, json!({})).await.data();
        let statements = app.statements.stop();
        assert_eq!(asked(&statements), ["change", "session"], "{statements:#?}");
    }
    let others = [
        "{ feed(mode: FOLLOWING) { nodes { id } } viewer { email } }",
        "{ viewer { email } }",
        "query { ...Root } fragment Root on Query { feed(mode: FOLLOWING) { nodes { id } } }",
        "mutation { updateProfile(input: { bio: \"me\" }) { user { bio } } }",
    ];
    let (beside, _) = app.beside().await;
    end(&beside, &ada, "revoked").await;
    for document in others {
        let refused = ada.run(document, json!({})).await;
        assert_eq!((refused.status, refused.error_code()), (401, "UNAUTHENTICATED"), "{document}");
    }
    beside.database.close().await.unwrap();
    app.finish().await;
}
