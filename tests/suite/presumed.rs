//! A session that was seen a while ago is presumed to stand, and nobody sees anything by that: what changed since, in whichever
//! process, counts at once.

use darkroom_entity::{account, follow as follow_row, session};
use darkroom_service::mute::Muted;
use darkroom_service::{App, block, follow, mute, session as sessions};
use darkroom_testing::{Person, TestApp};
use sea_orm::prelude::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
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
    ];
    for (number, how) in ways.into_iter().enumerate() {
        let sign_up = async |name: &str| app.client().sign_up(&format!("{name}{number}")).await;
        let (ada, ben) = (sign_up("ada").await, sign_up("ben").await);
        ada.follow(&ben.id).await;
        let [own, post] = [ada.post_picture().await, ben.post_picture().await];
        app.run_jobs().await;
        // Each author is asked about until this process has seen the answer.
        let mut asks = true;
        for _ in 0..4 {
            app.statements.start();
            assert_eq!(ada.feed(20).await, [post.clone(), own.clone()], "{how}");
            let statements = app.statements.stop();
            asks = !statements.iter().any(|statement| statement.sql.contains("is_so"));
            app.app.settle().await;
        }
        assert!(!asks, "{how}: what is known was asked again and again");
        part(&beside, &ada, &ben, how).await;
        assert_eq!(ada.feed(20).await, std::slice::from_ref(&own), "{how}");
        beside.settle().await;
    }
    beside.database.close().await.unwrap();
    app.run_jobs().await;
    app.finish().await;
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
        assert_eq!(statements.len(), 1, "{statements:#?}");
        assert!(statements[0].sql.contains("\"session\""), "{}", statements[0].sql);
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
