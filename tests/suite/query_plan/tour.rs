//! One person does everything that the product lets people do.

use darkroom_service::feature::{self, Feature};
use darkroom_service::job::admin::{self, Filter, Place, State};
use darkroom_service::job::tally::{self, Tally};
use darkroom_service::job::{Queue, pause};
use darkroom_service::operator::{self, Actor};
use darkroom_service::{
    App, PageRequest, change, follow, idempotency, media, notification, object, ranking, session, sight, story, upload,
};
use darkroom_testing::{Person, TestApp, picture, uuid_of};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter};
use serde_json::json;

use super::crowd;

/// The person, and somebody whom they meet.
pub(super) struct Guest {
    person: Person,
    other: Person,
    me: String,
}

impl Guest {
    pub(super) async fn arrive(app: &TestApp) -> Self {
        let person = app.client().sign_up("guest").await;
        let other = app.client().sign_up("other").await;
        let rows = app.app.rows();
        let row = darkroom_entity::account::Entity::find()
            .filter(darkroom_entity::account::Column::Username.eq("guest"))
            .one(rows)
            .await
            .unwrap()
            .unwrap();
        let me = match rows.get_database_backend() {
            DbBackend::Sqlite => format!("x'{}'", row.id.simple()),
            _ => format!("CAST('{}' AS uuid)", row.id),
        };
        Self { person, other, me }
    }

    /// The row's id, as it is written in a statement.
    pub(super) fn me(&self) -> String {
        self.me.clone()
    }

    /// Goes everywhere.
    pub(super) async fn tour(&self, app: &TestApp) {
        let (guest, other) = (&self.person, &self.other);
        let post = other.post_picture().await;
        for is_wanted in [true, false] {
            let file = picture::jpeg(40, 30);
            let upload = guest.begin_upload(&file, "image/jpeg").await;
            let id = upload["id"].as_str().unwrap();
            guest.send_parts(&upload, &file).await;
            guest.look_up_upload(id).await;
            let ended = if is_wanted { guest.finish_upload(id).await } else { guest.cancel_upload(id).await };
            ended.payload();
            guest.finish_upload(id).await;
        }
        let story_photo = other.photo(picture::jpeg(24, 30)).await;
        let story = other.story(&story_photo).await;
        app.run_jobs().await;
        sight::sample(&app.app).await;
        guest.follow(&other.id).await;
        for first in [1, 20] {
            guest.feed_page(first, None).await;
        }
        app.run_jobs().await;
        guest.feed(50).await;
        app.app.settle().await;
        darkroom_service::feed::audit(&app.app).await.unwrap();
        guest.mark_viewed(&story).await;
        let mut after = None;
        for first in [1, 50, 100] {
            after = guest.ranked_page(first, after.as_deref()).await.next;
        }
        app.app.settle().await;
        ranking::warm(&app.app).await.unwrap();
        let seen = json!({ "impressions": [{ "postId": post, "dwellMs": 5000 }] });
        guest.mutate("recordImpressions", seen, "").await.payload();
        let comment = guest.make("addComment", json!({ "postId": post, "text": "for @other" }), "comment").await;
        let answer = json!({ "postId": post, "text": "and for @guest", "replyToId": comment });
        let reply = other.make("addComment", answer, "comment").await;
        let collection = guest.make("createCollection", json!({ "name": "shelf" }), "collection").await;
        let (of_post, of_comment, of_other) =
            (json!({ "postId": post }), json!({ "commentId": comment }), json!({ "userId": other.id }));
        let in_collection = json!({ "collectionId": collection, "postId": post });
        for (verb, input) in [
            ("likePost", &of_post),
            ("savePost", &of_post),
            ("likeComment", &of_comment),
            ("addToCollection", &in_collection),
            ("renameCollection", &json!({ "collectionId": collection, "name": "board" })),
            ("addCloseFriend", &of_other),
            ("muteUser", &of_other),
            ("unmuteUser", &of_other),
        ] {
            guest.mutate(verb, input.clone(), "").await.payload();
        }
        for (verb, input) in [("pinComment", &of_comment), ("pinPost", &of_post)] {
            other.mutate(verb, input.clone(), "").await.payload();
        }
        app.run_jobs().await;
        let ids = json!({ "ids": [post, story, other.id, comment, reply, collection] });
        for document in DOCUMENTS {
            for client in [&guest.client, &other.client, &app.client()] {
                let variables = if document.contains("$ids") { ids.clone() } else { json!({}) };
                let answer = client.run(document, variables).await;
                if let Some(errors) = answer.body.get("errors") {
                    assert_eq!(errors[0]["extensions"]["code"], "UNAUTHENTICATED", "{document}: {}", answer.body);
                }
            }
        }
        other.mutate("markNotificationsRead", json!({}), "").await.payload();
        ranking::prune(app.app.rows(), uuid_of(&guest.id)).await.unwrap();
        guest.mutate("updateSettings", json!({ "weights": { "recency": 30 } }), "").await.payload();
        guest.ranked_page(20, None).await;
        guest.mutate("updateSettings", json!({ "weights": null, "isPersonalised": false }), "").await.payload();
        guest.mutate("updateSettings", json!({ "isPersonalised": true }), "").await.payload();
        for (verb, input) in [
            ("removeFromCollection", &in_collection),
            ("deleteCollection", &json!({ "collectionId": collection })),
            ("unlikeComment", &of_comment),
            ("unlikePost", &of_post),
            ("unsavePost", &of_post),
            ("removeCloseFriend", &of_other),
            ("unfollowUser", &of_other),
            ("blockUser", &of_other),
            ("unblockUser", &of_other),
            ("deleteComment", &of_comment),
        ] {
            guest.mutate(verb, input.clone(), "").await.payload();
        }
        for (verb, input) in [
            ("updatePost", json!({ "postId": post, "caption": "#words for @guest" })),
            ("updateProfile", json!({ "isPrivate": true })),
            ("archivePost", of_post.clone()),
            ("unarchivePost", of_post.clone()),
            ("deleteStory", json!({ "storyId": story })),
        ] {
            other.mutate(verb, input, "").await.payload();
        }
        guest.follow(&other.id).await;
        other.accept(&guest.id).await;
        other.mutate("removeFollower", json!({ "userId": guest.id }), "").await.payload();
        other.set_private(false).await;
        other.delete_post(&post).await;
        app.run_jobs().await;
        sweep(&app.app).await.unwrap();
        operate(&app.app).await.unwrap();
    }
}

