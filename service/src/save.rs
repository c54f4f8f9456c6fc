//! Posts that people keep, for themselves alone.

use std::collections::HashSet;

use darkroom_entity::{collection_post, post, saved_post};
use sea_orm::sea_query::{LockType, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Result};
use crate::page::{Page, PageRequest};
use crate::ranking::{self, Signal};
use crate::session::Viewer;
use crate::transaction::Transaction;
use crate::{post as posts, visibility};

/// Saves a post that the viewer may see. Doing it twice changes nothing.
pub async fn save(app: &App, viewer: &Viewer, post_id: Uuid) -> Result<post::Model> {
    let tx = app.begin().await?;
    let post = keep(&tx, viewer, post_id).await?;
    tx.commit().await?;
    Ok(post)
}

/// Saves a post and holds both rows until the transaction ends: the post, so that it does not go meanwhile and leave what
/// its purge has missed; the save, so that nobody puts into a collection what is being unsaved.
pub(crate) async fn keep(tx: &Transaction<'_>, viewer: &Viewer, post_id: Uuid) -> Result<post::Model> {
    let post = post::Entity::find_by_id(post_id)
        .filter(visibility::posts(Some(viewer.id())))
        // Against its end only: those who like it or comment on it don't wait.
        .lock(LockType::KeyShare)
        .one(tx.rows())
        .await?
        .ok_or_else(|| Error::not_found("postId", "post"))?;
    let clock = &tx.app().clock;
    let id = clock.new_id();
    let row = saved_post::ActiveModel {
        account_id: Set(viewer.id()),
        post_id: Set(post_id),
        id: Set(id),
        created_at: Set(clock.now()),
    };
    let saved = saved_post::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([saved_post::Column::AccountId, saved_post::Column::PostId])
                // Changes nothing, and locks the row that is there.
                .update_column(saved_post::Column::AccountId)
                .to_owned(),
        )
        .exec_with_returning(tx.rows())
        .await?;
    if saved.id == id {
        ranking::note_post(tx, viewer, Signal::Saved, post_id).await?;
    }
    Ok(post)
}

/// Saves a post no longer, and takes it out of the viewer's collections. Doing it twice changes nothing.
pub async fn unsave(app: &App, viewer: &Viewer, post_id: Uuid) -> Result<post::Model> {
    let tx = app.begin().await?;
    let post = posts::visible_in(tx.rows(), viewer, post_id).await?;
    // First, since whoever puts it into a collection holds it.
    let removed = saved_post::Entity::delete_by_id((viewer.id(), post_id)).exec_with_returning(tx.rows()).await?;
    if let Some(save) = removed {
        ranking::take_back(&tx, viewer, viewer.id(), Signal::Saved, post_id, save.created_at).await?;
    }
    collection_post::Entity::delete_many()
        .filter(collection_post::Column::AccountId.eq(viewer.id()))
        .filter(collection_post::Column::PostId.eq(post_id))
        .exec(tx.rows())
        .await?;
    tx.commit().await?;
    Ok(post)
}

/// Which of these posts the viewer has saved: a bounded number.
pub async fn saved_among(app: &App, viewer: Uuid, posts: &[Uuid]) -> Result<HashSet<Uuid>> {
    let rows: Vec<Uuid> = saved_post::Entity::find()
        .select_only()
        .column(saved_post::Column::PostId)
        .filter(saved_post::Column::AccountId.eq(viewer))
        .filter(saved_post::Column::PostId.is_in(posts.iter().copied()))
        .into_tuple()
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().collect())
}

/// What the viewer has saved and may still see, the last saved first: the save's id and the post's.
pub async fn list(app: &App, viewer: &Viewer, page: PageRequest) -> Result<Page<(Uuid, Uuid)>> {
    let mut query = saved_post::Entity::find()
        .select_only()
        .columns([saved_post::Column::Id, saved_post::Column::PostId])
        .filter(saved_post::Column::AccountId.eq(viewer.id()))
        .filter(visibility::of_posts(saved_post::Column::PostId, Some(viewer.id())))
        .order_by_desc(saved_post::Column::Id)
        .limit(page.first as u64 + 1);
    if let Some(after) = page.after {
        query = query.filter(saved_post::Column::Id.lt(after));
    }
    Ok(Page::cut(query.into_tuple().all(app.rows()).await?, page.first))
}
