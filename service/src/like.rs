//! Likes of posts.

use std::collections::HashSet;

use darkroom_entity::{post, post_like};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::notification::{self, Event};
use crate::post as posts;
use crate::session::Viewer;
use crate::transaction::Transaction;

/// Likes a post that the viewer may see. Doing it twice changes nothing.
pub async fn like(app: &App, viewer: &Viewer, post_id: Uuid) -> Result<post::Model> {
    let mut tx = app.begin().await?;
    posts::visible_in(tx.rows(), viewer, post_id).await?;
    let row = post_like::ActiveModel {
        post_id: Set(post_id),
        account_id: Set(viewer.id()),
        id: Set(app.clock.new_id()),
        created_at: Set(app.clock.now()),
    };
    let written = post_like::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([post_like::Column::PostId, post_like::Column::AccountId]).do_nothing().to_owned(),
        )
        .exec_without_returning(tx.rows())
        .await?;
    if written > 0 {
        notification::tell(&mut tx, Event::PostLiked { post_id, actor_id: viewer.id() }).await?;
    }
    finish(tx, viewer, post_id, written as i64).await
}

/// Takes a like back. Doing it twice changes nothing.
pub async fn unlike(app: &App, viewer: &Viewer, post_id: Uuid) -> Result<post::Model> {
    let mut tx = app.begin().await?;
    posts::visible_in(tx.rows(), viewer, post_id).await?;
    let removed = post_like::Entity::delete_by_id((post_id, viewer.id())).exec(tx.rows()).await?;
    if removed.rows_affected > 0 {
        notification::withdraw(&mut tx, Event::PostLiked { post_id, actor_id: viewer.id() }).await?;
    }
    finish(tx, viewer, post_id, -(removed.rows_affected as i64)).await
}

/// Counts in the transaction of what is counted.
async fn finish(tx: Transaction<'_>, viewer: &Viewer, post_id: Uuid, by: i64) -> Result<post::Model> {
    if by != 0 {
        post::Entity::update_many()
            .col_expr(post::Column::LikeCount, Expr::col(post::Column::LikeCount).add(by))
            .filter(post::Column::Id.eq(post_id))
            .exec(tx.rows())
            .await?;
    }
    let post = posts::visible_in(tx.rows(), viewer, post_id).await?;
    tx.commit().await?;
    Ok(post)
}

/// Which of these posts the viewer likes: a bounded number.
pub async fn liked_among(app: &App, viewer: Uuid, posts: &[Uuid]) -> Result<HashSet<Uuid>> {
    let rows: Vec<Uuid> = post_like::Entity::find()
        .select_only()
        .column(post_like::Column::PostId)
        .filter(post_like::Column::AccountId.eq(viewer))
        .filter(post_like::Column::PostId.is_in(posts.iter().copied()))
        .into_tuple()
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().collect())
}
