//! What people have seen, and for how long: it tells how good a post is, and what they care for.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use darkroom_entity::{impression, post, post_impression};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, LockType, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, TryInsertResult};
use uuid::Uuid;

use super::affinity::{Gains, Signal};
use super::topic;
use crate::app::App;
use crate::error::{Error, Result};
use crate::session::Viewer;
use crate::transaction::Transaction;
use crate::{live, purge};

/// Impressions of one batch.
pub const MOST_IMPRESSIONS: usize = 100;

/// Within so long one person counts once for one post. What was seen before is not taken any more.
const ONCE_WITHIN: TimeDelta = TimeDelta::days(7);

/// A longer look counts as one of so long, milliseconds: the phone lay on the table.
const LONGEST_MS: i64 = 60_000;

/// A look from which one can tell interest, milliseconds, and one that says all that a look can say.
const TELLING_MS: i64 = 2_000;
const FULL_MS: i64 = 30_000;

/// That a person saw a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Impression {
    /// Which post.
    pub post_id: Uuid,
    /// When it came into view; now if left out.
    pub seen_at: Option<DateTime<Utc>>,
    /// How long it stayed there, milliseconds.
    pub dwell_ms: i64,
}

/// One look at one post.
struct Look {
    dwell_ms: i64,
    seen_at: DateTime<Utc>,
}

/// Notes what the viewer has seen, and says how many posts it counts for. One person counts once for a post within a week,
/// however often it is sent. What the viewer may not see counts for nothing, as what does not exist; nor do their own posts,
/// what was seen more than a week ago, and anything of those who have opted out.
///
/// # Errors
/// Invalid are more than [`MOST_IMPRESSIONS`], and a dwell below nought.
pub async fn record(app: &App, viewer: &Viewer, impressions: &[Impression]) -> Result<u64> {
    if impressions.len() > MOST_IMPRESSIONS {
        let message = format!("A batch holds up to {MOST_IMPRESSIONS} impressions.");
        return Err(Error::invalid("impressions", message));
    }
    if impressions.iter().any(|one| one.dwell_ms < 0) {
        return Err(Error::invalid("impressions", "A dwell is not below nought."));
    }
    if impressions.is_empty() || !viewer.account.is_personalised {
        return Ok(0);
    }
    let now = app.clock.now();
    let mut looks: BTreeMap<Uuid, Look> = BTreeMap::new();
    for one in impressions {
        let seen_at = Ord::min(one.seen_at.unwrap_or(now), now);
        if now - seen_at < ONCE_WITHIN {
            let look = looks.entry(one.post_id).or_insert(Look { dwell_ms: 0, seen_at });
            look.dwell_ms = Ord::min(look.dwell_ms.saturating_add(one.dwell_ms), LONGEST_MS);
        }
    }
    let tx = app.begin().await?;
    let ids: Vec<Uuid> = looks.keys().copied().collect();
    let topics = topic::of(tx.rows(), viewer.id(), &ids).await?;
    looks.retain(|id, _| topics.get(id).is_some_and(|topic| topic.author_id != viewer.id()));
    let first = first_seen(&tx, viewer.id(), looks.keys().copied()).await?;
    looks.retain(|id, _| first.contains(id));
    let mut gains = Gains::default();
    for (id, look) in looks.iter().filter(|(_, look)| look.dwell_ms >= TELLING_MS) {
        let part = Ord::min(look.dwell_ms, FULL_MS) as f64 / FULL_MS as f64;
        if let Some(topic) = topics.get(id) {
            gains.add_signal(Signal::Dwelled(part), topic, look.seen_at);
        }
    }
    gains.write(tx.rows(), viewer.id()).await?;
    add_up(&tx, &looks).await?;
    tx.commit().await?;
    Ok(looks.len() as u64)
}

/// Notes that the viewer has seen these posts; returns those of which that was not known.
async fn first_seen(
    tx: &Transaction<'_>,
    viewer: Uuid,
    posts: impl ExactSizeIterator<Item = Uuid>,
) -> Result<HashSet<Uuid>> {
    let clock = &tx.app().clock;
    if posts.len() == 0 {
        return Ok(HashSet::new());
    }
    let rows = posts.map(|post_id| impression::ActiveModel {
        account_id: Set(viewer),
        post_id: Set(post_id),
        id: Set(clock.new_id()),
    });
    let key = [impression::Column::AccountId, impression::Column::PostId];
    let written = impression::Entity::insert_many(rows)
        .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
        .try_insert()
        .exec_with_returning_keys(tx.rows())
        .await?;
    Ok(match written {
        TryInsertResult::Inserted(keys) => keys.into_iter().map(|(_, post_id)| post_id).collect(),
        TryInsertResult::Empty | TryInsertResult::Conflicted => HashSet::new(),
    })
}

/// Adds these looks to what their posts have had. The rows are everybody's, so it comes last, in the order of their ids.
async fn add_up(tx: &Transaction<'_>, looks: &BTreeMap<Uuid, Look>) -> Result<()> {
    if looks.is_empty() {
        return Ok(());
    }
    // Held, so that none of them goes meanwhile.
    let there: Vec<Uuid> = post::Entity::find()
        .select_only()
        .column(post::Column::Id)
        .filter(post::Column::Id.is_in(looks.keys().copied()))
        .order_by_asc(post::Column::Id)
        .lock(LockType::KeyShare)
        .into_tuple()
        .all(tx.rows())
        .await?;
    let rows: Vec<post_impression::ActiveModel> = there
        .iter()
        .filter_map(|id| {
            let dwell_ms = looks.get(id)?.dwell_ms;
            Some(post_impression::ActiveModel { post_id: Set(*id), seen: Set(1), dwell_ms: Set(dwell_ms) })
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let sum = |column: post_impression::Column| {
        Expr::col((post_impression::Entity, column)).add(Expr::col((Alias::new("excluded"), column)))
    };
    let added = [post_impression::Column::Seen, post_impression::Column::DwellMs].map(|column| (column, sum(column)));
    post_impression::Entity::insert_many(rows)
        .on_conflict(OnConflict::column(post_impression::Column::PostId).values(added).to_owned())
        .exec_without_returning(tx.rows())
        .await?;
    Ok(())
}

/// Removes a bounded number of notes of who has seen what, which are older than they count; says whether there may be more.
pub async fn sweep(app: &App) -> Result<bool> {
    let (id, old) = (impression::Column::Id, live::place_of(app.clock.now() - ONCE_WITHIN));
    purge::below::<impression::Entity>(app, id, old, id).await
}