/// What is done every hour, whoever is there.
async fn sweep(app: &App) -> darkroom_service::Result<()> {
    change::note_place(app).await?;
    change::sweep(app).await?;
    follow::sweep(app).await?;
    idempotency::sweep(app).await?;
    media::sweep(app).await?;
    notification::sweep(app).await?;
    operator::sweep(app).await?;
    object::sweep(app).await?;
    ranking::sweep(app).await?;
    session::sweep(app).await?;
    story::sweep(app).await?;
    upload::sweep(app).await
}

/// What operators look at and do, in lists that are long.
async fn operate(app: &App) -> darkroom_service::Result<()> {
    admin::queues(app).await?;
    operator::list(app).await?;
    feature::list(app).await?;
    let traced = media::trace(app, crowd::row("media", crowd::ROWS)).await?.expect("a photo of the crowd's");
    assert!(!traced.runs.is_empty() && !traced.jobs.is_empty() && traced.used_by.is_some());
    tally::add(app, &[("bulk", Tally { done: 1, failed: 0 })].into()).await?;
    tally::last(app, 5).await?;
    tally::sweep(app).await?;
    feature::turn(app, Actor::Machine, Feature::Webp, false).await?;
    feature::turn(app, Actor::Machine, Feature::Webp, true).await?;
    operator::actions(app, PageRequest { first: 20, after: Some(app.clock.new_id()) }).await?;
    let after = Some(Place { run_at: app.clock.now(), id: app.clock.new_id() });
    for state in [State::Queued, State::Running, State::Dead] {
        for queue in [None, Some(Queue::Bulk)] {
            for name in [None, Some("post.purge".to_owned())] {
                for after in [None, after] {
                    admin::list(app, &Filter { state, queue, name: name.clone() }, 20, after).await?;
                }
            }
        }
    }
    pause::pause(app, Actor::Machine, Queue::FanOut).await?;
    pause::resume(app, Actor::Machine, Queue::FanOut).await?;
    for (queue, name) in [(None, None), (Some(Queue::Bulk), None), (None, Some("post.purge"))] {
        let (retried, more) = admin::retry_all(app, Actor::Machine, queue, name, 2).await?;
        assert!(retried == 2 && more);
    }
    Ok(())
}

const DOCUMENTS: [&str; 5] = [
    "{ user(username: \"other\") { id viewerFollowState followsViewer viewerMutesPosts isViewersCloseFriend avatar
        posts(first: 20) { nodes { id caption hashtags mentions { username } media { id url renditions { url } }
          viewerHasLiked viewerHasSaved author { username } } } pinnedPosts { id }
        followers { nodes { username } } following { nodes { username } } stories { id viewerHasSeen } } }",
    "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Story { viewerCount viewers { nodes { username } } media { url } }
        ... on Post { likes { nodes { username } } pinnedComments { id } comments { nodes { id text likeCount viewerHasLiked
          author { username avatar } mentions { username } replies { nodes { id text author { username } } } } } } } }",
    "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Comment { replyTo { id } post { id } likes { nodes { username } } }
        ... on Collection { name posts { nodes { id } } } ... on User { createdAt } } }",
    "{ storyTray { nodes { user { username } stories { id } hasUnseen } } }",
    "{ viewer { email settings { isPersonalised weights { recency } } followRequests { nodes { username } } sessions { nodes { id } } blockedUsers { nodes { username } }
        mutedUsers { nodes { username } } closeFriends { nodes { username } } archivedPosts { nodes { id } }
        savedPosts { nodes { id } } collections { nodes { id name } } unreadNotificationCount notificationSettings { kind }
        notifications { nodes { id kind actorCount actors { username } post { id } comment { id text } readAt } } } }",
];
