//! What a post is about, as far as signals go.

use std::collections::HashMap;

use darkroom_entity::{media, post, post_media};
use sea_orm::sea_query::{Expr, ExprTrait, IntoCondition};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QuerySelect, RelationDef, Select,
};
use uuid::Uuid;

use crate::error::Result;
use crate::{text, visibility};

/// Hashtags of one post that count: who writes more of them does not say more.
const TAGS: usize = 10;

/// What a post is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Topic {
    pub(super) author_id: Uuid,
    pub(super) hashtags: Vec<String>,
    /// The kind of its first media, by its name in the table.
    pub(super) media: Option<String>,
}

/// What these posts are about, of those that the viewer may see: a bounded number, in one statement.
pub(super) async fn of(rows: &impl ConnectionTrait, viewer: Uuid, posts: &[Uuid]) -> Result<HashMap<Uuid, Topic>> {
    let found: Vec<(Uuid, Uuid, String, Option<media::Kind>)> = with_first_media(post::Entity::find())
        .select_only()
        .columns([post::Column::Id, post::Column::AuthorId, post::Column::Caption])
        .column(media::Column::Kind)
        .filter(post::Column::Id.is_in(posts.iter().copied()))
        .filter(visibility::posts(Some(viewer)))
        .into_tuple()
        .all(rows)
        .await?;
    let topic = |(id, author_id, caption, kind): (Uuid, Uuid, String, Option<media::Kind>)| {
        let hashtags = text::hashtags(&caption).into_iter().take(TAGS).collect();
        (id, Topic { author_id, hashtags, media: kind.map(|kind| kind.to_value()) })
    };
    Ok(found.into_iter().map(topic).collect())
}

/// The query with each post's first media, where there is one.
pub(super) fn with_first_media(posts: Select<post::Entity>) -> Select<post::Entity> {
    let place: RelationDef = post::Entity::belongs_to(post_media::Entity)
        .from(post::Column::Id)
        .to(post_media::Column::PostId)
        .on_condition(|_, place| Expr::col((place, post_media::Column::Position)).eq(0).into_condition())
        .into();
    let photo: RelationDef =
        post_media::Entity::belongs_to(media::Entity).from(post_media::Column::MediaId).to(media::Column::Id).into();
    posts.join(JoinType::LeftJoin, place).join(JoinType::LeftJoin, photo)
}
