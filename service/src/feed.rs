//! The feed: a viewer's own posts and those of the people they follow, newest first.
//!
//! The timeline holds ids only, in order. What stands in the feed is decided by the query that fetches the posts, so a
//! timeline can be out of date only by lacking something. It therefore holds everything that the people followed have ever
//! published, whether it is to be seen at the moment or not (muted, archived, for close friends, by a suspended person):
//! what is to be seen again is there already. What remains is following, and that is what its epoch is for: following
//! counts it up, and a timeline built for an earlier epoch is not read. Without a timeline the database answers at once,
//! and the timeline is built meanwhile.
//!
//! Older than the window the database answers too, by the same order, so that there is no seam: the window holds every
//! id above its oldest.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use darkroom_entity::post;
use darkroom_platform::timelines::Window;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::app::App;
use crate::card::{self, Marked};
use crate::error::{Error, Result};
use crate::page::{Page, PageRequest};
use crate::session::Viewer;
use crate::visibility;

/// Timelines that one process builds at once: each reads a window of ids from the database.
const BUILDS_AT_ONCE: usize = 4;

/// Most ids of a timeline that one query looks at.
const LOOK: usize = 500;

/// Timelines that are being built by this process, each once.
pub(crate) struct Rebuilds {
    under_way: Mutex<HashSet<Uuid>>,
    permits: Semaphore,
}

impl Default for Rebuilds {
    fn default() -> Self {
        Self { under_way: Mutex::default(), permits: Semaphore::new(BUILDS_AT_ONCE) }
    }
}

/// A page of the viewer's feed, newest first.
pub async fn following(app: &App, viewer: &Viewer, page: PageRequest) -> Result<Page<Marked>> {
    let epoch = viewer.account.timeline_epoch;
    let window = match app.timelines.read(viewer.id(), epoch).await {
        Ok(Some(window)) => window,
        Ok(None) => {
            build_in_background(app, viewer.id(), epoch);
            return from_database(app, viewer.id(), page).await;
        }
        Err(error) => {
            tracing::debug!(%error, "timelines are away; the database answers");
            return from_database(app, viewer.id(), page).await;
        }
    };
    from_window(app, viewer.id(), &window, page).await
}

/// Fills the page from the window's ids, and from the database where the window ends.
async fn from_window(app: &App, viewer: Uuid, window: &Window, page: PageRequest) -> Result<Page<Marked>> {
    let wanted = page.first + 1;
    let begin = page.after.map_or(0, |after| window.ids.partition_point(|id| *id >= after));
    let mut posts: Vec<Marked> = Vec::with_capacity(wanted);
    // Most ids are still there to be seen, so one batch nearly always fills the page. Where it does not, as with a muted
    // person who posts much, batches grow.
    let (mut ids, mut length) = (&window.ids[begin..], wanted);
    while !ids.is_empty() {
        let (batch, rest) = ids.split_at(length.min(ids.len()));
        posts.extend(visible(app, viewer, batch).await?);
        if posts.len() >= wanted {
            return Ok(Page::cut(posts, page.first));
        }
        (ids, length) = (rest, (length * 2).min(LOOK));
    }
    if window.full {
        let floor = window.ids.last().copied();
        let after = match (page.after, floor) {
            (Some(after), Some(floor)) => Some(after.min(floor)),
            (after, floor) => after.or(floor),
        };
        posts.extend(older(app, viewer, after, wanted - posts.len()).await?);
    }
    Ok(Page::cut(posts, page.first))
}

/// Those of these posts that stand in the feed now, in the order of `ids`.
async fn visible(app: &App, viewer: Uuid, ids: &[Uuid]) -> Result<Vec<Marked>> {
    let standing =
        post::Entity::find().filter(post::Column::Id.is_in(ids.iter().copied())).filter(visibility::feed(viewer));
    let rows = card::marked(app, viewer, standing).await?;
    let mut rows: HashMap<Uuid, Marked> = rows.into_iter().map(|row| (row.card.id, row)).collect();
    Ok(ids.iter().filter_map(|id| rows.remove(id)).collect())
}

async fn from_database(app: &App, viewer: Uuid, page: PageRequest) -> Result<Page<Marked>> {
    Ok(Page::cut(older(app, viewer, page.after, page.first + 1).await?, page.first))
}

/// The newest posts of a person's feed, up to `limit`, past their timeline: for those who hold no account that is up to
/// date.
pub async fn newest(app: &App, viewer: Uuid, limit: usize) -> Result<Vec<post::Model>> {
    Ok(below(viewer, None, limit).all(app.rows()).await?)
}

async fn older(app: &App, viewer: Uuid, after: Option<Uuid>, limit: usize) -> Result<Vec<Marked>> {
    card::marked(app, viewer, below(viewer, after, limit)).await
}

/// The query for the newest posts of the feed below an id.
fn below(viewer: Uuid, after: Option<Uuid>, limit: usize) -> Select<post::Entity> {
    let mut query =
        post::Entity::find().filter(visibility::feed(viewer)).order_by_desc(post::Column::Id).limit(limit as u64);
    if let Some(after) = after {
        query = query.filter(post::Column::Id.lt(after));
    }
    query
}

/// Builds a timeline behind the request that missed it. If it fails, the next request tries again.
fn build_in_background(app: &App, account: Uuid, epoch: i64) {
    if !app.rebuilds.under_way.lock().unwrap_or_else(PoisonError::into_inner).insert(account) {
        return;
    }
    let app = app.clone();
    let tasks = app.tasks.clone();
    tasks.spawn(async move {
        let built = build(&app, account, epoch).await;
        app.rebuilds.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&account);
        if let Err(error) = built {
            tracing::debug!(%error, "a timeline was not built");
        }
    });
}

/// Builds a timeline: announced first, read from the database second, so that what is published in between is pushed to
/// it; made complete last.
async fn build(app: &App, account: Uuid, epoch: i64) -> Result<()> {
    let _permit = app.rebuilds.permits.acquire().await.map_err(Error::internal)?;
    let token = app.timelines.begin(account, epoch).await?;
    let ids: Vec<Uuid> = post::Entity::find()
        .select_only()
        .column(post::Column::Id)
        .filter(visibility::timeline(account))
        .order_by_desc(post::Column::Id)
        .limit(app.config.feed.window as u64)
        .into_tuple()
        .all(app.rows())
        .await?;
    app.timelines.finish(account, &token, &ids).await?;
    Ok(())
}
