//! Trying jobs again, and giving them up.

use async_graphql::{Context, ID, InputObject, Object};
use darkroom_service::Error;
use darkroom_service::job::admin;

use crate::admin::object::{Job, QueueName};
use crate::admin::{actor, query};
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::id::Kind;
use crate::mutation::payload;

#[derive(Default)]
pub(crate) struct JobMutation;

/// Which job to try again.
#[derive(InputObject)]
pub(crate) struct RetryJobInput {
    /// A dead one.
    job_id: ID,
}

payload! {
    /// What came of `retryJob`.
    RetryJobPayload {
        /// The job as it is now.
        job: Job,
    }
}

/// Which dead jobs to try again.
#[derive(InputObject)]
pub(crate) struct RetryJobsInput {
    /// Only those of this queue.
    queue: Option<QueueName>,
    /// Only those of this name, for instance `media.process`.
    name: Option<String>,
    /// How many at most, the oldest first: 1 to 1000.
    #[graphql(default = 100)]
    first: i32,
}

payload! {
    /// What came of `retryJobs`.
    RetryJobsPayload {
        /// How many are tried again.
        retried: i32,
        /// Whether more of them are dead.
        has_more: bool,
    }
}

/// Which job not to do.
#[derive(InputObject)]
pub(crate) struct CancelJobInput {
    /// One that waits or is dead.
    job_id: ID,
}

payload! {
    /// What came of `cancelJob`.
    CancelJobPayload {
        /// The job that is no more.
        cancelled_job_id: ID,
    }
}

#[Object]
impl JobMutation {
    /// Has a dead job tried again at once, with all of its attempts. A photo that was given up is `PROCESSING` again, if its
    /// original is still there.
    async fn retry_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: RetryJobInput,
    ) -> Result<RetryJobPayload> {
        let (actor, app) = (actor(ctx)?, ctx.app()?);
        let done = async { admin::retry(app, actor, Kind::Job.parse("jobId", &input.job_id)?).await };
        let (job, user_errors) = settle(done.await)?;
        Ok(RetryJobPayload { job: job.map(Job), user_errors })
    }

    /// Has many dead jobs tried again, as `retryJob` does.
    async fn retry_jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: RetryJobsInput,
    ) -> Result<RetryJobsPayload> {
        let (actor, app) = (actor(ctx)?, ctx.app()?);
        let done = async {
            let first = usize::try_from(input.first).ok().filter(|first| (1..=admin::RETRIED).contains(first));
            let most = admin::RETRIED;
            let first = first.ok_or_else(|| Error::invalid("first", format!("1 to {most} jobs at once.")))?;
            let name = input.name.map(query::checked).transpose()?;
            admin::retry_all(app, actor, input.queue.map(Into::into), name.as_deref(), first).await
        };
        let (done, user_errors) = settle(done.await)?;
        let (retried, has_more) = done.map(|(number, more)| (i32::try_from(number).unwrap_or(i32::MAX), more)).unzip();
        Ok(RetryJobsPayload { retried, has_more, user_errors })
    }

    /// Takes a job out of the ledger that waits or is dead: it will not be done. A photo that waits for it is `FAILED`, its
    /// original kept. A recurring job is planned anew for its next time.
    async fn cancel_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: CancelJobInput,
    ) -> Result<CancelJobPayload> {
        let (actor, app) = (actor(ctx)?, ctx.app()?);
        let done = async {
            let id = Kind::Job.parse("jobId", &input.job_id)?;
            admin::cancel(app, actor, id).await.map(|()| Kind::Job.id(id))
        };
        let (cancelled_job_id, user_errors) = settle(done.await)?;
        Ok(CancelJobPayload { cancelled_job_id, user_errors })
    }
}
