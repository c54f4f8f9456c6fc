//! How many runs of jobs have ended, minute by minute.

use sea_orm::entity::prelude::*;

/// What all workers together have done in a queue in one minute. A minute in which nothing has ended has no row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job_tally")]
pub struct Model {
    /// Its beginning.
    #[sea_orm(primary_key, auto_increment = false)]
    pub minute: DateTimeUtc,
    #[sea_orm(primary_key, auto_increment = false)]
    pub queue: String,
    /// Jobs that are done.
    pub done: i64,
    /// Runs that failed, the last ones of jobs that are dead among them.
    pub failed: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
