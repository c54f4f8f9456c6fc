//! Which fields of posts, authors and photos are written at once: those that a card and its marks hold. Those of the story tray
//! stand beside it. See [`crate::hot`].

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]
mod tests;

use async_graphql::Context;
use darkroom_service::card::{Author, Marked, MediaCard, RenditionCard};
use darkroom_service::media::{Status, content_type};

use super::feed::{FeedEdge, RankReason};
use super::media::{MediaFormat, MediaKind, MediaSize, MediaStatus, Rendition};
use super::post::PostState;
use super::{Audience, Commenters, Media, Post, User};
use crate::hot::{
    Hot, Plan, Step, Writing, boolean, id, moment, name, null, number, real, selection, step, text, texts,
    written_or_null,
};
use crate::id::Kind;

impl Hot for Post {
    type Source = Marked;

    fn source(&self) -> Option<&Marked> {
        match self {
            Self::Marked(marked) => Some(marked),
            Self::Row(_) => None,
        }
    }

    fn field(field: &Context<'_>) -> Option<Step<Marked>> {
        match field.item.node.name.node.as_str() {
            "id" => step(|post: &Marked, out| id(out, Kind::Post, post.card.id)),
            "state" => step(|post: &Marked, out| name(out, PostState::from(post.card.state))),
            "audience" => step(|post: &Marked, out| name(out, Audience::from(post.card.audience))),
            "commenters" => step(|post: &Marked, out| name(out, Commenters::from(post.card.commenters))),
            "caption" => step(|post: &Marked, out| text(out, &post.card.caption)),
            "location" => step(|post: &Marked, out| written_or_null(out, post.card.location.as_deref(), text)),
            "hashtags" => step(|post: &Marked, out| texts(out, &post.card.hashtags)),
            "likeCount" => step(|post: &Marked, out| number(out, post.like_count)),
            "commentCount" => step(|post: &Marked, out| number(out, post.comment_count)),
            "viewerHasLiked" => step(|post: &Marked, out| boolean(out, post.viewer_has_liked)),
            "viewerHasSaved" => step(|post: &Marked, out| boolean(out, post.viewer_has_saved)),
            "isPinned" => step(|post: &Marked, out| boolean(out, post.card.pinned_at.is_some())),
            "createdAt" => step(|post: &Marked, out| moment(out, post.card.created_at)),
            "editedAt" => step(|post: &Marked, out| written_or_null(out, post.card.edited_at, moment)),
            "author" => {
                let plan = Plan::<User>::below(field)?;
                Some(Box::new(move |post: &Marked, with, out| plan.write(&post.author, with, out)))
            }
            "media" => {
                let plan = Plan::<Media>::below(field)?;
                let selection = selection(field)?;
                Some(Box::new(move |post: &Marked, with, out| {
                    post.card.write_photos(&selection, with.links, out, |out| {
                        plan.write_list(&post.card.media, with, out);
                        !with.has_given_up()
                    });
                }))
            }
            _ => None,
        }
    }
}

impl Hot for User {
    type Source = Author;

    fn source(&self) -> Option<&Author> {
        match self {
            Self::Card(author) => Some(author),
            Self::Row(_) => None,
        }
    }

    fn field(field: &Context<'_>) -> Option<Step<Author>> {
        match field.item.node.name.node.as_str() {
            "id" => step(|author: &Author, out| id(out, Kind::User, author.card.id)),
            "username" => step(|author: &Author, out| text(out, &author.card.username)),
            "fullName" => step(|author: &Author, out| text(out, &author.card.full_name)),
            "bio" => step(|author: &Author, out| text(out, &author.card.bio)),
            "avatar" => {
                let size = field.param_value("size", Some(|| MediaSize::Thumbnail)).ok()?.1;
                let link = link(size, None);
                Some(Box::new(move |author: &Author, with, out| match &author.card.avatar {
                    Some(photo) => link(photo, with, out),
                    None => null(out),
                }))
            }
            "isPrivate" => step(|author: &Author, out| boolean(out, author.card.is_private)),
            "isVerified" => step(|author: &Author, out| boolean(out, author.card.is_verified)),
            "followerCount" => step(|author: &Author, out| number(out, author.follower_count)),
            "followingCount" => step(|author: &Author, out| number(out, author.following_count)),
            "postCount" => step(|author: &Author, out| number(out, author.post_count)),
            "createdAt" => step(|author: &Author, out| moment(out, author.card.created_at)),
            _ => None,
        }
    }
}

impl Hot for Media {
    type Source = MediaCard;

    fn source(&self) -> Option<&MediaCard> {
        self.card()
    }

