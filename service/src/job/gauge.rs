//! How many jobs wait, and how long the oldest of them has.
//!
//! Cheap however many there are: each number is read from an index in order and counted no further than [`MOST`], beyond
//! which a larger one tells an operator nothing more.

use chrono::{DateTime, Utc};
use darkroom_entity::job::{self, State};
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use super::{Job, Queue};
use crate::app::App;
use crate::error::Result;

/// How far rows are counted: ten thousand, and one that says that there are more.
const MOST: u64 = 10_001;

/// One line of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    /// Jobs that are due and wait, up to 10,001.
    pub(crate) depth: i64,
    /// Since when the oldest of them has been due.
    pub(crate) oldest: Option<DateTime<Utc>>,
    /// Jobs that were given up, up to 10,001.
    pub(crate) dead: i64,
}

/// Looks at a line: three statements on the index of what is due.
pub(crate) async fn line(app: &App, queue: Queue) -> Result<Line> {
    let mut waiting = in_order(queue, State::Queued);
    waiting.and_where(job::Column::RunAt.lte(app.clock.now()));
    let mut first = waiting.clone();
    first.clear_selects().column(job::Column::RunAt).limit(1);
    let first = app.rows().query_one(&first).await?;
    let oldest = first.map(|row| row.try_get::<DateTime<Utc>>("", "run_at")).transpose()?;
    let depth = if oldest.is_some() { counted(app, waiting).await? } else { 0 };
    let dead = counted(app, in_order(queue, State::Dead)).await?;
    Ok(Line { depth, oldest, dead })
}

/// The jobs of a line in this state, those first that are due first.
fn in_order(queue: Queue, state: State) -> SelectStatement {
    Query::select()
        .column(job::Column::Id)
        .from(job::Entity)
        .and_where(job::Column::Queue.eq(queue.as_str()))
        .and_where(job::Column::State.eq(state))
        .order_by(job::Column::RunAt, Order::Asc)
        .to_owned()
}

/// How many rows a query finds, up to 10,001.
pub(crate) async fn counted(app: &App, mut rows: SelectStatement) -> Result<i64> {
    rows.limit(MOST);
    let count = Query::select().expr_as(Expr::col(Asterisk).count(), "n").from_subquery(rows, "few").to_owned();
    let row = app.rows().query_one(&count).await?;
    Ok(row.map(|row| row.try_get("", "n")).transpose()?.unwrap_or_default())
}

/// When this job, which has a unique key, was written; none if it is done or dead.
pub(crate) async fn written<J: Job>(app: &App, job: &J) -> Result<Option<DateTime<Utc>>> {
    let Some(key) = job.unique_key() else { return Ok(None) };
    let found = job::Entity::find()
        .select_only()
        .column(job::Column::CreatedAt)
        .filter(job::Column::UniqueKey.eq(key))
        .into_tuple()
        .one(app.rows())
        .await?;
    Ok(found)
}
