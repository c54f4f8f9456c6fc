//! Pausing queues.

use async_graphql::{Context, InputObject, Object};
use darkroom_service::job::{self, admin, pause};
use darkroom_service::{App, Error};

use crate::admin::actor;
use crate::admin::object::{Queue, QueueName};
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::mutation::payload;

#[derive(Default)]
pub(crate) struct QueueMutation;

/// Which queue to pause.
#[derive(InputObject)]
pub(crate) struct PauseQueueInput {
    /// Any.
    queue: QueueName,
}

payload! {
    /// What came of `pauseQueue`.
    PauseQueuePayload {
        /// The queue as it is now.
        queue: Queue,
    }
}

/// Which queue is to go on.
#[derive(InputObject)]
pub(crate) struct ResumeQueueInput {
    /// Any.
    queue: QueueName,
}

payload! {
    /// What came of `resumeQueue`.
    ResumeQueuePayload {
        /// The queue as it is now.
        queue: Queue,
    }
}

#[Object]
impl QueueMutation {
    /// Pauses a queue: within about two seconds no worker starts a job of it. Those that run end as usual, and new ones wait.
    /// Doing it twice changes nothing.
    async fn pause_queue(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: PauseQueueInput,
    ) -> Result<PauseQueuePayload> {
        let (actor, app) = (actor(ctx)?, ctx.app()?);
        let done = async {
            pause::pause(app, actor, input.queue.into()).await?;
            standing(app, input.queue.into()).await
        };
        let (queue, user_errors) = settle(done.await)?;
        Ok(PauseQueuePayload { queue: queue.flatten(), user_errors })
    }

    /// Has a queue go on, within about two seconds. Doing it twice changes nothing.
    async fn resume_queue(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: ResumeQueueInput,
    ) -> Result<ResumeQueuePayload> {
        let (actor, app) = (actor(ctx)?, ctx.app()?);
        let done = async {
            pause::resume(app, actor, input.queue.into()).await?;
            standing(app, input.queue.into()).await
        };
        let (queue, user_errors) = settle(done.await)?;
        Ok(ResumeQueuePayload { queue: queue.flatten(), user_errors })
    }
}

async fn standing(app: &App, queue: job::Queue) -> Result<Option<Queue>, Error> {
    Ok(admin::queues(app).await?.into_iter().find(|standing| standing.queue == queue).map(Queue))
}
