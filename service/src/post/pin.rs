//! Posts that stand first on their author's profile.

use std::collections::HashMap;

use darkroom_entity::post::{self, State};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::write::own_in;
use crate::app::App;
use crate::error::{Error, Result};
use crate::session::Viewer;
use crate::{account as people, visibility};

/// How many one person can have.
pub const PINNED_MOST: u64 = 3;

/// Pins one of the viewer's published posts, at most [`PINNED_MOST`]. Doing it twice changes nothing.
pub async fn pin(app: &App, viewer: &Viewer, post_id: Uuid) -> Result<post::Model> {
    let tx = app.begin().await?;
    let row = own_in(&tx, viewer, post_id).await?;
    if row.state != State::Published {
        return Err(Error::conflict("postId", "Only a published post can be pinned."));
    }
    if row.pinned_at.is_some() {
        return Ok(row);
    }
    // Two of a person's posts that are pinned at the same moment count each other.
    people::lock(&tx, &[viewer.id()]).await?;
    let pinned = post::Entity::find()
        .filter(post::Column::AuthorId.eq(viewer.id()))
        .filter(post::Column::PinnedAt.is_not_null())
        .count(tx.rows())
        .await?;
    if pinned >= PINNED_MOST {
        return Err(Error::conflict("postId", format!("At most {PINNED_MOST} posts can be pinned. Unpin one first.")));
    }
    let change = post::ActiveModel {
        id: Set(row.id),
        pinned_at: Set(Some(app.clock.now())),
        card_revision: Set(row.card_revision + 1),
        ..Default::default()
    };
    let row = post::Entity::update(change).exec(tx.rows()).await?;
    tx.commit().await?;
    Ok(row)
}

/// Unpins one of the viewer's posts. Doing it twice changes nothing.
pub async fn unpin(app: &App, viewer: &Viewer, post_id: Uuid) -> Result<post::Model> {
    let tx = app.begin().await?;
    let row = own_in(&tx, viewer, post_id).await?;
    let change = post::ActiveModel {
        id: Set(row.id),
        pinned_at: Set(None),
        card_revision: Set(row.card_revision + 1),
        ..Default::default()
    };
    let row = post::Entity::update(change).exec(tx.rows()).await?;
    tx.commit().await?;
    Ok(row)
}

/// The pinned posts of these people that this viewer may see, the last pinned first: at most [`PINNED_MOST`] a person.
pub async fn pinned_by(app: &App, viewer: Option<Uuid>, authors: &[Uuid]) -> Result<HashMap<Uuid, Vec<post::Model>>> {
    let rows = post::Entity::find()
        .filter(post::Column::AuthorId.is_in(authors.iter().copied()))
        .filter(post::Column::PinnedAt.is_not_null())
        .filter(visibility::posts(viewer))
        .order_by_desc(post::Column::PinnedAt)
        .order_by_desc(post::Column::Id)
        .all(app.rows())
        .await?;
    let mut by_author: HashMap<Uuid, Vec<post::Model>> = HashMap::new();
    for row in rows {
        by_author.entry(row.author_id).or_default().push(row);
    }
    Ok(by_author)
}
