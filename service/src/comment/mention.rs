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
    let places = comment_mention::Entity::find()
        .filter(comment_mention::Column::CommentId.is_in(comment_ids.iter().copied()))
        .order_by_asc(comment_mention::Column::Position)
        .all(app.rows())
        .await?;
    let ids: Vec<Uuid> = places.iter().map(|place| place.account_id).collect();
    let people = crate::account::by_ids(app, viewer, &ids).await?;
    let mut by_comment: HashMap<Uuid, Vec<account::Model>> = HashMap::new();
    for place in places {
        if let Some(person) = people.get(&place.account_id) {
            by_comment.entry(place.comment_id).or_default().push(person.clone());
        }
    }
    Ok(by_comment)
}
