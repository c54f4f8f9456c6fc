//! Schema changes: one change, one file, each with its way back.
//!
//! A change imports nothing but sea-orm-migration, so that it says for ever what it said when it was written,
//! whatever becomes of the entities. Changes run on SQLite and on PostgreSQL, there on tables in parts as well (see [`partition`]),
//! and are tested up, down and up on all of them.

mod column;
mod index;
mod m0001_account;
mod m0002_session;
mod m0003_media;
mod m0004_post;
mod m0005_follow;
mod m0006_story;
mod m0007_job;
mod m0008_relation;
mod m0009_audience;
mod m0010_comment;
mod m0011_saved_post;
mod m0012_notification;
mod m0013_doomed_batch;
mod m0014_people;
mod m0015_pulled_author;
mod m0016_card_revision;
mod m0017_ranking;
mod m0019_upload;
mod m0020_idempotency;
mod m0021_operator;
mod m0022_feature;
mod m0023_job_tally;
mod m0024_job_trace;
mod m0025_media_run;
mod m0026_circle;
mod m0027_change;
pub mod partition;
mod trigger;

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::{MigrationTrait, async_trait};

/// All changes, oldest first.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_account::Migration),
            Box::new(m0002_session::Migration),
            Box::new(m0003_media::Migration),
            Box::new(m0004_post::Migration),
            Box::new(m0005_follow::Migration),
            Box::new(m0006_story::Migration),
            Box::new(m0007_job::Migration),
            Box::new(m0008_relation::Migration),
            Box::new(m0009_audience::Migration),
            Box::new(m0010_comment::Migration),
            Box::new(m0011_saved_post::Migration),
            Box::new(m0012_notification::Migration),
            Box::new(m0013_doomed_batch::Migration),
            Box::new(m0014_people::Migration),
            Box::new(m0015_pulled_author::Migration),
            Box::new(m0016_card_revision::Migration),
            Box::new(m0017_ranking::Migration),
            Box::new(m0019_upload::Migration),
            Box::new(m0020_idempotency::Migration),
            Box::new(m0021_operator::Migration),
            Box::new(m0022_feature::Migration),
            Box::new(m0023_job_tally::Migration),
            Box::new(m0024_job_trace::Migration),
            Box::new(m0025_media_run::Migration),
            Box::new(m0026_circle::Migration),
            Box::new(m0027_change::Migration),
        ]
    }
}
