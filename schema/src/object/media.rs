//! Photos.

mod facts;
mod rendition;

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use darkroom_entity::media::{self, Kind as RowKind, Status};
use darkroom_entity::rendition as renditions;
use darkroom_service::card::{MediaCard, PostCard};
use darkroom_service::media::{self as photos, Facts, FailureCode};
use uuid::Uuid;

use self::facts::MediaFacts;
use self::rendition::{link, renditions_of_card};
use super::Url;
use crate::context::RequestContext;
use crate::error::{MediaFailureCode, Result};
use crate::id::Kind;
use crate::loader::{MediaById, RenditionsOfMedia};

pub(super) use self::rendition::{Rendition, link_of_card};

/// What a media is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "RowKind")]
pub(crate) enum MediaKind {
    /// A photo.
    Photo,
    /// A video.
    Video,
}

/// How far a media is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Status")]
pub(crate) enum MediaStatus {
    /// Bytes are still coming in.
    Uploading,
    /// Every byte is stored; its sizes are being made.
    Processing,
    /// It can be shown.
    Ready,
    /// It can't be used: `failure` says why.
    Failed,
}

/// The sizes that are made of a photo. None is larger than the photo itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "renditions::Size")]
pub(crate) enum MediaSize {
    /// 150 × 150 pixels, cropped from the middle.
    Thumbnail,
    /// Fits 640 × 640 pixels.
    Medium,
    /// Fits 1080 × 1080 pixels.
    Large,
}

/// How a photo's bytes are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "renditions::Format")]
pub(crate) enum MediaFormat {
    /// JPEG: every size exists in it.
    Jpeg,
    /// WebP: of the same picture, in fewer bytes. It is made some time after the JPEGs, and only of sizes that gain by it.
    #[graphql(name = "WEBP")]
    WebP,
}

/// Why a file can't be used.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct MediaFailure {
    /// For programs.
    code: MediaFailureCode,
    /// For people: one sentence.
    message: String,
}

impl MediaFailure {
    /// Why the photo of this row can't be used; none if it can, or nobody knows yet.
    pub(crate) fn of(row: &media::Model) -> Option<Self> {
        if row.status != Status::Failed {
            return None;
        }
        let code = row.failure_code.as_deref().and_then(|code| FailureCode::from_str(code).ok());
        let message = row.failure_message.clone().unwrap_or_default();
        Some(Self { code: code.unwrap_or(FailureCode::Internal).into(), message })
    }
}

#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "rows are as frequent as cards: a box each would cost more")]
pub(crate) enum Media {
    /// Its renditions are looked up when they are asked for.
    Row(media::Model),
    /// One of a post's. What is its owner's alone is looked up when they ask for it.
    Card {
        /// The post's card.
        post: Arc<PostCard>,
        /// Which of its photos.
        at: usize,
    },
    /// Its renditions are at hand.
    Full(Arc<FullMedia>),
}

/// A photo's row, and what everyone sees of it.
#[derive(Debug)]
pub(crate) struct FullMedia {
    row: media::Model,
    card: MediaCard,
}

impl FullMedia {
    /// Of a photo that was found visible, with its renditions, smallest first.
    pub(super) fn new(row: media::Model, renditions: Vec<renditions::Model>) -> Self {
        let card = MediaCard::new(&row, renditions);
        Self { row, card }
    }

    /// What everyone sees of it.
    pub(super) fn card(&self) -> &MediaCard {
        &self.card
    }
}

/// Where its renditions have to be looked up, and where they are at hand.
enum Form<'a> {
    Row(&'a media::Model),
    Card(&'a MediaCard),
}

/// What either form knows.
struct Shown<'a> {
    id: Uuid,
    kind: RowKind,
    status: Status,
    width: Option<i32>,
    height: Option<i32>,
    placeholder: Option<&'a str>,
    dominant_color: Option<&'a str>,
    alt_text: &'a str,
}