    fn field(field: &Context<'_>) -> Option<Step<MediaCard>> {
        match field.item.node.name.node.as_str() {
            "id" => step(|photo: &MediaCard, out| id(out, Kind::Media, photo.id)),
            "kind" => step(|photo: &MediaCard, out| name(out, MediaKind::from(photo.kind))),
            "status" => step(|photo: &MediaCard, out| name(out, MediaStatus::from(photo.status))),
            "width" => step(|photo: &MediaCard, out| written_or_null(out, photo.width.map(i64::from), number)),
            "height" => step(|photo: &MediaCard, out| written_or_null(out, photo.height.map(i64::from), number)),
            "placeholder" => step(|photo: &MediaCard, out| written_or_null(out, photo.placeholder.as_deref(), text)),
            "dominantColor" => {
                step(|photo: &MediaCard, out| written_or_null(out, photo.dominant_color.as_deref(), text))
            }
            "altText" => step(|photo: &MediaCard, out| text(out, &photo.alt_text)),
            "url" => {
                let size = field.param_value("size", Some(|| MediaSize::Large)).ok()?.1;
                let format = field.param_value::<Option<MediaFormat>>("format", None).ok()?.1;
                Some(Box::new(link(size, format)))
            }
            "renditions" => {
                let plan = Plan::<Rendition>::below(field)?;
                Some(Box::new(move |photo: &MediaCard, with, out| plan.write_list(&photo.renditions, with, out)))
            }
            // Why one has failed is its owner's alone, and so in no card; nothing is to be told of the others.
            "failure" => Some(Box::new(|photo: &MediaCard, with, out| match photo.status {
                Status::Failed => with.give_up(),
                Status::Uploading | Status::Processing | Status::Ready => null(out),
            })),
            // What is the owner's alone is in no card.
            _ => None,
        }
    }
}

/// Writes a link to one size of a photo, or null.
fn link(size: MediaSize, format: Option<MediaFormat>) -> impl Fn(&MediaCard, &Writing<'_>, &mut Vec<u8>) + Send + Sync {
    let (size, format) = (size.into(), format.map(Into::into));
    move |photo, with, out| match photo.rendition(size, format) {
        Some(chosen) => chosen.with_link(with.app, with.links, |link| text(out, link)),
        None => null(out),
    }
}

impl Hot for Rendition {
    type Source = RenditionCard;

    fn source(&self) -> Option<&RenditionCard> {
        // It comes in lists of its photo's only, which are written from the card.
        None
    }

    fn field(field: &Context<'_>) -> Option<Step<RenditionCard>> {
        match field.item.node.name.node.as_str() {
            "size" => step(|row: &RenditionCard, out| name(out, MediaSize::from(row.size))),
            "format" => step(|row: &RenditionCard, out| name(out, MediaFormat::from(row.format))),
            "contentType" => step(|row: &RenditionCard, out| text(out, content_type(row.format))),
            "width" => step(|row: &RenditionCard, out| number(out, row.width.into())),
            "height" => step(|row: &RenditionCard, out| number(out, row.height.into())),
            "byteSize" => step(|row: &RenditionCard, out| number(out, row.byte_size)),
            "url" => Some(Box::new(|row: &RenditionCard, with, out| {
                row.with_link(with.app, with.links, |link| text(out, link));
            })),
            _ => None,
        }
    }
}

impl Hot for FeedEdge {
    type Source = Self;

    fn source(&self) -> Option<&Self> {
        self.post().source().map(|_| self)
    }

    fn field(field: &Context<'_>) -> Option<Step<Self>> {
        match field.item.node.name.node.as_str() {
            "cursor" => step(|edge: &Self, out| text(out, edge.place())),
            "score" => step(|edge: &Self, out| written_or_null(out, edge.points(), real)),
            "reasons" => {
                let plan = Plan::<RankReason>::below(field)?;
                Some(Box::new(move |edge: &Self, with, out| plan.write_list(edge.parts(), with, out)))
            }
            "node" => {
                let plan = Plan::<Post>::below(field)?;
                Some(Box::new(move |edge: &Self, with, out| match edge.post().source() {
                    Some(post) => plan.write(post, with, out),
                    None => with.give_up(),
                }))
            }
            _ => None,
        }
    }
}

impl Hot for RankReason {
    type Source = Self;

    fn source(&self) -> Option<&Self> {
        Some(self)
    }

    fn field(field: &Context<'_>) -> Option<Step<Self>> {
        match field.item.node.name.node.as_str() {
            "factor" => step(|reason: &Self, out| name(out, reason.factor)),
            "weight" => step(|reason: &Self, out| real(out, reason.weight)),
            "value" => step(|reason: &Self, out| real(out, reason.value)),
            _ => None,
        }
    }
}
