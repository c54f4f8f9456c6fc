//! The job ledger.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// How far a job is. A job that is done has no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum State {
    /// Runs once `run_at` has come.
    #[sea_orm(string_value = "queued")]
    Queued,
    /// A worker holds its lease until `lease_until`.
    #[sea_orm(string_value = "running")]
    Running,
    /// Given up; an operator looks at it.
    #[sea_orm(string_value = "dead")]
    Dead,
}

/// Work to be done, written in the transaction of the change that it follows from.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Which handler; stable for ever.
    pub name: String,
    /// Ids only.
    #[sea_orm(column_type = "JsonBinary")]
    pub payload: Json,
    pub queue: String,
    pub state: State,
    /// Starts so far. With the id it fences a worker that has lost its lease.
    pub attempts: i32,
    pub run_at: DateTimeUtc,
    pub lease_until: Option<DateTimeUtc>,
    /// Of two jobs with the same key the second is not written.
    pub unique_key: Option<String>,
    pub last_error: Option<String>,
    pub created_at: DateTimeUtc,
    /// The span that it was written in, as a W3C `traceparent`, if that is traced.
    pub trace: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