/// An uploaded photo. It can be seen by whoever may see the post, story or profile that shows it.
#[Object]
impl Media {
    /// Opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        Kind::Media.id(self.shown().id)
    }

    /// What it is.
    async fn kind(&self) -> MediaKind {
        self.shown().kind.into()
    }

    /// How far it is on its way. `mediaProcessed` tells of changes.
    async fn status(&self) -> MediaStatus {
        self.shown().status.into()
    }

    /// Why it can't be used, if its status is `FAILED`: for its owner only, null for others.
    async fn failure(&self, ctx: &Context<'_>) -> Result<Option<MediaFailure>> {
        if self.shown().status != Status::Failed {
            return Ok(None);
        }
        Ok(self.own_row(ctx).await?.and_then(|row| MediaFailure::of(&row)))
    }

    /// Pixels, upright; null until it is `READY`.
    async fn width(&self) -> Option<i32> {
        self.shown().width
    }

    /// Pixels, upright; null until it is `READY`.
    async fn height(&self) -> Option<i32> {
        self.shown().height
    }

    /// A ThumbHash in base64 (about 25 bytes): what to show until the photo is there. Null until it is `READY`.
    async fn placeholder(&self) -> Option<&str> {
        self.shown().placeholder
    }

    /// The colour that stands out, as `#rrggbb`. Null until it is `READY`.
    async fn dominant_color(&self) -> Option<&str> {
        self.shown().dominant_color
    }

    /// What is to be seen, for those who don't see it; may be empty.
    async fn alt_text(&self) -> &str {
        self.shown().alt_text
    }

    /// A link to the photo; null until it is `READY`. Everyone gets the same link for an hour at a time, so that caches
    /// can keep what it leads to; it works for one to two hours, and never past the end of a story.
    async fn url(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which of its sizes.", default_with = "MediaSize::Large")] size: MediaSize,
        #[graphql(desc = "Which encoding, if it exists yet; JPEG otherwise, and without this argument.")]
        format: Option<MediaFormat>,
    ) -> Result<Option<Url>> {
        let row = match self.form() {
            Form::Row(row) => row,
            Form::Card(card) => return Ok(link_of_card(ctx.app()?, card, size, format)),
        };
        let renditions = ctx.loader()?.load_one(RenditionsOfMedia(row.id)).await?.unwrap_or_default();
        Ok(link(ctx.app()?, row, &renditions, size, format))
    }

    /// Every size in every format that exists, smallest size first; empty until it is `READY`. Those in WebP come later,
    /// if at all.
    async fn renditions(&self, ctx: &Context<'_>) -> Result<Vec<Rendition>> {
        let app = ctx.app()?;
        let media = match self.form() {
            Form::Row(row) => row,
            Form::Card(card) => return Ok(renditions_of_card(app, card)),
        };
        let rows = ctx.loader()?.load_one(RenditionsOfMedia(media.id)).await?.unwrap_or_default();
        Ok(rows.iter().map(|row| rendition::rendition(app, media, row)).collect())
    }

    /// The file as you uploaded it, with everything in it: for its owner only, null for others.
    async fn original(&self, ctx: &Context<'_>) -> Result<Option<Rendition>> {
        let Some(row) = self.own_row(ctx).await? else { return Ok(None) };
        Ok(photos::original_url(ctx.app()?, ctx.viewer()?, &row).map(|url| Rendition {
            size: None,
            format: None,
            content_type: row.content_type.clone(),
            width: row.width,
            height: row.height,
            byte_size: row.byte_size,
            url: Url(url),
        }))
    }

    /// What the camera wrote into the file: for its owner only, null for others and until it is `READY`.
    async fn facts(&self, ctx: &Context<'_>) -> Result<Option<MediaFacts>> {
        let Some(row) = self.own_row(ctx).await? else { return Ok(None) };
        let facts = row.facts.as_ref().and_then(|facts| serde_json::from_value::<Facts>(facts.clone()).ok());
        Ok(facts.map(MediaFacts::from))
    }
}

impl Media {
    fn form(&self) -> Form<'_> {
        match self {
            Self::Row(row) => Form::Row(row),
            Self::Card { post, at } => Form::Card(&post.media[*at]),
            Self::Full(full) => Form::Card(&full.card),
        }
    }

    /// What everyone sees of it; none if its renditions would have to be looked up.
    pub(super) fn card(&self) -> Option<&MediaCard> {
        match self.form() {
            Form::Row(_) => None,
            Form::Card(card) => Some(card),
        }
    }

    fn owner_id(&self) -> Uuid {
        match self {
            Self::Row(row) => row.account_id,
            // Whoever posts a photo owns it.
            Self::Card { post, .. } => post.author_id,
            Self::Full(full) => full.row.account_id,
        }
    }

    fn shown(&self) -> Shown<'_> {
        match self.form() {
            Form::Row(row) => Shown {
                id: row.id,
                kind: row.kind,
                status: row.status,
                width: row.width,
                height: row.height,
                placeholder: row.placeholder.as_deref(),
                dominant_color: row.dominant_color.as_deref(),
                alt_text: &row.alt_text,
            },
            Form::Card(card) => Shown {
                id: card.id,
                kind: card.kind,
                status: card.status,
                width: card.width,
                height: card.height,
                placeholder: card.placeholder.as_deref(),
                dominant_color: card.dominant_color.as_deref(),
                alt_text: &card.alt_text,
            },
        }
    }

    /// Its row, if it is the viewer's own.
    async fn own_row(&self, ctx: &Context<'_>) -> Result<Option<Cow<'_, media::Model>>> {
        if ctx.viewer()?.is_none_or(|viewer| viewer.id() != self.owner_id()) {
            return Ok(None);
        }
        match self {
            Self::Row(row) => Ok(Some(Cow::Borrowed(row))),
            Self::Full(full) => Ok(Some(Cow::Borrowed(&full.row))),
            Self::Card { .. } => Ok(ctx.loader()?.load_one(MediaById(self.shown().id)).await?.map(Cow::Owned)),
        }
    }
}
