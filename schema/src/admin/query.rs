//! What operators can ask.

use async_graphql::{Context, ID, Object};
use darkroom_service::job::admin::{self, Filter};
use darkroom_service::job::tally;
use darkroom_service::{Error, feature, media, operator};

use super::actor;
use super::object::{
    Action, ActionConnection, Feature, Job, JobConnection, JobState, MediaTrace, Person, Queue, QueueName, Work,
};
use crate::context::RequestContext;
use crate::cursor::{self, List};
use crate::error::Result;
use crate::id::Kind;
use crate::page;

/// Longest name that a job can have, characters.
const NAME_CHARS: usize = 64;

/// What operators can ask.
#[derive(Default)]
pub struct Query;

/// What operators can ask.
#[Object]
impl Query {
    /// You.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<Person>> {
        actor(ctx)?;
        Ok(ctx.viewer()?.map(|viewer| Person(viewer.account.clone())))
    }

    /// Jobs in one state: those that wait in the order in which they run, those that run the oldest first, dead ones the newest
    /// first.
    async fn jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How far they are.", default_with = "JobState::Dead")] state: JobState,
        #[graphql(desc = "Only those of this queue.")] queue: Option<QueueName>,
        #[graphql(desc = "Only those of this name, for instance `media.process`.")] name: Option<String>,
        #[graphql(desc = "How many: 1 to `Instance.pageMax` of the product's API.", default = 20)] first: i32,
        #[graphql(desc = "A cursor of the same list: what comes after it.")] after: Option<String>,
    ) -> Result<Option<JobConnection>> {
        actor(ctx)?;
        let app = ctx.app()?;
        let first = page::length(app, first)?;
        let name = name.map(checked).transpose()?;
        let list = state.list();
        let place = after.as_deref().map(|cursor| cursor::decode_job(list, cursor)).transpose()?;
        let filter = Filter { state: state.into(), queue: queue.map(Into::into), name };
        let page = admin::list(app, &filter, first, place).await?;
        Ok(Some(JobConnection::new(list, page, after.is_some())))
    }

    /// A job; null if it is done or cancelled, or never was.
    async fn job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "An id that this API gave.")] id: ID,
    ) -> Result<Option<Job>> {
        actor(ctx)?;
        let id = Kind::Job.parse("id", &id)?;
        Ok(admin::find(ctx.app()?, id).await?.map(Job))
    }

    /// What happened to a photo; null if it is gone, or never was.
    async fn media(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a `Media` of the product's API.")] id: ID,
    ) -> Result<Option<MediaTrace>> {
        actor(ctx)?;
        let id = Kind::Media.parse("id", &id)?;
        Ok(media::trace(ctx.app()?, id).await?.map(MediaTrace))
    }

    /// How every queue stands, the most urgent first.
    async fn queues(&self, ctx: &Context<'_>) -> Result<Option<Vec<Queue>>> {
        actor(ctx)?;
        Ok(Some(admin::queues(ctx.app()?).await?.into_iter().map(Queue).collect()))
    }

    /// What workers have done lately in each queue.
    async fn work(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In how many minutes: the last whole ones, 1 to 1440.", default = 5)] minutes: i32,
    ) -> Result<Option<Vec<Work>>> {
        actor(ctx)?;
        let number = u32::try_from(minutes).ok().filter(|minutes| (1..=tally::MINUTES).contains(minutes));
        let most = tally::MINUTES;
        let number = number.ok_or_else(|| Error::invalid("minutes", format!("1 to {most} minutes.")))?;
        let tallies = tally::last(ctx.app()?, number).await?;
        Ok(Some(tallies.into_iter().map(|(queue, tally)| Work::new(queue, minutes, tally)).collect()))
    }

    /// How every feature stands that can be turned off.
    async fn features(&self, ctx: &Context<'_>) -> Result<Option<Vec<Feature>>> {
        actor(ctx)?;
        Ok(Some(feature::list(ctx.app()?).await?.into_iter().map(Feature).collect()))
    }

    /// What operators did, the newest first.
    async fn actions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many: 1 to `Instance.pageMax` of the product's API.", default = 20)] first: i32,
        #[graphql(desc = "A cursor of this list: what comes after it.")] after: Option<String>,
    ) -> Result<Option<ActionConnection>> {
        actor(ctx)?;
        let app = ctx.app()?;
        let page = page::request(app, List::OperatorActions, first, after.as_deref())?;
        let rows = operator::actions(app, page).await?;
        Ok(Some(ActionConnection::new(rows.map(|row| (row.id, Action(row))), after.is_some())))
    }
}

pub(super) fn checked(name: String) -> Result<String, Error> {
    if name.chars().count() <= NAME_CHARS {
        Ok(name)
    } else {
        Err(Error::invalid("name", format!("A job's name has at most {NAME_CHARS} characters.")))
    }
}
