//! Every change goes up, comes down without leaving anything, and goes up again, on both engines; and what it makes is
//! what the entities read.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod partition;
mod stage;

use darkroom_entity as entity;
use darkroom_migration::{Migrator, MigratorTrait};
use sea_orm_migration::sea_orm::{
    ActiveModelTrait, DatabaseConnection, DbErr, EntityTrait, Iterable, QuerySelect, Set,
};
use stage::Stage;
use uuid::Uuid;

#[tokio::test]
async fn changes_go_up_down_and_up_again() {
    for stage in Stage::all().await {
        Migrator::up(&stage.rows, None).await.unwrap();
        let (names, definition) = (stage.names().await, stage.definition().await);
        assert!(names.contains(&"account".to_owned()) && names.contains(&"job_due".to_owned()), "{names:?}");

        Migrator::down(&stage.rows, None).await.unwrap();
        assert_eq!(stage.names().await, Vec::<String>::new(), "what the way down left");

        Migrator::up(&stage.rows, None).await.unwrap();
        assert_eq!(stage.names().await, names);
        assert_eq!(stage.definition().await, definition);
        stage.end().await;
    }
}

#[tokio::test]
async fn each_change_alone_has_its_way_back() {
    for stage in Stage::all().await {
        for _ in Migrator::migrations() {
            let (before, old) = (stage.names().await, stage.definition().await);
            Migrator::up(&stage.rows, Some(1)).await.unwrap();
            let (after, new) = (stage.names().await, stage.definition().await);
            assert!(new != old, "a change that changes nothing");
            Migrator::down(&stage.rows, Some(1)).await.unwrap();
            assert_eq!(stage.names().await, before);
            Migrator::up(&stage.rows, Some(1)).await.unwrap();
            assert_eq!(stage.names().await, after);
        }
        assert!(Migrator::get_pending_migrations_read_only(&stage.rows).await.unwrap().is_empty());
        stage.end().await;
    }
}

#[tokio::test]
async fn columns_are_required_unless_they_may_be_empty() {
    let optional: [(&str, &[&str]); 39] = [
        ("account", &["avatar_media_id", "suspended_at"]),
        ("account_habit", &[]),
        ("account_setting", &["activity", "interest", "quality", "recency", "relationship"]),
        ("affinity", &[]),
        ("block", &[]),
        ("change", &["whose"]),
        ("close_friend", &[]),
        ("collection", &[]),
        ("collection_post", &[]),
        ("comment", &["pinned_at", "reply_to_id", "thread_id"]),
        ("comment_like", &[]),
        ("comment_mention", &[]),
        ("doomed_object", &[]),
        ("feature", &[]),
        ("follow", &[]),
        ("follow_made", &[]),
        ("idempotency", &["answer", "lease_until"]),
        ("impression", &[]),
        ("job", &["last_error", "lease_until", "trace", "unique_key"]),
        ("job_tally", &[]),
        (
            "media",
            &[
                "dominant_color",
                "expires_at",
                "facts",
                "failure_code",
                "failure_message",
                "height",
                "perceptual_hash",
                "placeholder",
                "width",
            ],
        ),
        ("media_run", &["detail"]),
        ("mute", &[]),
        ("notification", &["comment_id", "post_id", "read_at", "withdrawn_at"]),
        ("notification_group", &[]),
        ("notification_setting", &[]),
        ("operator_action", &["operator_id"]),
        ("post", &["edited_at", "location", "pinned_at", "published_at"]),
        ("post_hashtag", &[]),
        ("post_impression", &[]),
        // Filled by the change that added it: SQLite adds no required column to a table with rows.
        ("post_like", &["id"]),
        ("post_media", &[]),
        ("post_mention", &[]),
        ("queue_pause", &[]),
        ("rendition", &[]),
        ("saved_post", &[]),
        ("session", &[]),
        ("story", &[]),
        ("story_view", &[]),
    ];
    for stage in Stage::all().await {
        Migrator::up(&stage.rows, None).await.unwrap();
        for (table, expected) in optional {
            assert_eq!(stage.optional(table).await, expected, "{table}");
        }
        stage.end().await;
    }
}

/// Selects every column by name, so that one that is missing from the table, or named otherwise, is an error.
async fn select<E: EntityTrait>(rows: &DatabaseConnection, entity: E) {
    let name = entity.table_name().to_owned();
    let columns: Vec<E::Column> = E::Column::iter().collect();
    assert!(!columns.is_empty(), "{name}");
    let found = E::find().limit(1).all(rows).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(found.is_empty(), "{name}");
}

