//! Who of those whom an event concerns is told.

use darkroom_entity::notification::Kind;
use darkroom_entity::{account, comment, post};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::key::About;
use super::occasion::Occasion;
use super::setting;
use crate::app::App;
use crate::error::Result;
use crate::visibility;

/// Everyone who is told, with the most specific kind that they want, in the order of their ids: two jobs that tell the
/// same people must not lock crosswise.
pub(super) async fn choose(app: &App, occasion: &Occasion) -> Result<Vec<(Uuid, Kind)>> {
    let mut told = Vec::new();
    for one in &occasion.addressed {
        for kind in &one.kinds {
            if is_told(app, occasion.actor_id, occasion.about, one.recipient_id, *kind).await? {
                told.push((one.recipient_id, *kind));
                break;
            }
        }
    }
    told.sort_unstable_by_key(|(recipient, _)| *recipient);
    Ok(told)
}

/// One query for everything that may stand in the way.
async fn is_told(app: &App, actor_id: Uuid, about: About, recipient_id: Uuid, kind: Kind) -> Result<bool> {
    let found = account::Entity::find()
        .select_only()
        .column(account::Column::Id)
        .filter(account::Column::Id.eq(actor_id))
        .filter(visibility::senders(recipient_id))
        .filter(setting::wanted(recipient_id, actor_id, kind))
        .filter(is_seen(about, recipient_id))
        .into_tuple::<Uuid>()
        .one(app.rows())
        .await?;
    Ok(found.is_some())
}

/// Whether the recipient sees what it is about. A condition without columns of the query's own.
fn is_seen(about: About, recipient_id: Uuid) -> Condition {
    let row = match (about.comment_id, about.post_id) {
        (Some(comment_id), _) => Query::select()
            .expr(Expr::value(1))
            .from(comment::Entity)
            .and_where(comment::Column::Id.eq(comment_id))
            .cond_where(visibility::comments(Some(recipient_id)))
            .to_owned(),
        (None, Some(post_id)) => Query::select()
            .expr(Expr::value(1))
            .from(post::Entity)
            .and_where(post::Column::Id.eq(post_id))
            .cond_where(visibility::posts(Some(recipient_id)))
            .to_owned(),
        (None, None) => return Condition::all(),
    };
    Condition::all().add(Expr::exists(row))
}
