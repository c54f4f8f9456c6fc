//! One person does everything that the product lets people do.

use darkroom_testing::{Person, TestApp, picture};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter};
use serde_json::json;

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
        let story_photo = other.photo(picture::jpeg(24, 30)).await;
        let story = other.story(&story_photo).await;
        app.run_jobs().await;
        guest.follow(&other.id).await;
        for first in [1, 20] {
            guest.feed_page(first, None).await;
        }
        app.run_jobs().await;
        guest.feed(50).await;
        guest.mark_viewed(&story).await;
        for document in DOCUMENTS {
            for client in [&guest.client, &other.client, &app.client()] {
                let answer = client.run(document, json!({ "post": post, "story": story, "user": other.id })).await;
                if let Some(errors) = answer.body.get("errors") {
                    assert_eq!(errors[0]["extensions"]["code"], "UNAUTHENTICATED", "{document}: {}", answer.body);
                }
            }
        }
        for (verb, input) in [
            ("likePost", json!({ "postId": post })),
            ("unlikePost", json!({ "postId": post })),
            ("unfollowUser", json!({ "userId": other.id })),
        ] {
            guest.mutate(verb, input, "").await.payload();
        }
        other.mutate("updatePost", json!({ "postId": post, "caption": "#words for @guest" }), "").await.payload();
        other.mutate("deleteStory", json!({ "storyId": story }), "").await.payload();
        other.delete_post(&post).await;
        app.run_jobs().await;
    }
}

const DOCUMENTS: [&str; 4] = [
    "query($user: ID!, $post: ID!, $story: ID!) { user(username: \"other\") { id viewerFollowState followsViewer avatar
        posts(first: 20) { nodes { id caption hashtags mentions { username } media { id url } viewerHasLiked author { username } } }
        followers { nodes { username } } following { nodes { username } } stories { id viewerHasSeen } }
        nodes(ids: [$user, $post, $story]) { id } }",
    "query($story: ID!, $user: ID!, $post: ID!) { nodes(ids: [$story, $user, $post]) { ... on Story {
        viewerCount viewers { nodes { username } } media { url } } } }",
    "query($story: ID!, $user: ID!, $post: ID!) { storyTray { nodes { user { username } stories { id } hasUnseen } }
        nodes(ids: [$story, $user, $post]) { id } }",
    "query($story: ID!, $user: ID!, $post: ID!) { viewer { email followRequests { nodes { username } } sessions { nodes { id } } }
        nodes(ids: [$story, $user, $post]) { id } }",
];
