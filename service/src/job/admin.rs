//! What operators see of the ledger, and what they change in it.
//!
//! Each list is read along an index, whatever its length. Those that wait come in the order in which they run; those that are
//! dead, the newest first.

use chrono::{DateTime, TimeDelta, Utc};
use darkroom_entity::job;
pub use darkroom_entity::job::{Model as Row, State};
use sea_orm::sea_query::{Asterisk, Expr, Func, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter};
use sea_orm::{QueryOrder, QuerySelect, QueryTrait, Select};
use uuid::Uuid;

use super::{Job, ProcessMedia, Queue, pause};
use crate::app::App;
use crate::error::{Error, Result};
use crate::media;
use crate::operator::{self, Actor};
use crate::purge;
use crate::transaction::Transaction;

/// Jobs that a page looks at for a name: of those that wait no index knows their names.
const LOOKED_AT: usize = 2000;

/// A dead job that no operator has done anything about for so long is forgotten.
const DEAD_KEPT_FOR: TimeDelta = TimeDelta::days(90);

/// The most that is counted.
pub const COUNTED: u64 = 10_000;

/// Jobs that one call retries at the most.
pub const RETRIED: usize = 1000;

/// Which jobs.
#[derive(Debug, Clone)]
pub struct Filter {
    /// How far they are.
    pub state: State,
    /// Where; everywhere if left out.
    pub queue: Option<Queue>,
    /// Of which kind; of every kind if left out.
    pub name: Option<String>,
}

/// Where a job stands in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When it runs. It counts for jobs that wait only.
    pub run_at: DateTime<Utc>,
    /// Which.
    pub id: Uuid,
}

impl Place {
    fn of(row: &job::Model) -> Self {
        Self { run_at: row.run_at, id: row.id }
    }
}

/// A page of jobs.
#[derive(Debug, Clone)]
pub struct Jobs {
    /// In the list's order.
    pub rows: Vec<job::Model>,
    /// Where the next page begins; none if nothing comes after this one. A page of waiting jobs of one name ends after 2,000
    /// jobs of any: it may be shorter than was asked for, or empty, and go on all the same.
    pub next: Option<Place>,
}

/// Jobs in one state, after `after` in the list's own order.
pub async fn list(app: &App, filter: &Filter, first: usize, after: Option<Place>) -> Result<Jobs> {
    let rows = match filter.state {
        State::Queued => return waiting(app, filter, first, after).await,
        State::Dead => dead(filter.queue, filter.name.as_deref())
            .order_by_desc(job::Column::Id)
            .apply_if(after, |query, after| query.filter(job::Column::Id.lt(after.id))),
        // As many as workers have places.
        State::Running => named(filter.name.as_deref())
            .filter(job::Column::Queue.is_in(queues_of(filter).map(Queue::as_str)))
            .filter(job::Column::State.eq(State::Running))
            .order_by_asc(job::Column::Id)
            .apply_if(after, |query, after| query.filter(job::Column::Id.gt(after.id))),
    };
    let mut rows = rows.limit(first as u64 + 1).all(app.rows()).await?;
    let more = rows.len() > first;
    rows.truncate(first);
    let next = rows.last().filter(|_| more).map(Place::of);
    Ok(Jobs { rows, next })
}

async fn waiting(app: &App, filter: &Filter, first: usize, after: Option<Place>) -> Result<Jobs> {
    let look = if filter.name.is_some() { LOOKED_AT } else { first + 1 };
    let mut rows = Vec::new();
    for queue in queues_of(filter) {
        let part = job::Entity::find()
            .filter(job::Column::Queue.eq(queue.as_str()))
            .filter(job::Column::State.eq(State::Queued))
            .order_by_asc(job::Column::RunAt)
            .order_by_asc(job::Column::Id)
            .limit(look as u64)
            .apply_if(after, |query, Place { run_at, id }| {
                // The first condition is what the index is entered by.
                let later = Condition::any().add(job::Column::RunAt.gt(run_at)).add(job::Column::Id.gt(id));
                query.filter(job::Column::RunAt.gte(run_at)).filter(later)
            });
        rows.extend(part.all(app.rows()).await?);
    }
    rows.sort_unstable_by_key(Place::of);
    rows.truncate(look);
    Ok(pick(rows, look, first, |row| filter.name.as_ref().is_none_or(|name| row.name == *name)))
}

