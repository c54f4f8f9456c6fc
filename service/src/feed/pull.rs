//! Authors with very many followers: their posts are pulled from their own timeline when a follower looks, and not pushed
//! to each of them.
//!
//! A timeline carries marks, the authors whom its reader has to look at. Who becomes one goes through `MARKING`: a walk over
//! all followers puts the mark into their timelines, while posts are still pushed; builds and revisions that read the row
//! put it there themselves. Only when every page is done is the author `PULLED`, and posts go to the author's own timeline
//! alone. The way back is `UNMARKING`: posts are pushed again, and a walk counts up each follower's epoch, so that each
//! timeline is built anew of everything that was published until then; it is short, for there are few followers left. A
//! timeline that still has the mark then looks at one place too many, which is harmless.
//!
//! Every post is pushed to its author's own timeline, whoever they are. It exists only where somebody has looked, and is so
//! never out of date.

use std::sync::Arc;

use darkroom_entity::pulled_author::{self, State};
use darkroom_entity::{account, follow};
use darkroom_platform::redis::RedisError;
use darkroom_platform::timelines::{Window, of_author};
use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::Absent;
use crate::app::App;
use crate::error::Result;
use crate::follow as follows;
use crate::job::ChangeDelivery;

/// Most marks of a timeline that is read: each costs a look. Who follows more such people gets their feed from the database.
pub(super) const MOST: usize = 1000;

/// Adds to a timeline the posts of those who are pulled.
pub(super) async fn join(app: &App, window: Window) -> Result<Result<Window, Absent>, RedisError> {
    if window.pulled.is_empty() {
        return Ok(Ok(window));
    }
    if window.pulled.len() > MOST {
        return Ok(Err(Absent::Timeline));
    }
    let timelines: Vec<Uuid> = window.pulled.iter().copied().map(of_author).collect();
    let found = app.timelines.read_shared(&timelines).await?;
    let absent = window.pulled.iter().zip(&found).filter(|(_, found)| found.is_none()).map(|(author, _)| *author);
    let absent: Vec<Uuid> = absent.collect();
    if !absent.is_empty() {
        return Ok(Err(Absent::Authors(absent)));
    }
    let found: Vec<Arc<Window>> = found.into_iter().flatten().collect();
    Ok(Ok(merged(window, &found, app.config.feed.window)))
}

/// All of these ids in order, as far down as every one of them is complete, and at most so many.
fn merged(own: Window, others: &[Arc<Window>], most: usize) -> Window {
    let mut end = others.iter().filter_map(|window| window.end).chain(own.end).max();
    let reach = end.unwrap_or_default();
    let above = |ids: &[Uuid]| ids[..ids.partition_point(|id| *id >= reach)].to_vec();
    let mut ids = above(&own.ids);
    others.iter().for_each(|window| ids.extend(above(&window.ids)));
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids.dedup();
    if ids.len() > most {
        ids.truncate(most);
        end = ids.last().copied();
    }
    Window { ids, end, pulled: own.pulled }
}

/// Those whom a person follows whose posts are pulled, or on the way to it or back: at most `limit`, in no order.
pub async fn pulled_among_followees(app: &App, account: Uuid, limit: u64) -> Result<Vec<Uuid>> {
    let pulled = Query::select().column(pulled_author::Column::AccountId).from(pulled_author::Entity).to_owned();
    let rows = follow::Entity::find()
        .select_only()
        .column(follow::Column::FolloweeId)
        .filter(follow::Column::FollowerId.eq(account))
        .filter(follow::Column::State.eq(follow::State::Accepted))
        .filter(follow::Column::FolloweeId.in_subquery(pulled))
        .limit(limit)
        .into_tuple();
    Ok(rows.all(app.rows()).await?)
}

async fn state_of(app: &App, author: Uuid) -> Result<Option<State>> {
    Ok(pulled_author::Entity::find_by_id(author).one(app.rows()).await?.map(|row| row.state))
}

/// Whether a timeline needs the mark of this author.
pub(super) async fn is_marked(app: &App, author: Uuid) -> Result<bool> {
    Ok(state_of(app, author).await?.is_some())
}

/// Whether this author's posts are not pushed.
pub(crate) async fn is_pulled(app: &App, author: Uuid) -> Result<bool> {
    Ok(state_of(app, author).await? == Some(State::Pulled))
}

/// Whether the author's posts should be pulled, by how many follow them: above the setting, and once they are, down to four
/// fifths of it, so that nobody goes to and fro.
fn should_be_pulled(followers: i64, above: i64, is_pulled: bool) -> bool {
    if is_pulled { followers.saturating_mul(5) >= above.saturating_mul(4) } else { followers > above }
}

/// Begins to change how an author's posts are delivered, if their number of followers asks for it. Called with each of their
/// posts: it does not matter to anybody else.
pub(crate) async fn consider(app: &App, author: Uuid) -> Result<()> {
    let followers: Option<i64> = account::Entity::find_by_id(author)
        .select_only()
        .column(account::Column::FollowerCount)
        .into_tuple()
        .one(app.rows())
        .await?;
    let Some(followers) = followers else { return Ok(()) };
    let state = state_of(app, author).await?;
    let wanted = should_be_pulled(followers, app.config.feed.pull_above, state == Some(State::Pulled));
    match state {
        None if wanted => begin_marking(app, author).await,
        Some(State::Pulled) if !wanted => begin_unmarking(app, author).await,
        _ => Ok(()),
    }
}

