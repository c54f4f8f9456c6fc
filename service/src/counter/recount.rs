//! Comparing counters with what they count.
//!
//! A page of rows is looked at in one statement, which sees counter and counted at the same moment; so what differs there
//! is wrong. It is repaired in a transaction of its own that locks the row first: no change of what is counted ends
//! without that row, so what is counted under the lock stays so until the commit.

use std::collections::BTreeMap;

use darkroom_entity::{account, comment, comment_like, follow, post, post_like, story, story_view};
use sea_orm::sea_query::{Alias, Asterisk, Expr, ExprTrait, Func, Query, SelectStatement};
use sea_orm::sea_query::{DynIden, IntoIden, LockType, Order};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityName, QueryResult};
use uuid::Uuid;

use super::{Counter, Table, note_drift};
use crate::app::App;
use crate::error::Result;
use crate::job::Recount;

/// Rows of one page.
const PAGE: u64 = 500;

/// What one statement counts at most, as far as the counters say, unless a single row has more: one statement must not run
/// into its time-out because many popular posts stand side by side.
const WEIGHT: i64 = 200_000;

/// Pages of one job.
const PAGES: usize = 20;

/// Where a recount goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// In which table.
    pub table: Table,
    /// After which row.
    pub after: Option<Uuid>,
}

impl Default for Place {
    /// The beginning.
    fn default() -> Self {
        Self { table: Table::ALL[0], after: None }
    }
}

/// How many counters of each kind were wrong, and are right now. Kinds of which none was are left out.
pub type Recounted = BTreeMap<Counter, u64>;

/// Counts everything anew: for operators. Writers may go on meanwhile.
pub async fn recount(app: &App) -> Result<Recounted> {
    let mut wrong = Recounted::new();
    let mut place = Some(Place::default());
    while let Some(here) = place {
        place = recount_page(app, here, &mut wrong).await?;
    }
    Ok(wrong)
}

/// One job's share of a recount; the job of the next share is written at its end. A second run counts the same again and
/// finds nothing wrong.
pub async fn recount_pages(app: &App, place: Place) -> Result<Recounted> {
    let mut wrong = Recounted::new();
    let mut next = Some(place);
    for _ in 0..PAGES {
        let Some(here) = next else { break };
        next = recount_page(app, here, &mut wrong).await?;
    }
    if let Some(Place { table, after }) = next {
        let mut tx = app.begin().await?;
        tx.enqueue(&Recount { table: Some(table), after }).await?;
        tx.commit().await?;
    }
    Ok(wrong)
}

/// Counts one page anew, adds what was wrong to `wrong`, and says where to go on.
pub async fn recount_page(app: &App, place: Place, wrong: &mut Recounted) -> Result<Option<Place>> {
    let Place { table, after } = place;
    let rows = app.rows().query_all(&page(table, after)).await?;
    let rows = rows.iter().map(|row| stored(table, row)).collect::<Result<Vec<_>>>()?;
    for ids in by_weight(&rows) {
        let looked = look(app.rows(), table, &ids).await?;
        for row in looked.iter().filter(|row| row.counters.iter().any(Compared::is_wrong)) {
            repair(app, table, row.id, wrong).await?;
        }
    }
    Ok(match rows.last() {
        Some((last, _)) if rows.len() as u64 == PAGE => Some(Place { table, after: Some(*last) }),
        _ => table.next().map(|table| Place { table, after: None }),
    })
}

