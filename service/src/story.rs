//! Stories: photos that live for a day.
//!
//! Every query asks whether the day is over; the delayed job and the hourly sweep only clean up.

mod tray;

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use darkroom_entity::audience::Audience;
use darkroom_entity::{media, story, story_view};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Result};
use crate::job::ExpireStory;
use crate::media as photos;
use crate::page::{Page, PageRequest};
use crate::ranking::{self, Signal};
use crate::session::Viewer;
use crate::transaction::Transaction;
use crate::visibility;

pub use tray::{Reel, ReelKey, tray};

/// Stories that one transaction of the sweep ends.
const SWEEP_BATCH: u64 = 200;

/// Batches of one run of the sweep.
const SWEEP_BATCHES: usize = 50;

/// Live stories of one person that are shown.
const STORIES_PER_PERSON: u64 = 100;

/// Shows one of the viewer's own free photos as a story, for a day from now.
pub async fn create(app: &App, viewer: &Viewer, media_id: Uuid, audience: Audience) -> Result<story::Model> {
    if let Some(id) = app.done_before() {
        let there = by_ids(app, Some(viewer.id()), &[id]).await?.remove(&id);
        return there.ok_or_else(|| Error::not_found("storyId", "story"));
    }
    let mut tx = app.begin().await?;
    let now = app.clock.now();
    let expires_at = now + TimeDelta::hours(i64::from(app.config.story.ttl_hours));
    photos::attach(&tx, viewer.id(), &[media_id], media::Attachment::Story, "mediaId").await?;
    // No link to its bytes outlives it.
    media::Entity::update_many()
        .set(media::ActiveModel { expires_at: Set(Some(expires_at)), ..Default::default() })
        .filter(media::Column::Id.eq(media_id))
        .exec(tx.rows())
        .await?;
    let row = story::Model {
        id: app.clock.new_id(),
        author_id: viewer.id(),
        media_id,
        viewer_count: 0,
        created_at: now,
        audience,
        expires_at,
    };
    story::Entity::insert(story::ActiveModel::from(row.clone())).exec_without_returning(tx.rows()).await?;
    tx.enqueue_at(&ExpireStory { story_id: row.id }, expires_at).await?;
    tx.outcome(row.id);
    tx.commit().await?;
    Ok(row)
}

/// Deletes one of the viewer's stories.
pub async fn delete(app: &App, viewer: &Viewer, story_id: Uuid) -> Result<()> {
    if app.done_before().is_some() {
        return Ok(());
    }
    let mut tx = app.begin().await?;
    let row = visible_in(&tx, viewer, story_id).await?;
    if row.author_id != viewer.id() {
        return Err(Error::forbidden("storyId", "Only its author may do this."));
    }
    end(&mut tx, &[row]).await?;
    tx.outcome(story_id);
    tx.commit().await
}

/// Notes that the viewer has seen a story. Doing it twice, or to one's own, changes nothing.
pub async fn mark_viewed(app: &App, viewer: &Viewer, story_id: Uuid) -> Result<story::Model> {
    let tx = app.begin().await?;
    let row = visible_in(&tx, viewer, story_id).await?;
    if row.author_id == viewer.id() {
        return Ok(row);
    }
    let view = story_view::ActiveModel {
        story_id: Set(story_id),
        viewer_id: Set(viewer.id()),
        id: Set(app.clock.new_id()),
        viewed_at: Set(app.clock.now()),
    };
    let written = story_view::Entity::insert(view)
        .on_conflict(
            OnConflict::columns([story_view::Column::StoryId, story_view::Column::ViewerId]).do_nothing().to_owned(),
        )
        .exec_without_returning(tx.rows())
        .await?;
    if written > 0 {
        if viewer.account.is_personalised {
            let (by, at) = (viewer.id(), app.clock.now());
            ranking::note_author(tx.rows(), by, Signal::Viewed, row.author_id, at).await?;
        }
        story::Entity::update_many()
            .col_expr(story::Column::ViewerCount, Expr::col(story::Column::ViewerCount).add(1))
            .filter(story::Column::Id.eq(story_id))
            .exec(tx.rows())
            .await?;
    }
    let row = visible_in(&tx, viewer, story_id).await?;
    tx.commit().await?;
    Ok(row)
}

