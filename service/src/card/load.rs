//! Cards from the database, many at once in a constant number of statements.
//!
//! The row with the revision is read last. Whatever was read before it is of that revision too if nothing has counted it up
//! since it was learnt, and only then is the card kept: no card is a mixture of two.

use std::collections::HashMap;

use darkroom_entity::{account, post};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::content::{AuthorCard, MediaCard, PostCard};
use super::shelf::Wanted;
use crate::app::App;
use crate::error::Result;
use crate::{media as photos, post as posts};

/// The cards of those posts that still have these revisions.
pub(super) async fn posts(app: &App, wanted: &[Wanted]) -> Result<Vec<PostCard>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = wanted.iter().map(|one| one.id).collect();
    let mut media = posts::media_of(app, &ids).await?;
    let media_ids: Vec<Uuid> = media.values().flatten().map(|row| row.id).collect();
    let mut renditions = photos::renditions(app, &media_ids).await?;
    let mut hashtags = posts::hashtags_of(app, &ids).await?;
    let rows = post::Entity::find().filter(post::Column::Id.is_in(ids)).all(app.rows()).await?;
    let card = |row: post::Model| {
        let media = media.remove(&row.id).unwrap_or_default();
        let media = media.iter().map(|photo| MediaCard::new(photo, renditions.remove(&photo.id).unwrap_or_default()));
        PostCard::new(row.clone(), hashtags.remove(&row.id).unwrap_or_default(), media.collect())
    };
    Ok(rows.into_iter().filter(|row| is_wanted(wanted, row.id, row.card_revision)).map(card).collect())
}

/// The cards of those people whose rows still have these revisions.
pub(super) async fn authors(app: &App, wanted: &[Wanted]) -> Result<Vec<AuthorCard>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = wanted.iter().map(|one| one.id).collect();
    let avatars: Vec<Uuid> = account::Entity::find()
        .select_only()
        .column(account::Column::AvatarMediaId)
        .filter(account::Column::Id.is_in(ids.iter().copied()))
        .filter(account::Column::AvatarMediaId.is_not_null())
        .into_tuple()
        .all(app.rows())
        .await?;
    let (media, mut renditions) = if avatars.is_empty() {
        (HashMap::new(), HashMap::new())
    } else {
        (photos::avatars(app, &avatars).await?, photos::renditions(app, &avatars).await?)
    };
    let rows = account::Entity::find().filter(account::Column::Id.is_in(ids)).all(app.rows()).await?;
    let card = |row: account::Model| {
        let photo = row.avatar_media_id.and_then(|id| media.get(&id));
        let avatar = photo.map(|photo| MediaCard::new(photo, renditions.remove(&photo.id).unwrap_or_default()));
        AuthorCard::new(row, avatar)
    };
    Ok(rows.into_iter().filter(|row| is_wanted(wanted, row.id, row.card_revision)).map(card).collect())
}

fn is_wanted(wanted: &[Wanted], id: Uuid, revision: i64) -> bool {
    wanted.contains(&Wanted { id, revision })
}

/// The revisions that these posts have now.
pub(super) async fn post_revisions(app: &App, ids: &[Uuid]) -> Result<Vec<Wanted>> {
    let rows: Vec<(Uuid, i64)> = post::Entity::find()
        .select_only()
        .columns([post::Column::Id, post::Column::CardRevision])
        .filter(post::Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().map(|(id, revision)| Wanted { id, revision }).collect())
}

/// The revisions that these people's rows have now.
pub(super) async fn author_revisions(app: &App, ids: &[Uuid]) -> Result<Vec<Wanted>> {
    let rows: Vec<(Uuid, i64)> = account::Entity::find()
        .select_only()
        .columns([account::Column::Id, account::Column::CardRevision])
        .filter(account::Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().map(|(id, revision)| Wanted { id, revision }).collect())
}
