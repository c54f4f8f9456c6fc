//! Whom comments mention.

use std::collections::HashMap;

use darkroom_entity::{account, comment_mention, post};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::{text, visibility};

/// The people whom a text mentions, in its order: those who are there, whom its author may see, and who may see the post.
/// Nobody is drawn into what is not for them.
pub(super) async fn mentioned(app: &App, author: Uuid, post_id: Uuid, text: &str) -> Result<Vec<Uuid>> {
    let names = text::mentions(text);
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let named: Vec<(Uuid, String)> = account::Entity::find()
        .select_only()
        .columns([account::Column::Id, account::Column::UsernameKey])
        .filter(account::Column::UsernameKey.is_in(names.clone()))
        .filter(visibility::people(account::Column::Id, Some(author)))
        .into_tuple()
        .all(app.rows())
        .await?;
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let audience = named.iter().fold(Condition::any(), |any, (id, _)| {
        let seen = Query::select()
            .expr(Expr::value(1))
            .from(post::Entity)
            .and_where(post::Column::Id.eq(post_id))
            .cond_where(visibility::posts(Some(*id)))
            .to_owned();
        any.add(Condition::all().add(account::Column::Id.eq(*id)).add(Expr::exists(seen)))
    });
    let mut people: Vec<(Uuid, String)> = account::Entity::find()
        .select_only()
        .columns([account::Column::Id, account::Column::UsernameKey])
        .filter(audience)
        .into_tuple()
        .all(app.rows())
        .await?;
    people.sort_by_key(|(_, name)| names.iter().position(|known| known == name));
    Ok(people.into_iter().map(|(id, _)| id).collect())
}

/// The people whom these comments mention and whom the viewer may see, in the order of their texts.
pub async fn mentions_of(
    app: &App,
    viewer: Option<Uuid>,
    comment_ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<account::Model>>> {
    let named = mentioned_in(app, comment_ids).await?;
    let ids: Vec<Uuid> = named.values().flatten().copied().collect();
    let people = crate::account::by_ids(app, viewer, &ids).await?;
    Ok(known(named, &people))
}

/// Whom these comments mention, in the order of their texts, whoever may see them.
pub async fn mentioned_in(app: &App, comment_ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<Uuid>>> {
    let places = comment_mention::Entity::find()
        .filter(comment_mention::Column::CommentId.is_in(comment_ids.iter().copied()))
        .order_by_asc(comment_mention::Column::Position)
        .all(app.rows())
        .await?;
    let mut named: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for place in places {
        named.entry(place.comment_id).or_default().push(place.account_id);
    }
    Ok(named)
}

/// Of those whom comments mention the people who were found.
pub fn known(
    named: HashMap<Uuid, Vec<Uuid>>,
    people: &HashMap<Uuid, account::Model>,
) -> HashMap<Uuid, Vec<account::Model>> {
    let found = |ids: Vec<Uuid>| ids.iter().filter_map(|id| people.get(id).cloned()).collect();
    named.into_iter().map(|(comment, ids)| (comment, found(ids))).collect()
}
