//! Pages of the ranked feed.

use std::time::Instant;

use chrono::TimeDelta;
use uuid::Uuid;

use super::order::{current, shown_for};
use super::score::Reason;
use super::snapshot::Snapshot;
use super::{habit, order};
use crate::app::App;
use crate::card::Marked;
use crate::error::Result;
use crate::feed;
use crate::id_map::IdMap;
use crate::page::{Page, PageRequest};
use crate::session::Viewer;
use crate::sight;

/// Most ids of a snapshot that one query looks at.
const LOOK: usize = 500;

/// Posts of a page, as long as nothing is known of the viewer.
const PAGE_LENGTH: u8 = 20;

/// Where a post stands in a ranked feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a snapshot.
    In {
        /// Which one.
        snapshot: Uuid,
        /// Its place there, from nought.
        position: u16,
        /// The newest post of that snapshot: what is newer has come since.
        newest: Uuid,
    },
    /// Below the ranked window, or where nothing is ranked: by time, at this post.
    By(Uuid),
}

/// A post in a ranked feed.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The post.
    pub post: Marked,
    /// Where it stands.
    pub place: Place,
    /// Why: the parts of its score, and their sum. None where the feed goes by time.
    pub reasons: Option<([Reason; 5], f64)>,
}

/// A page of a ranked feed.
#[derive(Debug, Clone)]
pub struct Ranked {
    /// The posts.
    pub page: Page<Placed>,
    /// Whether the place after which it was to begin is not there any more, so that this is the first page of a new order.
    pub restarted: bool,
    /// How many posts a page of this viewer's should hold, 10–30.
    pub page_length: u8,
}

/// A page of the viewer's ranked feed: `first` posts after a place.
///
/// Without a place it begins in the latest order, which is made anew when something has come, or half an hour after it was made.
/// A place goes on in its own order, whatever has come since: each post comes once. An order is kept for twice as long as it is
/// shown; after a place in one that has gone, or is somebody else's, the feed begins anew, and says so.
pub async fn feed(app: &App, viewer: &Viewer, first: usize, after: Option<Place>) -> Result<Ranked> {
    let begun = Instant::now();
    let page = Box::pin(read(app, viewer, first, after)).await?;
    sight::feed("ranked", begun);
    Ok(page)
}

async fn read(app: &App, viewer: &Viewer, first: usize, after: Option<Place>) -> Result<Ranked> {
    let restarted = match after {
        None => {
            habit::opened(app, viewer);
            false
        }
        Some(Place::By(id)) => return by_time(app, viewer, PageRequest { first, after: Some(id) }, false).await,
        Some(Place::In { snapshot: id, position, .. }) => {
            if let Some(snapshot) = kept(app, viewer.id(), id).await {
                let from = usize::from(position) + 1;
                return Box::pin(from_snapshot(app, viewer, id, &snapshot, (first, from), false)).await;
            }
            true
        }
    };
    let window = Box::pin(feed::window(app, viewer)).await?;
    match Box::pin(current(app, viewer, window, shown_for(app))).await? {
        Some((id, snapshot)) => Box::pin(from_snapshot(app, viewer, id, &snapshot, (first, 0), restarted)).await,
        None => by_time(app, viewer, PageRequest::first(first), restarted).await,
    }
}

/// The viewer's snapshot of that id, if it is there and young enough.
async fn kept(app: &App, viewer: Uuid, id: Uuid) -> Option<Snapshot> {
    let bytes = match app.snapshots.get(viewer, id).await {
        Ok(bytes) => bytes?,
        Err(error) => {
            tracing::debug!(%error, "snapshots are away; the feed begins anew");
            return None;
        }
    };
    let most: TimeDelta = order::shown_for(app) * 2;
    Snapshot::read(&bytes).filter(|snapshot| app.clock.now() - snapshot.head.made_at < most)
}

/// Fills the page from a snapshot, and from below the window where that ends.
async fn from_snapshot(
    app: &App,
    viewer: &Viewer,
    id: Uuid,
    snapshot: &Snapshot,
    (first, from): (usize, usize),
    restarted: bool,
) -> Result<Ranked> {
    let wanted = first + 1;
    let mut posts: Vec<Placed> = Vec::with_capacity(wanted);
    // As with the timeline: most are still there to be seen, and where they are not, batches grow.
    let (mut from, mut length) = (from.min(snapshot.len()), wanted);
    while from < snapshot.len() && posts.len() < wanted {
        let until = (from + length).min(snapshot.len());
        let ids = snapshot.ids(from..until);
        let places: IdMap<usize> = ids.iter().copied().zip(from..until).collect();
        let visible = feed::visible(app, viewer.id(), &ids).await?;
        posts.extend(visible.into_iter().filter_map(|post| {
            let at = *places.get(&post.card.id)?;
            let place = Place::In { snapshot: id, position: u16::try_from(at).ok()?, newest: snapshot.head.newest };
            Some(Placed { post, place, reasons: Some(snapshot.reasons(at)) })
        }));
        (from, length) = (until, (length * 2).min(LOOK));
    }
    if let Some(end) = snapshot.head.end.filter(|_| posts.len() < wanted) {
        let below = feed::older(app, viewer.id(), Some(end), wanted - posts.len()).await?;
        posts.extend(below.into_iter().map(placed_by_time));
    }
    Ok(Ranked { page: Page::cut(posts, first), restarted, page_length: snapshot.head.page_length })
}

async fn by_time(app: &App, viewer: &Viewer, page: PageRequest, restarted: bool) -> Result<Ranked> {
    let page = Box::pin(feed::following(app, viewer, page)).await?.map(placed_by_time);
    Ok(Ranked { page, restarted, page_length: PAGE_LENGTH })
}

fn placed_by_time(post: Marked) -> Placed {
    Placed { place: Place::By(post.card.id), post, reasons: None }
}
