//! Noting what was read.

use darkroom_entity::notification;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::session::Viewer;

/// Rows that one transaction marks.
const BATCH: u64 = 1000;

/// Marks everything of the viewer's up to and including `up_to` as read; without it, everything that is there now. A second
/// time changes nothing.
///
/// `up_to` is a place in time: it need not be there any more. The batches are transactions of their own, so that a long
/// list holds up nobody; each makes what it marked true at once.
pub async fn mark_read(app: &App, viewer: &Viewer, up_to: Option<Uuid>) -> Result<()> {
    let Some(up_to) = (match up_to {
        Some(id) => Some(id),
        None => newest(app, viewer).await?,
    }) else {
        return Ok(());
    };
    let now = app.clock.now();
    loop {
        let unread: Vec<Uuid> = notification::Entity::find()
            .select_only()
            .column(notification::Column::Id)
            .filter(notification::Column::RecipientId.eq(viewer.id()))
            .filter(notification::Column::ReadAt.is_null())
            .filter(notification::Column::Id.lte(up_to))
            .order_by_asc(notification::Column::Id)
            .limit(BATCH)
            .into_tuple()
            .all(app.rows())
            .await?;
        let last = (unread.len() as u64) < BATCH;
        if !unread.is_empty() {
            let tx = app.begin().await?;
            notification::Entity::update_many()
                .set(notification::ActiveModel { read_at: Set(Some(now)), ..Default::default() })
                .filter(notification::Column::Id.is_in(unread))
                .filter(notification::Column::ReadAt.is_null())
                .exec(tx.rows())
                .await?;
            tx.commit().await?;
        }
        if last {
            return Ok(());
        }
    }
}

async fn newest(app: &App, viewer: &Viewer) -> Result<Option<Uuid>> {
    Ok(notification::Entity::find()
        .select_only()
        .column(notification::Column::Id)
        .filter(notification::Column::RecipientId.eq(viewer.id()))
        .order_by_desc(notification::Column::Id)
        .limit(1)
        .into_tuple()
        .one(app.rows())
        .await?)
}
