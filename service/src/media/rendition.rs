//! A photo's renditions: their objects, their rows, and in which order they are listed.

use std::collections::HashMap;

use bytes::Bytes;
use darkroom_entity::rendition::{Format, Size};
use darkroom_entity::{media, rendition};
use darkroom_media::Rendition;
use futures::future::try_join_all;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, Iterable, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;

/// The media type of a rendition's bytes.
pub const fn content_type(format: Format) -> &'static str {
    match format {
        Format::Jpeg => "image/jpeg",
        Format::WebP => "image/webp",
    }
}

/// The renditions of these photos, smallest first, of each size the JPEG first: at most a handful each.
pub async fn renditions(app: &App, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<rendition::Model>>> {
    let rows = rendition::Entity::find()
        .filter(rendition::Column::MediaId.is_in(ids.iter().copied()))
        .order_by_asc(rendition::Column::Width)
        .all(app.rows())
        .await?;
    let mut by_media: HashMap<Uuid, Vec<rendition::Model>> = HashMap::new();
    for row in rows {
        by_media.entry(row.media_id).or_default().push(row);
    }
    for renditions in by_media.values_mut() {
        renditions.sort_by_key(|row| (rank(row.size), row.format == Format::WebP));
    }
    Ok(by_media)
}

fn rank(size: Size) -> u8 {
    match size {
        Size::Thumbnail => 0,
        Size::Medium => 1,
        Size::Large => 2,
    }
}

/// The object key of every rendition that a photo has or may have.
pub(super) fn keys(row: &media::Model) -> impl Iterator<Item = String> {
    Format::iter().flat_map(move |format| Size::iter().map(move |size| key(row, size, format)))
}

/// A rendition's object key: always the same, so that a second run writes over the first.
fn key(row: &media::Model, size: Size, format: Format) -> String {
    let name = match size {
        Size::Thumbnail => "thumbnail",
        Size::Medium => "medium",
        Size::Large => "large",
    };
    let ending = match format {
        Format::Jpeg => "jpg",
        Format::WebP => "webp",
    };
    format!("{}/{name}.{ending}", row.rendition_prefix)
}

/// Whether this is the key of a rendition in WebP. An original that was uploaded in WebP lies in another folder.
pub(super) fn is_webp(key: &str) -> bool {
    key.ends_with(".webp") && key.split('/').nth(1) == Some("r")
}

/// Stores the bytes of renditions.
pub(super) async fn put(app: &App, row: &media::Model, renditions: Vec<Rendition>, format: Format) -> Result<()> {
    let puts = renditions.into_iter().map(|made| {
        let key = key(row, size_of(made.size), format);
        async move { app.objects.put(&key, Bytes::from(made.bytes), content_type(format)).await }
    });
    try_join_all(puts).await?;
    Ok(())
}

/// The row of a rendition.
pub(super) fn row_of(row: &media::Model, made: &Rendition, format: Format) -> rendition::ActiveModel {
    let size = size_of(made.size);
    rendition::ActiveModel {
        media_id: Set(row.id),
        size: Set(size),
        format: Set(format),
        object_key: Set(key(row, size, format)),
        width: Set(made.width as i32),
        height: Set(made.height as i32),
        byte_size: Set(made.bytes.len() as i64),
    }
}

/// A size, as rows have it.
pub(super) const fn size_of(size: darkroom_media::Size) -> Size {
    match size {
        darkroom_media::Size::Thumbnail => Size::Thumbnail,
        darkroom_media::Size::Medium => Size::Medium,
        darkroom_media::Size::Large => Size::Large,
    }
}
