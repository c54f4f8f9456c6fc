//! Building timelines, behind the requests that missed them.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use darkroom_entity::post;
use darkroom_platform::timelines::of_author;
use sea_orm::{Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::pull;
use crate::app::App;
use crate::error::{Error, Result};
use crate::visibility;

/// Timelines that one process builds at once: each reads a window of ids from the database.
const BUILDS_AT_ONCE: usize = 4;

/// Timelines that this process works on, each once.
pub(crate) struct Rebuilds {
    under_way: Mutex<HashSet<Uuid>>,
    pub(super) permits: Semaphore,
}

impl Default for Rebuilds {
    fn default() -> Self {
        Self { under_way: Mutex::default(), permits: Semaphore::new(BUILDS_AT_ONCE) }
    }
}

/// A timeline that this process works on; others leave it alone until this is dropped.
pub(super) struct Turn {
    app: App,
    timeline: Uuid,
}

impl Turn {
    /// `None` if somebody is at it.
    pub(super) fn take(app: &App, timeline: Uuid) -> Option<Self> {
        let mut under_way = app.rebuilds.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.insert(timeline).then(|| Self { app: app.at_truth().into_owned(), timeline })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.app.rebuilds.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.timeline);
    }
}

/// Builds a person's timeline. If it fails, the next request tries again.
pub(super) fn in_background(app: &App, account: Uuid, epoch: i64) {
    let Some(turn) = Turn::take(app, account) else { return };
    let (app, tasks) = (app.at_truth().into_owned(), app.tasks.clone());
    tasks.spawn(async move {
        if let Err(error) = build(&app, account, epoch).await {
            tracing::debug!(%error, "a timeline was not built");
        }
        drop(turn);
    });
}

/// Builds a person's timeline, unless it is there or somebody is at it.
pub(super) async fn now(app: &App, account: Uuid, epoch: i64) -> Result<()> {
    if app.timelines.stands(account, epoch).await? {
        return Ok(());
    }
    let Some(_turn) = Turn::take(app, account) else { return Ok(()) };
    build(app, account, epoch).await
}

/// Builds the timelines of pulled authors, one after the other.
pub(super) fn authors_in_background(app: &App, authors: Vec<Uuid>) {
    let turns: Vec<(Uuid, Turn)> =
        authors.into_iter().filter_map(|author| Some((author, Turn::take(app, of_author(author))?))).collect();
    if turns.is_empty() {
        return;
    }
    let (app, tasks) = (app.at_truth().into_owned(), app.tasks.clone());
    tasks.spawn(async move {
        for (author, turn) in turns {
            if let Err(error) = build_of_author(&app, author).await {
                tracing::debug!(%error, "an author's timeline was not built");
            }
            drop(turn);
        }
    });
}

/// Builds a timeline: announced first, read from the database second, so that what is published in between is pushed to
/// it; made complete last. The same goes for who is pulled: whoever is found not to be is marked in it later.
async fn build(app: &App, account: Uuid, epoch: i64) -> Result<()> {
    let _permit = app.rebuilds.permits.acquire().await.map_err(Error::internal)?;
    let token = app.timelines.begin(account, epoch).await?;
    let pulled = pull::pulled_among_followees(app, account, pull::MOST as u64 + 1).await?;
    if pulled.len() > pull::MOST {
        tracing::debug!("a person follows too many who are pulled for a timeline");
        return Ok(app.timelines.forget(account).await?);
    }
    let ids = ids_of(app, visibility::timeline(account)).await?;
    app.timelines.finish(account, &token, &ids, &pulled).await?;
    Ok(())
}

/// The same for what one author posts.
async fn build_of_author(app: &App, author: Uuid) -> Result<()> {
    let _permit = app.rebuilds.permits.acquire().await.map_err(Error::internal)?;
    let timeline = of_author(author);
    let token = app.timelines.begin(timeline, 0).await?;
    let ids = ids_of(app, visibility::released_by(author)).await?;
    app.timelines.finish(timeline, &token, &ids, &[]).await?;
    Ok(())
}

/// The newest ids of these posts, as many as a timeline holds.
pub(super) async fn ids_of(app: &App, posts: Condition) -> Result<Vec<Uuid>> {
    let ids = post::Entity::find()
        .select_only()
        .column(post::Column::Id)
        .filter(posts)
        .order_by_desc(post::Column::Id)
        .limit(app.config.feed.window as u64)
        .into_tuple();
    Ok(ids.all(app.rows()).await?)
}
