//! The feed: a viewer's own posts and those of the people they follow, newest first.
//!
//! The timeline holds ids only, in order. What stands in the feed is decided by the query that fetches the posts, so a
//! timeline can be out of date only by lacking something. It therefore holds everything that the people followed have ever
//! published, whether it is to be seen at the moment or not (muted, archived, for close friends, by a suspended person):
//! what is to be seen again is there already. What remains is following, and that is what its epoch is for: following
//! counts it up, and a timeline of an earlier epoch is not read. `revise` brings it up to the new one; without a timeline
//! the database answers at once, and the timeline is built meanwhile.
//!
//! People with very many followers are not pushed to each of them: see `pull`.
//!
//! Older than the window the database answers too, by the same order, so that there is no seam: the window holds every
//! id down to its end.

mod audit;
mod build;
mod pull;
mod revise;

use std::time::Instant;

use darkroom_entity::post;
use darkroom_platform::redis::RedisError;
pub use darkroom_platform::timelines::Window;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use crate::app::App;
use crate::card::{self, Marked};
use crate::error::{Error, Result};
use crate::id_map::IdMap;
use crate::page::{Page, PageRequest};
use crate::session::Viewer;
use crate::{ranking, sight, visibility};

pub use audit::{audit, audit_of, missing};
pub(crate) use build::Rebuilds;
pub use pull::{change_delivery, pulled_among_followees};
pub(crate) use pull::{consider, is_pulled};
pub(crate) use revise::{Change, revise_in_background};

/// Most ids of a timeline that one query looks at.
const LOOK: usize = 500;

/// A page of the viewer's feed, newest first.
pub async fn following(app: &App, viewer: &Viewer, page: PageRequest) -> Result<Page<Marked>> {
    let begun = Instant::now();
    if page.after.is_none() {
        ranking::opened(app, viewer);
    }
    let page = match read_or_build(app, viewer).await? {
        // Boxed, as below.
        Some(window) => Box::pin(from_window(app, viewer.id(), &window, page)).await,
        None => Box::pin(from_database(app, viewer.id(), page)).await,
    }?;
    sight::feed("following", begun);
    Ok(page)
}

/// The newest ids of the viewer's feed, newest first: from their timeline, or from the database where there is none (which
/// is built meanwhile). At most `feed.window`, complete down to [`Window::end`].
///
/// Ids of the timeline, not of the feed: what does not stand in the feed at the moment is among them, and the
/// query that fetches the posts passes over it.
pub async fn window(app: &App, viewer: &Viewer) -> Result<Window> {
    if let Some(window) = read_or_build(app, viewer).await? {
        return Ok(window);
    }
    let ids = build::ids_of(app, visibility::timeline(viewer.id())).await?;
    let end = (ids.len() >= app.config.feed.window).then(|| ids.last().copied()).flatten();
    Ok(Window { ids, end, pulled: Vec::new() })
}

/// Has the viewer's timeline built, if it is not there, and waits for it.
pub(crate) async fn prepare(app: &App, viewer: &Viewer) -> Result<()> {
    build::now(app, viewer.id(), viewer.account.timeline_epoch).await
}

/// The viewer's timeline with the posts of those who are pulled; if it can't be had now, it is built behind this request. For
/// somebody who is only presumed nothing is built: they may be of an epoch that has passed.
async fn read_or_build(app: &App, viewer: &Viewer) -> Result<Option<Window>> {
    let epoch = viewer.account.timeline_epoch;
    // Boxed: the future of a resolver contains those of all that it calls, and the compiler follows so many only.
    match Box::pin(read(app, viewer.id(), epoch)).await {
        Ok(Ok(window)) => {
            sight::timeline("hit");
            return Ok(Some(window));
        }
        Ok(Err(_)) if app.owed.is_some() => return Err(Error::Unauthenticated),
        Ok(Err(absent)) => {
            sight::timeline("miss");
            match absent {
                Absent::Timeline => build::in_background(app, viewer.id(), epoch),
                Absent::Authors(authors) => build::authors_in_background(app, authors),
            }
        }
        Err(error) => {
            sight::timeline("away");
            tracing::debug!(%error, "timelines are away; the database answers");
        }
    }
    Ok(None)
}

/// Why a timeline can't be read.
enum Absent {
    /// It is not there, not complete or out of date.
    Timeline,
    /// It is, but not those of these authors, who are pulled.
    Authors(Vec<Uuid>),
}

async fn read(app: &App, account: Uuid, epoch: i64) -> Result<Result<Window, Absent>, RedisError> {
    match app.timelines.read(account, epoch).await? {
        Some(window) => pull::join(app, window).await,
        None => Ok(Err(Absent::Timeline)),
    }
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
    if let Some(end) = window.end {
        let after = page.after.map_or(end, |after| after.min(end));
        posts.extend(older(app, viewer, Some(after), wanted - posts.len()).await?);
    }
    Ok(Page::cut(posts, page.first))
}

/// Those of these posts that stand in the feed now, in the order of `ids`.
pub(crate) async fn visible(app: &App, viewer: Uuid, ids: &[Uuid]) -> Result<Vec<Marked>> {
    let rows = card::marked_in_feed(app, viewer, ids).await?;
    let mut rows: IdMap<Marked> = rows.into_iter().map(|row| (row.card.id, row)).collect();
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

/// The newest of the feed below a post, past the timeline.
pub(crate) async fn older(app: &App, viewer: Uuid, after: Option<Uuid>, limit: usize) -> Result<Vec<Marked>> {
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