/// The first of the rows that were looked at which are wanted.
fn pick(rows: Vec<job::Model>, look: usize, first: usize, wanted: impl Fn(&job::Model) -> bool) -> Jobs {
    let looked_to = rows.last().filter(|_| rows.len() == look).map(Place::of);
    let mut found: Vec<job::Model> = rows.into_iter().filter(wanted).take(first + 1).collect();
    let more = found.len() > first;
    found.truncate(first);
    let next = if more { found.last().map(Place::of) } else { looked_to };
    Jobs { rows: found, next }
}

/// A job; none if there is none any more, or never was.
pub async fn find(app: &App, id: Uuid) -> Result<Option<job::Model>> {
    Ok(job::Entity::find_by_id(id).one(app.rows()).await?)
}

/// Removes jobs that have been dead for 90 days.
pub async fn sweep(app: &App) -> Result<()> {
    let oldest = app.clock.now() - DEAD_KEPT_FOR;
    for queue in Queue::ALL {
        let old = Condition::all()
            .add(job::Column::Queue.eq(queue.as_str()))
            .add(job::Column::State.eq(State::Dead))
            .add(job::Column::RunAt.lt(oldest));
        purge::rows::<job::Entity>(app, old, job::Column::Id).await?;
    }
    Ok(())
}

/// A number that is not counted beyond [`COUNTED`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// At most [`COUNTED`].
    pub number: u64,
    /// Whether there are more than that.
    pub is_least: bool,
}

/// How a queue stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Which.
    pub queue: Queue,
    /// Jobs that wait, those for later among them.
    pub waiting: Count,
    /// Of these, those whose time has come.
    pub due: Count,
    /// Jobs that workers hold.
    pub running: Count,
    /// Jobs that were given up.
    pub dead: Count,
    /// Since when the job waits that has been due longest.
    pub oldest_due_at: Option<DateTime<Utc>>,
    /// Since when it is paused.
    pub paused_at: Option<DateTime<Utc>>,
}

/// How every queue stands, the most urgent first.
pub async fn queues(app: &App) -> Result<Vec<Standing>> {
    let paused = pause::paused(app).await?;
    let mut all = Vec::new();
    for queue in Queue::ALL {
        let mut standing = standing(app, queue).await?;
        standing.paused_at = paused.iter().find(|(of, _)| *of == queue).map(|(_, since)| *since);
        all.push(standing);
    }
    Ok(all)
}

async fn standing(app: &App, queue: Queue) -> Result<Standing> {
    let here = |state: State| {
        let queue = job::Column::Queue.eq(queue.as_str());
        job::Entity::find().filter(queue).filter(job::Column::State.eq(state))
    };
    let is_due = job::Column::RunAt.lte(app.clock.now());
    let oldest = here(State::Queued).filter(is_due.clone()).order_by_asc(job::Column::RunAt);
    Ok(Standing {
        queue,
        waiting: count(app, in_turn(here(State::Queued))).await?,
        due: count(app, in_turn(here(State::Queued).filter(is_due))).await?,
        running: count(app, here(State::Running)).await?,
        dead: count(app, dead(Some(queue), None).order_by_asc(job::Column::Id)).await?,
        oldest_due_at: oldest.select_only().column(job::Column::RunAt).into_tuple().one(app.rows()).await?,
        paused_at: None,
    })
}

/// In the order of the index by which they are found: or PostgreSQL reads the table where it expects nearly all rows to count.
fn in_turn(rows: Select<job::Entity>) -> Select<job::Entity> {
    rows.order_by_asc(job::Column::RunAt).order_by_asc(job::Column::Id)
}

async fn count(app: &App, rows: Select<job::Entity>) -> Result<Count> {
    let some = rows.select_only().column(job::Column::Id).limit(COUNTED + 1).into_query();
    let count = Query::select().expr(Func::count(Expr::col(Asterisk))).from_subquery(some, "some").to_owned();
    let row = app.rows().query_one(&count).await?;
    let found: i64 = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
    let found = found.unsigned_abs();
    Ok(Count { number: Ord::min(found, COUNTED), is_least: found > COUNTED })
}

/// Has a dead job tried again, as if it had never been: at once, with all of its attempts. Its unique key is not given back: beside
/// one that was written meanwhile it runs all the same, and handlers bear that.
///
/// A photo that was given up with its original kept is `PROCESSING` again, so that `media.process` finds something to do.
///
/// # Errors
/// Conflict if the job is not dead.
pub async fn retry(app: &App, actor: Actor, id: Uuid) -> Result<job::Model> {
    let mut tx = app.begin().await?;
    let row = locked(&tx, id).await?;
    if row.state != State::Dead {
        return Err(Error::conflict(
            "jobId",
            "Only a dead job can be retried: this one is still to be run, or running.",
        ));
    }
    revive(&mut tx, &row).await?;
    operator::note(&tx, actor, "job.retry", &format!("{} {id}", row.name)).await?;
    let revived = locked(&tx, id).await?;
    tx.commit().await?;
    Ok(revived)
}