/// Locks one row, counts, and writes what is right.
async fn repair(app: &App, table: Table, id: Uuid, wrong: &mut Recounted) -> Result<()> {
    let tx = app.begin().await?;
    let mut lock = Query::select();
    lock.column(id_column(table)).from(name(table)).and_where(Expr::col(id_column(table)).eq(id));
    lock.lock(LockType::NoKeyUpdate);
    // In a statement of its own: the next one sees what was committed until the lock was there.
    if tx.rows().query_one(&lock).await?.is_none() {
        return Ok(());
    }
    let looked = look(tx.rows(), table, &[id]).await?;
    let differing: Vec<Compared> = looked.into_iter().flat_map(|row| row.counters).filter(Compared::is_wrong).collect();
    if differing.is_empty() {
        return Ok(());
    }
    let mut update = Query::update();
    update.table(name(table)).and_where(Expr::col(id_column(table)).eq(id));
    for compared in &differing {
        update.value(column(compared.counter), compared.counted);
    }
    tx.rows().execute(&update).await?;
    tx.commit().await?;
    for Compared { counter, stored, counted } in differing {
        *wrong.entry(counter).or_default() += 1;
        let counter_drift_total = note_drift(counter);
        tracing::warn!(counter = counter.name(), %id, stored, counted, counter_drift_total, "a counter was wrong");
    }
    Ok(())
}

/// A counter beside what is there.
struct Compared {
    counter: Counter,
    stored: i64,
    counted: i64,
}

impl Compared {
    fn is_wrong(&self) -> bool {
        self.stored != self.counted
    }
}

/// A row's counters beside what is there.
struct Looked {
    id: Uuid,
    counters: Vec<Compared>,
}

/// Reads counters and counts, of these rows, in one statement.
async fn look(rows: &impl ConnectionTrait, table: Table, ids: &[Uuid]) -> Result<Vec<Looked>> {
    let mut select = Query::select();
    select.expr_as(Expr::col(id_column(table)), "id").from(name(table));
    for counter in table.counters() {
        select.expr_as(Expr::col((name(table), column(*counter))), format!("stored_{}", *counter as usize));
        let counted = Expr::SubQuery(None, Box::new(counting(*counter).into()));
        select.expr_as(counted, format!("counted_{}", *counter as usize));
    }
    select.and_where(Expr::col(id_column(table)).is_in(ids.iter().copied()));
    let found = rows.query_all(&select).await?;
    found.iter().map(|row| looked(table, row)).collect()
}

fn looked(table: Table, row: &QueryResult) -> Result<Looked> {
    let compare = |counter: &Counter| {
        Ok(Compared {
            counter: *counter,
            stored: row.try_get("", &format!("stored_{}", *counter as usize))?,
            counted: row.try_get("", &format!("counted_{}", *counter as usize))?,
        })
    };
    let counters = table.counters().iter().map(compare).collect::<Result<_>>()?;
    Ok(Looked { id: row.try_get("", "id")?, counters })
}

/// A page of ids with their counters, in the order of ids.
fn page(table: Table, after: Option<Uuid>) -> SelectStatement {
    let mut select = Query::select();
    select.expr_as(Expr::col(id_column(table)), "id").from(name(table));
    for counter in table.counters() {
        select.expr_as(Expr::col((name(table), column(*counter))), format!("stored_{}", *counter as usize));
    }
    if let Some(after) = after {
        select.and_where(Expr::col(id_column(table)).gt(after));
    }
    select.order_by(id_column(table), Order::Asc).limit(PAGE).to_owned()
}

/// A row's id and how much there is to count for it, as far as it says.
fn stored(table: Table, row: &QueryResult) -> Result<(Uuid, i64)> {
    let mut weight: i64 = 1;
    for counter in table.counters() {
        let stored: i64 = row.try_get("", &format!("stored_{}", *counter as usize))?;
        weight = weight.saturating_add(Ord::max(stored, 0));
    }
    Ok((row.try_get("", "id")?, weight))
}

/// The rows in runs that one statement counts.
fn by_weight(rows: &[(Uuid, i64)]) -> Vec<Vec<Uuid>> {
    let mut runs: Vec<Vec<Uuid>> = Vec::new();
    let mut sum: i64 = 0;
    for (id, weight) in rows {
        sum = sum.saturating_add(*weight);
        match runs.last_mut() {
            Some(run) if sum <= WEIGHT => run.push(*id),
            _ => {
                runs.push(vec![*id]);
                sum = *weight;
            }
        }
    }
    runs
}