async fn visible_in(tx: &Transaction<'_>, viewer: &Viewer, story_id: Uuid) -> Result<story::Model> {
    story::Entity::find_by_id(story_id)
        .filter(visibility::stories(Some(viewer.id()), tx.app().clock.now()))
        .one(tx.rows())
        .await?
        .ok_or_else(|| Error::not_found("storyId", "story"))
}

/// The stories with these ids that this viewer may see now: a bounded number, in no order.
pub async fn by_ids(app: &App, viewer: Option<Uuid>, ids: &[Uuid]) -> Result<HashMap<Uuid, story::Model>> {
    let rows = story::Entity::find()
        .filter(story::Column::Id.is_in(ids.iter().copied()))
        .filter(visibility::stories(viewer, app.clock.now()))
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// The live stories of these people that this viewer may see, oldest first, as they are watched.
pub async fn by_authors(app: &App, viewer: Option<Uuid>, authors: &[Uuid]) -> Result<HashMap<Uuid, Vec<story::Model>>> {
    let rows = story::Entity::find()
        .filter(story::Column::AuthorId.is_in(authors.iter().copied()))
        .filter(visibility::stories(viewer, app.clock.now()))
        .order_by_asc(story::Column::Id)
        .limit(STORIES_PER_PERSON * authors.len() as u64)
        .all(app.rows())
        .await?;
    let mut by_author: HashMap<Uuid, Vec<story::Model>> = HashMap::new();
    for row in rows {
        by_author.entry(row.author_id).or_default().push(row);
    }
    Ok(by_author)
}

/// Which of these stories the viewer has seen: a bounded number.
pub async fn seen_among(app: &App, viewer: Uuid, stories: &[Uuid]) -> Result<HashSet<Uuid>> {
    let rows: Vec<Uuid> = story_view::Entity::find()
        .select_only()
        .column(story_view::Column::StoryId)
        .filter(story_view::Column::ViewerId.eq(viewer))
        .filter(story_view::Column::StoryId.is_in(stories.iter().copied()))
        .into_tuple()
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().collect())
}

/// Who has seen one of the viewer's own stories, the latest first: the view's id and the person's.
pub async fn viewers(app: &App, viewer: &Viewer, row: &story::Model, page: PageRequest) -> Result<Page<(Uuid, Uuid)>> {
    if row.author_id != viewer.id() {
        return Ok(Page::empty());
    }
    let mut query = story_view::Entity::find()
        .select_only()
        .columns([story_view::Column::Id, story_view::Column::ViewerId])
        .filter(story_view::Column::StoryId.eq(row.id))
        .filter(visibility::people(story_view::Column::ViewerId, Some(viewer.id())))
        .order_by_desc(story_view::Column::Id)
        .limit(page.first as u64 + 1);
    if let Some(after) = page.after {
        query = query.filter(story_view::Column::Id.lt(after));
    }
    Ok(Page::cut(query.into_tuple().all(app.rows()).await?, page.first))
}

/// Ends a story whose day is over. A second run changes nothing.
pub async fn expire(app: &App, story_id: Uuid) -> Result<()> {
    let mut tx = app.begin().await?;
    let Some(row) = story::Entity::find_by_id(story_id).one(tx.rows()).await? else { return Ok(()) };
    if row.expires_at > app.clock.now() {
        return Err(Error::internal("a story was to be ended before its time"));
    }
    end(&mut tx, &[row]).await?;
    tx.commit().await
}

/// Ends every story whose day is over and whose own job did not do it.
pub async fn sweep(app: &App) -> Result<()> {
    for _ in 0..SWEEP_BATCHES {
        let mut tx = app.begin().await?;
        let over = story::Entity::find()
            .filter(story::Column::ExpiresAt.lte(app.clock.now()))
            .order_by_asc(story::Column::ExpiresAt)
            .limit(SWEEP_BATCH)
            .all(tx.rows())
            .await?;
        let last = (over.len() as u64) < SWEEP_BATCH;
        end(&mut tx, &over).await?;
        tx.commit().await?;
        if last {
            break;
        }
    }
    Ok(())
}

/// Removes stories and what they show; the objects go by a job that makes sure.
async fn end(tx: &mut Transaction<'_>, stories: &[story::Model]) -> Result<()> {
    if stories.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = stories.iter().map(|row| row.id).collect();
    let media: Vec<Uuid> = stories.iter().map(|row| row.media_id).collect();
    story::Entity::delete_many().filter(story::Column::Id.is_in(ids)).exec(tx.rows()).await?;
    photos::delete(tx, &media).await
}