/// Has up to `first` dead jobs tried again, the oldest first: of this name and queue, or of all. Says how many, and whether more
/// are left.
pub async fn retry_all(
    app: &App,
    actor: Actor,
    queue: Option<Queue>,
    name: Option<&str>,
    first: usize,
) -> Result<(usize, bool)> {
    let first = Ord::min(first, RETRIED);
    let mut tx = app.begin().await?;
    let oldest = dead(queue, name).order_by_asc(job::Column::Id).limit(first as u64 + 1).lock_exclusive();
    let mut rows = oldest.all(tx.rows()).await?;
    let more = rows.len() > first;
    rows.truncate(first);
    for row in &rows {
        revive(&mut tx, row).await?;
    }
    if !rows.is_empty() {
        let what = format!("{} of {}", rows.len(), name.or(queue.map(Queue::as_str)).unwrap_or("all"));
        operator::note(&tx, actor, "job.retry_all", &what).await?;
    }
    tx.commit().await?;
    Ok((rows.len(), more))
}

/// Takes a job out of the ledger that waits or is dead: it will not be done. A photo that waits for it is `FAILED`, its original
/// kept. Recurring jobs are planned anew for their next time.
///
/// # Errors
/// Conflict if it runs: nobody could say how far it has come.
pub async fn cancel(app: &App, actor: Actor, id: Uuid) -> Result<()> {
    let mut tx = app.begin().await?;
    let row = locked(&tx, id).await?;
    let gone = job::Entity::delete_many()
        .filter(job::Column::Id.eq(id))
        .filter(job::Column::State.ne(State::Running))
        .exec(tx.rows())
        .await?;
    if gone.rows_affected == 0 {
        return Err(Error::conflict("jobId", "It runs right now. Wait until it has ended, or pause its queue first."));
    }
    if let Some(media_id) = photo_of(&row) {
        media::give_up_within(&mut tx, media_id).await?;
    }
    operator::note(&tx, actor, "job.cancel", &format!("{} {id}", row.name)).await?;
    tx.commit().await
}

async fn locked(tx: &Transaction<'_>, id: Uuid) -> Result<job::Model> {
    let found = job::Entity::find_by_id(id).lock_exclusive().one(tx.rows()).await?;
    found.ok_or_else(|| Error::not_found("jobId", "job"))
}

async fn revive(tx: &mut Transaction<'_>, row: &job::Model) -> Result<()> {
    let change = job::ActiveModel {
        id: Set(row.id),
        state: Set(State::Queued),
        attempts: Set(0),
        run_at: Set(tx.app().clock.now()),
        lease_until: Set(None),
        ..Default::default()
    };
    job::Entity::update(change).exec(tx.rows()).await?;
    if let Some(media_id) = photo_of(row) {
        media::take_up_again(tx, media_id).await?;
    }
    if let Some(queue) = Queue::parse(&row.queue) {
        tx.announce(queue, row.id);
    }
    Ok(())
}

/// The photo that a job makes, which waits for it.
fn photo_of(row: &job::Model) -> Option<Uuid> {
    let is_processing = row.name == ProcessMedia::NAME;
    let payload = is_processing.then(|| serde_json::from_value::<ProcessMedia>(row.payload.clone()).ok());
    Some(payload.flatten()?.media_id)
}

/// Dead jobs, by an index that holds no others. The state is written out, not bound: so the databases know that it does.
fn dead(queue: Option<Queue>, name: Option<&str>) -> Select<job::Entity> {
    let is_dead = Expr::col(job::Column::State).eq(Expr::Constant("dead".into()));
    named(name).filter(is_dead).apply_if(queue, |query, queue| query.filter(job::Column::Queue.eq(queue.as_str())))
}

fn named(name: Option<&str>) -> Select<job::Entity> {
    job::Entity::find().apply_if(name, |query, name| query.filter(job::Column::Name.eq(name)))
}

fn queues_of(filter: &Filter) -> impl Iterator<Item = Queue> {
    let wanted = filter.queue;
    Queue::ALL.into_iter().filter(move |queue| wanted.is_none_or(|wanted| wanted == *queue))
}
