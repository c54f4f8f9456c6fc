//! The sizes of a photo, and links to them.

use async_graphql::SimpleObject;
use darkroom_entity::{media, rendition};
use darkroom_service::App;
use darkroom_service::card::{LinkWindow, MediaCard, RenditionCard};
use darkroom_service::media as photos;

use super::{MediaFormat, MediaSize};
use crate::object::Url;

/// Bytes of a photo that can be fetched.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Rendition {
    /// Which size; null for the original.
    pub(super) size: Option<MediaSize>,
    /// How it is encoded; null for the original, which may be in any format that is accepted.
    pub(super) format: Option<MediaFormat>,
    /// Its media type, for instance `image/jpeg`.
    pub(super) content_type: String,
    /// Pixels; null if not known yet.
    pub(super) width: Option<i32>,
    /// Pixels; null if not known yet.
    pub(super) height: Option<i32>,
    /// Bytes.
    pub(super) byte_size: i64,
    /// Where it is. The link expires: see `Media.url`.
    pub(super) url: Url,
}

/// A photo's rendition, with its link.
pub(super) fn rendition(app: &App, media: &media::Model, row: &rendition::Model) -> Rendition {
    Rendition {
        size: Some(row.size.into()),
        format: Some(row.format.into()),
        content_type: photos::content_type(row.format).to_owned(),
        width: Some(row.width),
        height: Some(row.height),
        byte_size: row.byte_size,
        url: Url(photos::rendition_url(app, media, row)),
    }
}

/// A link to one of these renditions: of that size, in that format if it exists.
pub(super) fn link(
    app: &App,
    media: &media::Model,
    renditions: &[rendition::Model],
    size: MediaSize,
    format: Option<MediaFormat>,
) -> Option<Url> {
    let format = format.map(rendition::Format::from);
    let of_size = || renditions.iter().filter(|row| row.size == rendition::Size::from(size));
    let wanted = of_size().find(|row| Some(row.format) == format);
    let chosen = wanted.or_else(|| of_size().find(|row| row.format == rendition::Format::Jpeg))?;
    Some(Url(photos::rendition_url(app, media, chosen)))
}

/// As [`link`], of a card's photo.
pub(in crate::object) fn link_of_card(
    app: &App,
    card: &MediaCard,
    size: MediaSize,
    format: Option<MediaFormat>,
) -> Option<Url> {
    let chosen = card.rendition(size.into(), format.map(Into::into))?;
    Some(Url(chosen.with_link(app, LinkWindow::now(app), str::to_owned)))
}

/// All of a card's photo.
pub(super) fn renditions_of_card(app: &App, card: &MediaCard) -> Vec<Rendition> {
    let window = LinkWindow::now(app);
    let rendition = |row: &RenditionCard| Rendition {
        size: Some(row.size.into()),
        format: Some(row.format.into()),
        content_type: photos::content_type(row.format).to_owned(),
        width: Some(row.width),
        height: Some(row.height),
        byte_size: row.byte_size,
        url: Url(row.with_link(app, window, str::to_owned)),
    };
    card.renditions.iter().map(rendition).collect()
}