async fn begin_marking(app: &App, author_id: Uuid) -> Result<()> {
    let mut tx = app.begin().await?;
    let walk_id = app.clock.new_id();
    let row = pulled_author::ActiveModel {
        account_id: Set(author_id),
        state: Set(State::Marking),
        walk_id: Set(walk_id),
        changed_at: Set(app.clock.now()),
    };
    let written = pulled_author::Entity::insert(row)
        .on_conflict(OnConflict::column(pulled_author::Column::AccountId).do_nothing().to_owned())
        .exec_without_returning(tx.rows())
        .await?;
    if written > 0 {
        tx.enqueue(&ChangeDelivery { author_id, walk_id, after: None }).await?;
    }
    tx.commit().await
}

async fn begin_unmarking(app: &App, author_id: Uuid) -> Result<()> {
    let mut tx = app.begin().await?;
    let walk_id = app.clock.new_id();
    let row = pulled_author::ActiveModel {
        state: Set(State::Unmarking),
        walk_id: Set(walk_id),
        changed_at: Set(app.clock.now()),
        ..Default::default()
    };
    let changed = pulled_author::Entity::update_many()
        .set(row)
        .filter(pulled_author::Column::AccountId.eq(author_id))
        .filter(pulled_author::Column::State.eq(State::Pulled))
        .exec(tx.rows())
        .await?;
    if changed.rows_affected > 0 {
        tx.enqueue(&ChangeDelivery { author_id, walk_id, after: None }).await?;
    }
    tx.commit().await
}

/// One page of a walk over an author's followers; the job of the next page is written when this one is done, so that the last
/// one knows that all are. A second run does the same again.
///
/// Whoever begins to follow meanwhile has a timeline of a new epoch, built or revised by what the author's row says.
pub async fn change_delivery(app: &App, author_id: Uuid, walk_id: Uuid, after: Option<Uuid>) -> Result<()> {
    let row = pulled_author::Entity::find_by_id(author_id)
        .filter(pulled_author::Column::WalkId.eq(walk_id))
        .one(app.rows())
        .await?;
    let Some(row) = row.filter(|row| row.state != State::Pulled) else { return Ok(()) };
    let chunk = usize::try_from(app.config.feed.fan_out_chunk).unwrap_or(1000);
    let page = follows::fan_out_page(app, author_id, after, chunk).await?;
    let followers: Vec<Uuid> = page.iter().map(|follow| follow.account_id).collect();
    if row.state == State::Marking {
        app.timelines.mark(&followers, author_id).await?;
    }
    let mut tx = app.begin().await?;
    if row.state == State::Unmarking {
        expire(&tx, followers).await?;
    }
    if let Some(last) = page.last().filter(|_| page.len() == chunk) {
        tx.enqueue(&ChangeDelivery { author_id, walk_id, after: Some(last.id) }).await?;
    } else {
        end(&tx, &row).await?;
    }
    tx.commit().await
}

/// Makes these people's timelines out of date.
async fn expire(tx: &crate::Transaction<'_>, mut people: Vec<Uuid>) -> Result<()> {
    people.sort_unstable();
    crate::account::lock(tx, &people).await?;
    account::Entity::update_many()
        .col_expr(account::Column::TimelineEpoch, Expr::col(account::Column::TimelineEpoch).add(1))
        .filter(account::Column::Id.is_in(people))
        .exec(tx.rows())
        .await?;
    Ok(())
}

/// Every follower has been met.
async fn end(tx: &crate::Transaction<'_>, row: &pulled_author::Model) -> Result<()> {
    let this = pulled_author::Column::AccountId.eq(row.account_id).and(pulled_author::Column::WalkId.eq(row.walk_id));
    if row.state == State::Unmarking {
        pulled_author::Entity::delete_many().filter(this).exec(tx.rows()).await?;
        return Ok(());
    }
    let pulled = pulled_author::ActiveModel {
        state: Set(State::Pulled),
        changed_at: Set(tx.app().clock.now()),
        ..Default::default()
    };
    pulled_author::Entity::update_many().set(pulled).filter(this).exec(tx.rows()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(ids: impl IntoIterator<Item = u128>, end: Option<u128>) -> Window {
        let ids = ids.into_iter().map(Uuid::from_u128).collect();
        Window { ids, end: end.map(Uuid::from_u128), pulled: Vec::new() }
    }

    #[test]
    fn the_shallowest_of_all_says_how_deep_it_goes() {
        let others = [Arc::new(window([9, 7, 5], Some(4))), Arc::new(window([8, 1], None))];
        assert_eq!(merged(window([10, 7, 3], Some(2)), &others, 20), window([10, 9, 8, 7, 5], Some(4)));
        assert_eq!(merged(window([10, 7, 3], Some(2)), &others, 3), window([10, 9, 8], Some(8)));
        let whole = [Arc::new(window([2], None))];
        assert_eq!(merged(window([3, 1], None), &whole, 20), window([3, 2, 1], None));
    }

    #[test]
    fn nobody_goes_to_and_fro() {
        assert!(!should_be_pulled(10_000, 10_000, false));
        assert!(should_be_pulled(10_001, 10_000, false));
        assert!(should_be_pulled(8_000, 10_000, true));
        assert!(!should_be_pulled(7_999, 10_000, true));
        assert!(should_be_pulled(1, 1, true) && !should_be_pulled(0, 1, true));
    }
}
