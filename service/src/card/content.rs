//! What cards hold. Everything in them is for whoever may see the post or the person: nothing that is its owner's alone
//! (originals, EXIF facts, reasons of failures, e-mail addresses), for cards are shared between viewers and lie in Redis.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use darkroom_entity::audience::Audience;
use darkroom_entity::{account, media, post, rendition};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::written::Written;
use crate::app::App;

/// A post without its counters and marks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PostCard {
    /// The post.
    pub id: Uuid,
    /// Of which revision of the row this is.
    pub revision: i64,
    /// Who posted it.
    pub author_id: Uuid,
    /// Whether others see it yet.
    pub state: post::State,
    /// For whom it is.
    pub audience: Audience,
    /// Who may comment.
    pub commenters: post::Commenters,
    /// Words.
    pub caption: String,
    /// Where it was, in the author's words.
    pub location: Option<String>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When it was published.
    pub published_at: Option<DateTime<Utc>>,
    /// When its words were last changed.
    pub edited_at: Option<DateTime<Utc>>,
    /// Since when it stands first on its author's profile.
    pub pinned_at: Option<DateTime<Utc>>,
    /// The caption's hashtags, in order.
    pub hashtags: Vec<String>,
    /// Its photos, in order.
    pub media: Vec<MediaCard>,
    #[serde(skip)]
    pub(super) written: Written,
}

/// A person without their counters.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuthorCard {
    /// The person.
    pub id: Uuid,
    /// Of which revision of the row this is.
    pub revision: i64,
    /// As they typed it.
    pub username: String,
    /// May be empty.
    pub full_name: String,
    /// What they say of themselves; may be empty.
    pub bio: String,
    /// Whether only accepted followers see their posts and stories.
    pub is_private: bool,
    /// Whether it was verified that they are who they say.
    pub is_verified: bool,
    /// When they signed up.
    pub created_at: DateTime<Utc>,
    /// Their picture.
    pub avatar: Option<MediaCard>,
}

/// A photo.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MediaCard {
    /// The photo.
    pub id: Uuid,
    /// What it is.
    pub kind: media::Kind,
    /// How far it is.
    pub status: media::Status,
    /// Pixels, upright.
    pub width: Option<i32>,
    /// Pixels, upright.
    pub height: Option<i32>,
    /// ThumbHash in base64.
    pub placeholder: Option<String>,
    /// `#rrggbb`.
    pub dominant_color: Option<String>,
    /// May be empty.
    pub alt_text: String,
    /// Smallest first, of each size the JPEG first.
    pub renditions: Vec<RenditionCard>,
}

/// One size of a photo, in one format.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RenditionCard {
    /// Which size.
    pub size: rendition::Size,
    /// Which format.
    pub format: rendition::Format,
    /// Where its bytes are.
    pub object_key: String,
    /// Pixels.
    pub width: i32,
    /// Pixels.
    pub height: i32,
    /// Bytes.
    pub byte_size: i64,
    /// Unix seconds from which on no link to it may say anything: a story's end. None of posts and profiles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends: Option<i64>,
    #[serde(skip)]
    link: Link,
}

/// The window of time for which links are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkWindow(pub(super) i64);

impl LinkWindow {
    /// The one that it is now.
    #[must_use]
    pub fn now(app: &App) -> Self {
        Self(app.signer.window_end(app.clock.now()))
    }
}

/// A link to a rendition, and when it ends, as it was last asked for.
#[derive(Debug, Default)]
struct Link(Mutex<Option<(i64, String)>>);

/// A copy signs its own.
impl Clone for Link {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl MediaCard {
    /// Of its row and of its renditions, smallest first, of each size the JPEG first.
    #[must_use]
    pub fn new(row: &media::Model, renditions: Vec<rendition::Model>) -> Self {
        let ends = row.expires_at.map(|ends| ends.timestamp());
        Self {
            id: row.id,
            kind: row.kind,
            status: row.status,
            width: row.width,
            height: row.height,
            placeholder: row.placeholder.clone(),
            dominant_color: row.dominant_color.clone(),
            alt_text: row.alt_text.clone(),
            renditions: renditions.into_iter().map(|row| RenditionCard::new(row, ends)).collect(),
        }
    }

    /// Its rendition of this size: in this format if it exists, otherwise as JPEG.
    #[must_use]
    pub fn rendition(&self, size: rendition::Size, format: Option<rendition::Format>) -> Option<&RenditionCard> {
        let of = |format| self.renditions.iter().find(|row| row.size == size && row.format == format);
        format.and_then(of).or_else(|| of(rendition::Format::Jpeg))
    }

    fn weight(&self) -> usize {
        // A link repeats the key, with an address, a moment and a signature around it.
        let renditions = self.renditions.iter().map(|row| size_of::<RenditionCard>() + 2 * row.object_key.len() + 120);
        size_of::<Self>() + self.alt_text.len() + 50 + renditions.sum::<usize>()
    }
}

impl RenditionCard {
    fn new(row: rendition::Model, ends: Option<i64>) -> Self {
        let rendition::Model { size, format, object_key, width, height, byte_size, .. } = row;
        Self { size, format, object_key, width, height, byte_size, ends, link: Link::default() }
    }

    /// Does something short with a link to it: the same as everywhere else, signed once a window and not once a viewer.
    pub fn with_link<T>(&self, app: &App, LinkWindow(end): LinkWindow, with: impl FnOnce(&str) -> T) -> T {
        let expires = self.ends.map_or(end, |ends| end.min(ends));
        let mut kept = self.link.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, link) = kept.get_or_insert_with(|| (expires, app.signer.link(&self.object_key, expires)));
        if *until != expires {
            (*until, *link) = (expires, app.signer.link(&self.object_key, expires));
        }
        with(link)
    }
}

impl PostCard {
    pub(super) fn new(row: post::Model, hashtags: Vec<String>, media: Vec<MediaCard>) -> Self {
        Self {
            id: row.id,
            revision: row.card_revision,
            author_id: row.author_id,
            state: row.state,
            audience: row.audience,
            commenters: row.commenters,
            caption: row.caption,
            location: row.location,
            created_at: row.created_at,
            published_at: row.published_at,
            edited_at: row.edited_at,
            pinned_at: row.pinned_at,
            hashtags,
            media,
            written: Written::default(),
        }
    }

    /// About how many bytes it takes.
    pub(super) fn weight(&self) -> usize {
        let words = self.caption.len() + self.location.as_ref().map_or(0, String::len);
        let hashtags = self.hashtags.iter().map(|tag| size_of::<String>() + tag.len());
        let media = self.media.iter().map(MediaCard::weight);
        size_of::<Self>() + words + hashtags.sum::<usize>() + media.sum::<usize>() + self.written_max()
    }
}

impl AuthorCard {
    pub(super) fn new(row: account::Model, avatar: Option<MediaCard>) -> Self {
        Self {
            id: row.id,
            revision: row.card_revision,
            username: row.username,
            full_name: row.full_name,
            bio: row.bio,
            is_private: row.is_private,
            is_verified: row.is_verified,
            created_at: row.created_at,
            avatar,
        }
    }

    /// About how many bytes it takes.
    pub(super) fn weight(&self) -> usize {
        let words = self.username.len() + self.full_name.len() + self.bio.len();
        size_of::<Self>() + words + self.avatar.as_ref().map_or(0, MediaCard::weight)
    }
}