/// Selects from each entity's table, which is empty.
async fn every_entity(rows: &DatabaseConnection) {
    select(rows, entity::account::Entity).await;
    select(rows, entity::account_habit::Entity).await;
    select(rows, entity::account_setting::Entity).await;
    select(rows, entity::affinity::Entity).await;
    select(rows, entity::block::Entity).await;
    select(rows, entity::change::Entity).await;
    select(rows, entity::close_friend::Entity).await;
    select(rows, entity::collection::Entity).await;
    select(rows, entity::collection_post::Entity).await;
    select(rows, entity::comment::Entity).await;
    select(rows, entity::comment_like::Entity).await;
    select(rows, entity::comment_mention::Entity).await;
    select(rows, entity::doomed_object::Entity).await;
    select(rows, entity::feature::Entity).await;
    select(rows, entity::follow::Entity).await;
    select(rows, entity::follow_made::Entity).await;
    select(rows, entity::idempotency::Entity).await;
    select(rows, entity::impression::Entity).await;
    select(rows, entity::job::Entity).await;
    select(rows, entity::job_tally::Entity).await;
    select(rows, entity::media::Entity).await;
    select(rows, entity::mute::Entity).await;
    select(rows, entity::notification::Entity).await;
    select(rows, entity::notification_group::Entity).await;
    select(rows, entity::notification_setting::Entity).await;
    select(rows, entity::operator_action::Entity).await;
    select(rows, entity::post::Entity).await;
    select(rows, entity::post_hashtag::Entity).await;
    select(rows, entity::post_impression::Entity).await;
    select(rows, entity::post_like::Entity).await;
    select(rows, entity::post_media::Entity).await;
    select(rows, entity::post_mention::Entity).await;
    select(rows, entity::pulled_author::Entity).await;
    select(rows, entity::queue_pause::Entity).await;
    select(rows, entity::rendition::Entity).await;
    select(rows, entity::saved_post::Entity).await;
    select(rows, entity::session::Entity).await;
    select(rows, entity::story::Entity).await;
    select(rows, entity::story_view::Entity).await;
    select(rows, entity::upload::Entity).await;
}

#[tokio::test]
async fn entities_are_found_on_the_tables() {
    for stage in Stage::all().await {
        Migrator::up(&stage.rows, None).await.unwrap();
        every_entity(&stage.rows).await;
        stage.end().await;
    }
}

fn account(name: &str) -> entity::account::ActiveModel {
    let moment = "2026-05-04T12:00:00.123456Z".parse().unwrap();
    entity::account::ActiveModel {
        id: Set(Uuid::new_v4()),
        username: Set(name.to_owned()),
        username_key: Set(name.to_lowercase()),
        email: Set(format!("{name}@example.test")),
        email_key: Set(format!("{name}@example.test").to_lowercase()),
        password_hash: Set("x".to_owned()),
        full_name: Set(String::new()),
        bio: Set(String::new()),
        created_at: Set(moment),
        updated_at: Set(moment),
        ..Default::default()
    }
}

#[tokio::test]
async fn rows_come_back_as_they_went_in_and_keys_are_kept() {
    for stage in Stage::all().await {
        Migrator::up(&stage.rows, None).await.unwrap();
        let written = account("Ada").insert(&stage.rows).await.unwrap();
        let read = entity::account::Entity::find_by_id(written.id).one(&stage.rows).await.unwrap().unwrap();
        assert_eq!(read, written);
        assert_eq!(read.created_at.timestamp_subsec_micros(), 123_456, "microseconds are kept");
        assert_eq!((read.is_private, read.follower_count, read.avatar_media_id), (false, 0, None), "defaults");

        let twice = account("ADA").insert(&stage.rows).await;
        assert!(matches!(&twice, Err(error) if error.sql_err().is_some()), "a name in another case: {twice:?}");
        let nobodys = entity::session::ActiveModel {
            id: Set(Uuid::new_v4()),
            account_id: Set(Uuid::new_v4()),
            token_hash: Set(vec![1; 32]),
            user_agent: Set(String::new()),
            created_at: Set(read.created_at),
            expires_at: Set(read.created_at),
        };
        let orphan: Result<_, DbErr> = nobodys.insert(&stage.rows).await;
        assert!(orphan.is_err(), "a session of nobody");
        stage.end().await;
    }
}