/// What a counter counts, of the row of the query around it.
fn counting(counter: Counter) -> SelectStatement {
    let this = Expr::col(id_column(table_of(counter)));
    let mut select = Query::select();
    select.expr(Func::count(Expr::col(Asterisk)));
    match counter {
        Counter::AccountFollowers => {
            let accepted = follow::Column::State.eq(follow::State::Accepted);
            select.from(follow::Entity).and_where(follow::Column::FolloweeId.into_expr().eq(this)).and_where(accepted)
        }
        Counter::AccountFollowing => {
            let accepted = follow::Column::State.eq(follow::State::Accepted);
            select.from(follow::Entity).and_where(follow::Column::FollowerId.into_expr().eq(this)).and_where(accepted)
        }
        Counter::AccountPosts => {
            let published = post::Column::State.eq(post::State::Published);
            select.from(post::Entity).and_where(post::Column::AuthorId.into_expr().eq(this)).and_where(published)
        }
        Counter::PostLikes => select.from(post_like::Entity).and_where(post_like::Column::PostId.into_expr().eq(this)),
        Counter::PostComments => select
            .from(comment::Entity)
            .and_where(comment::Column::PostId.into_expr().eq(this))
            .cond_where(Condition::any().add(comment::Column::ThreadId.is_null()).add(has_top())),
        Counter::CommentLikes => {
            select.from(comment_like::Entity).and_where(comment_like::Column::CommentId.into_expr().eq(this))
        }
        // The table stands twice in the statement: the replies go by another name.
        Counter::CommentReplies => {
            let reply = Alias::new("reply");
            select
                .from_as(comment::Entity, reply.clone())
                .and_where(Expr::col((reply, comment::Column::ThreadId)).eq(this))
        }
        Counter::StoryViewers => {
            select.from(story_view::Entity).and_where(story_view::Column::StoryId.into_expr().eq(this))
        }
    };
    select
}

/// Whether the comment that a reply is below is there.
fn has_top() -> Expr {
    let top = Alias::new("top");
    let row = Query::select()
        .expr(Expr::value(1))
        .from_as(comment::Entity, top.clone())
        .and_where(Expr::col((top, comment::Column::Id)).eq(Expr::col((comment::Entity, comment::Column::ThreadId))))
        .to_owned();
    Expr::exists(row)
}

fn table_of(counter: Counter) -> Table {
    Table::ALL.into_iter().find(|table| table.counters().contains(&counter)).unwrap_or(Table::Account)
}

fn name(table: Table) -> DynIden {
    match table {
        Table::Account => account::Entity.table_name().into_iden(),
        Table::Post => post::Entity.table_name().into_iden(),
        Table::Comment => comment::Entity.table_name().into_iden(),
        Table::Story => story::Entity.table_name().into_iden(),
    }
}

fn id_column(table: Table) -> (DynIden, Alias) {
    (name(table), Alias::new("id"))
}

fn column(counter: Counter) -> DynIden {
    match counter {
        Counter::AccountFollowers => account::Column::FollowerCount.into_iden(),
        Counter::AccountFollowing => account::Column::FollowingCount.into_iden(),
        Counter::AccountPosts => account::Column::PostCount.into_iden(),
        Counter::PostLikes => post::Column::LikeCount.into_iden(),
        Counter::PostComments => post::Column::CommentCount.into_iden(),
        Counter::CommentLikes => comment::Column::LikeCount.into_iden(),
        Counter::CommentReplies => comment::Column::ReplyCount.into_iden(),
        Counter::StoryViewers => story::Column::ViewerCount.into_iden(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_bounded_and_lose_nobody() {
        let rows: Vec<(Uuid, i64)> = [1, 1, WEIGHT, 1, WEIGHT * 9, i64::MAX, 5]
            .into_iter()
            .zip(1..)
            .map(|(w, n)| (Uuid::from_u128(n), w))
            .collect();
        let runs = by_weight(&rows);
        let lengths: Vec<usize> = runs.iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 1, 1, 1, 1, 1]);
        assert_eq!(runs.concat(), rows.iter().map(|(id, _)| *id).collect::<Vec<_>>());
        assert!(by_weight(&[]).is_empty());
    }
}
