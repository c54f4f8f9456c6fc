//! Which fields of the tray are written at once: those that were looked up for it. See [`crate::hot`].

use async_graphql::Context;

use super::{Story, StoryReel, StoryReelEdge};
use crate::hot::{Hot, Plan, Step, boolean, id, moment, name, null, number, step, text};
use crate::id::Kind;
use crate::object::{Audience, Media, User};

impl Hot for StoryReelEdge {
    type Source = Self;

    fn source(&self) -> Option<&Self> {
        Some(self)
    }

    fn field(field: &Context<'_>) -> Option<Step<Self>> {
        match field.item.node.name.node.as_str() {
            "cursor" => step(|edge: &Self, out| text(out, &edge.cursor)),
            "node" => {
                let plan = Plan::<StoryReel>::below(field)?;
                Some(Box::new(move |edge: &Self, with, out| plan.write(&edge.node, with, out)))
            }
            _ => None,
        }
    }
}

impl Hot for StoryReel {
    type Source = Self;

    fn source(&self) -> Option<&Self> {
        Some(self)
    }

    fn field(field: &Context<'_>) -> Option<Step<Self>> {
        match field.item.node.name.node.as_str() {
            "user" => {
                let plan = Plan::<User>::below(field)?;
                Some(Box::new(move |reel: &Self, with, out| match &reel.user {
                    Some(user) => plan.write(user, with, out),
                    None => with.give_up(),
                }))
            }
            "stories" => {
                let plan = Plan::<Story>::below(field)?;
                Some(Box::new(move |reel: &Self, with, out| match &reel.stories {
                    Some(stories) => plan.write_list(stories, with, out),
                    None => with.give_up(),
                }))
            }
            "hasUnseen" => step(|reel: &Self, out| boolean(out, reel.reel.key.has_unseen)),
            _ => None,
        }
    }
}

impl Hot for Story {
    type Source = Self;

    fn source(&self) -> Option<&Self> {
        Some(self)
    }

    fn field(field: &Context<'_>) -> Option<Step<Self>> {
        match field.item.node.name.node.as_str() {
            "id" => step(|story: &Self, out| id(out, Kind::Story, story.row.id)),
            "audience" => step(|story: &Self, out| name(out, Audience::from(story.row.audience))),
            "createdAt" => step(|story: &Self, out| moment(out, story.row.created_at)),
            "expiresAt" => step(|story: &Self, out| moment(out, story.row.expires_at)),
            "author" => {
                let plan = Plan::<User>::below(field)?;
                Some(Box::new(move |story: &Self, with, out| match &story.ahead.author {
                    Some(author) => plan.write(author, with, out),
                    None => with.give_up(),
                }))
            }
            "media" => {
                let plan = Plan::<Media>::below(field)?;
                Some(Box::new(move |story: &Self, with, out| match &story.ahead.media {
                    Some(media) => plan.write(media.card(), with, out),
                    None => with.give_up(),
                }))
            }
            "viewerHasSeen" => Some(Box::new(|story: &Self, with, out| match story.ahead.has_seen {
                Some(has_seen) => boolean(out, has_seen),
                None => with.give_up(),
            })),
            // Its author's alone.
            "viewerCount" => Some(Box::new(|story: &Self, with, out| match story.ahead.is_viewers {
                Some(true) => number(out, story.row.viewer_count),
                Some(false) => null(out),
                None => with.give_up(),
            })),
            _ => None,
        }
    }
}
