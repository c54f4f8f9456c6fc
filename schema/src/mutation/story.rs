//! Stories.

use async_graphql::{Context, ID, InputObject, Object};
use darkroom_service::story;

use super::payload;
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::id::Kind;
use crate::object::{Audience, Story};

#[derive(Default)]
pub(crate) struct StoryMutation;

/// What to show for a day.
#[derive(InputObject)]
pub(crate) struct CreateStoryInput {
    /// One of your uploaded photos that is not in use. It need not be `READY` yet.
    media_id: ID,
    /// For whom it is.
    #[graphql(default_with = "Audience::Everyone")]
    audience: Audience,
}

payload! {
    /// What came of `createStory`.
    CreateStoryPayload {
        /// The story. Others see it as soon as its photo is `READY`.
        story: Story,
    }
}

/// Which story to delete.
#[derive(InputObject)]
pub(crate) struct DeleteStoryInput {
    /// One of your stories.
    story_id: ID,
}

payload! {
    /// What came of `deleteStory`.
    DeleteStoryPayload {
        /// The id of the story that is gone.
        deleted_story_id: ID,
    }
}

/// Which story you have seen.
#[derive(InputObject)]
pub(crate) struct MarkStoryViewedInput {
    /// A story that you may see.
    story_id: ID,
}

payload! {
    /// What came of `markStoryViewed`.
    MarkStoryViewedPayload {
        /// The story, seen.
        story: Story,
    }
}

#[Object]
impl StoryMutation {
    /// Shows a photo for a day.
    async fn create_story(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: CreateStoryInput,
    ) -> Result<CreateStoryPayload> {
        let (app, viewer) = (ctx.acting()?, ctx.signed_in()?);
        let created = async {
            let media_id = Kind::Media.parse("mediaId", &input.media_id)?;
            story::create(&app, viewer, media_id, input.audience.into()).await
        };
        let (story, user_errors) = settle(created.await)?;
        Ok(CreateStoryPayload { story: story.map(Story::from), user_errors })
    }

    /// Deletes one of your stories for good.
    async fn delete_story(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: DeleteStoryInput,
    ) -> Result<DeleteStoryPayload> {
        let (app, viewer) = (ctx.acting()?, ctx.signed_in()?);
        let deleted = async {
            let story_id = Kind::Story.parse("storyId", &input.story_id)?;
            story::delete(&app, viewer, story_id).await.map(|()| Kind::Story.id(story_id))
        };
        let (deleted_story_id, user_errors) = settle(deleted.await)?;
        Ok(DeleteStoryPayload { deleted_story_id, user_errors })
    }

    /// Notes that you have seen a story: its author learns it. Doing it twice, or to your own, changes nothing.
    async fn mark_story_viewed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: MarkStoryViewedInput,
    ) -> Result<MarkStoryViewedPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let seen = async { story::mark_viewed(app, viewer, Kind::Story.parse("storyId", &input.story_id)?).await };
        let (story, user_errors) = settle(seen.await)?;
        Ok(MarkStoryViewedPayload { story: story.map(Story::from), user_errors })
    }
}
