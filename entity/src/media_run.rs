//! What became of the runs of a photo's jobs.

use sea_orm::entity::prelude::*;

/// How a run has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum Outcome {
    /// It has made what it was to make.
    #[sea_orm(string_value = "done")]
    Done,
    /// The file can't be used.
    #[sea_orm(string_value = "refused")]
    Refused,
    /// It failed, and the job comes back later.
    #[sea_orm(string_value = "retried")]
    Retried,
    /// It failed, and was the last.
    #[sea_orm(string_value = "dead")]
    Dead,
}

/// A run of one of a photo's jobs that has ended. When it ended is what its id begins with.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "media_run")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub media_id: Uuid,
    /// Of which job: when that was written is what its id begins with.
    pub job_id: Uuid,
    /// The job's name.
    pub job_name: String,
    /// Which of its runs, from 1.
    pub attempt: i32,
    /// When a worker took it.
    pub begun_at: DateTimeUtc,
    pub outcome: Outcome,
    /// Why, if it did not go well.
    pub detail: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
