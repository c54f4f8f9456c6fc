//! Counting up: what changes a card says so in its own transaction.
//!
//! Verbs that change a post's or a person's own row do it in that statement. Here is what changes a photo, whose card is its
//! post's or its owner's.

use darkroom_entity::media::{self, Attachment};
use darkroom_entity::{account, post, post_media};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter};
use uuid::Uuid;

use crate::error::Result;
use crate::transaction::Transaction;

/// Says that this photo's post looks another way; says whether there is one. It locks the post: whoever changes both takes the
/// post first.
pub(crate) async fn count_posts(tx: &Transaction<'_>, media_id: Uuid) -> Result<bool> {
    let holding = Query::select()
        .column(post_media::Column::PostId)
        .from(post_media::Entity)
        .and_where(post_media::Column::MediaId.eq(media_id))
        .to_owned();
    let counted = post::Entity::update_many()
        .col_expr(post::Column::CardRevision, Expr::col(post::Column::CardRevision).add(1))
        .filter(post::Column::Id.in_subquery(holding))
        .exec(tx.rows())
        .await?;
    Ok(counted.rows_affected > 0)
}

/// Says that the person looks another way whose picture this is, if it is one.
pub(crate) async fn count_authors(tx: &Transaction<'_>, photo: &media::Model) -> Result<()> {
    if photo.attachment != Attachment::Avatar {
        return Ok(());
    }
    account::Entity::update_many()
        .col_expr(account::Column::CardRevision, Expr::col(account::Column::CardRevision).add(1))
        .filter(account::Column::Id.eq(photo.account_id))
        .exec(tx.rows())
        .await?;
    Ok(())
}
