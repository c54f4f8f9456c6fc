//! Whether timelines are right: a sample is compared with the database, and what lacks something is built anew.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::TimeDelta;
use darkroom_entity::{account, post};
use darkroom_platform::metrics;
use darkroom_platform::timelines::of_author;
use rand::Rng;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{build, pull};
use crate::app::App;
use crate::error::Result;
use crate::visibility;

/// A post that was published so lately may still be on its way.
const ON_ITS_WAY: TimeDelta = TimeDelta::minutes(10);

static MISSING: AtomicU64 = AtomicU64::new(0);

/// How many posts this process has found missing from timelines since its start: the metric `darkroom_feed_missing_total`.
/// Anything but nought is a fault.
pub fn missing() -> u64 {
    MISSING.load(Ordering::Relaxed)
}

/// A person whose timeline may be looked at.
type Person = (Uuid, i64);

/// Compares the timelines of `feed.audit_sample` people, a run of neighbours from a place drawn by lot, and says how many
/// posts were missing. People without a timeline have nothing to compare.
pub async fn audit(app: &App) -> Result<u64> {
    let mut missing = 0;
    for (account, epoch) in sample(app, app.config.feed.audit_sample).await? {
        missing += audit_person(app, account, epoch).await?;
    }
    Ok(missing)
}

/// The same for one person.
pub async fn audit_of(app: &App, account: &account::Model) -> Result<u64> {
    audit_person(app, account.id, account.timeline_epoch).await
}

async fn sample(app: &App, size: u64) -> Result<Vec<Person>> {
    if size == 0 {
        return Ok(Vec::new());
    }
    let people = || {
        account::Entity::find()
            .select_only()
            .columns([account::Column::Id, account::Column::TimelineEpoch])
            .order_by_asc(account::Column::Id)
    };
    let Some((first, _)) = people().limit(1).into_tuple::<Person>().one(app.rows()).await? else {
        return Ok(Vec::new());
    };
    // Ids begin with their time, so a moment is a place among them.
    let now = app.clock.new_id().as_u128();
    let place = Uuid::from_u128(rand::rng().random_range(first.as_u128()..=now.max(first.as_u128())));
    let mut sample: Vec<Person> =
        people().filter(account::Column::Id.gte(place)).limit(size).into_tuple().all(app.rows()).await?;
    if let Some(rest) = size.checked_sub(sample.len() as u64).filter(|rest| *rest > 0) {
        let earlier = people().filter(account::Column::Id.lt(place)).limit(rest).into_tuple::<Person>();
        sample.extend(earlier.all(app.rows()).await?);
    }
    Ok(sample)
}

/// The database is asked first and the timeline read second: what is published in between is in the second only, and no
/// false alarm. A follow in between shows in the epoch.
async fn audit_person(app: &App, account: Uuid, epoch: i64) -> Result<u64> {
    if !app.timelines.stands(account, epoch).await? {
        return Ok(0);
    }
    let expected = build::ids_of(app, visibility::timeline(account)).await?;
    let Some(window) = app.timelines.peek(account, epoch).await? else { return Ok(0) };
    let Ok(window) = pull::join(app, window).await? else { return Ok(0) };
    let end = window.end.unwrap_or_default();
    let held: HashSet<Uuid> = window.ids.into_iter().collect();
    let missing: Vec<Uuid> = expected.into_iter().filter(|id| *id >= end && !held.contains(id)).collect();
    if missing.is_empty() {
        return Ok(0);
    }
    let still = account::Entity::find_by_id(account)
        .filter(account::Column::TimelineEpoch.eq(epoch))
        .select_only()
        .column(account::Column::Id)
        .into_tuple::<Uuid>()
        .one(app.rows())
        .await?;
    let authors: Vec<Uuid> = post::Entity::find()
        .select_only()
        .column(post::Column::AuthorId)
        .filter(post::Column::Id.is_in(missing))
        .filter(post::Column::PublishedAt.lte(app.clock.now() - ON_ITS_WAY))
        .into_tuple()
        .all(app.rows())
        .await?;
    if still.is_none() || authors.is_empty() {
        return Ok(0);
    }
    let found = authors.len() as u64;
    metrics::record(|metrics| _ = metrics.feed_missing.inc_by(found));
    let total = MISSING.fetch_add(found, Ordering::Relaxed) + found;
    tracing::error!(%account, missing = found, feed_missing_total = total, "posts were missing from a timeline; it is built anew");
    app.timelines.forget(account).await?;
    for author in authors.into_iter().collect::<HashSet<Uuid>>() {
        if pull::is_pulled(app, author).await? {
            app.timelines.forget(of_author(author)).await?;
        }
    }
    Ok(found)
}
