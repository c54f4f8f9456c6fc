//! Carrying out a request that has a key.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use darkroom_entity::idempotency;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, UpdateMany, UpdateResult,
};
use serde_json::Value;
use uuid::Uuid;

use super::seal::Names;
use crate::app::App;
use crate::error::{Error, Result};

/// An attempt that is silent for so long has ended.
pub(super) fn lease() -> TimeDelta {
    TimeDelta::seconds(30)
}

/// How often an attempt says that it goes on.
const RENEWED: Duration = Duration::from_secs(10);

/// Longest answer that is kept, bytes. A longer one is composed anew from what was done.
const ANSWER_MAX_BYTES: usize = 256 << 10;

/// One attempt at a request. Clones are the same one.
#[derive(Clone)]
pub struct Attempt(Arc<Inner>);

struct Inner {
    app: App,
    names: Names,
    run: i32,
    /// What is committed, by the response keys of the operation's fields.
    done: Mutex<BTreeMap<String, Uuid>>,
}

/// One field of the operation, with one change.
pub struct Step {
    attempt: Attempt,
    field: String,
}

impl Attempt {
    pub(super) fn new(app: &App, names: Names, run: i32, steps: &Value) -> Self {
        let done = Mutex::new(serde_json::from_value(steps.clone()).unwrap_or_default());
        Self(Arc::new(Inner { app: app.clone(), names, run, done }))
    }

    /// The step of the field that answers under this response key, of which there is one in an operation.
    pub fn step(&self, field: &str) -> Step {
        Step { attempt: self.clone(), field: field.to_owned() }
    }

    /// Keeps the lease until it is dropped. A store that is away for a moment ends nothing: the fence decides.
    pub async fn hold(&self) -> Infallible {
        loop {
            tokio::time::sleep(RENEWED).await;
            let lease_until = Set(Some(self.0.app.clock.now() + lease()));
            if let Err(error) = self.write(idempotency::ActiveModel { lease_until, ..Default::default() }).await {
                tracing::debug!(%error, "a lease was not renewed");
            }
        }
    }

    /// Ends it. The answer is what every repetition gets; without one, the next attempt does what was not done.
    ///
    /// # Errors
    /// The database is away; the lease ends by itself.
    pub async fn end(&self, answer: Option<&[u8]>) -> Result<()> {
        let answer = answer.filter(|answer| answer.len() <= ANSWER_MAX_BYTES);
        let answer = answer.map(|answer| self.0.names.seal(answer)).transpose()?;
        let change = idempotency::ActiveModel { lease_until: Set(None), answer: Set(answer), ..Default::default() };
        self.write(change).await?;
        Ok(())
    }

    /// The row, if it is still this attempt's.
    async fn write(&self, change: idempotency::ActiveModel) -> Result<UpdateResult> {
        let tx = self.0.app.begin().await?;
        let result = self.own(idempotency::Entity::update_many().set(change)).exec(tx.rows()).await?;
        tx.commit().await?;
        Ok(result)
    }

    fn own(&self, update: UpdateMany<idempotency::Entity>) -> UpdateMany<idempotency::Entity> {
        update.filter(idempotency::Column::Id.eq(self.0.names.id)).filter(idempotency::Column::Run.eq(self.0.run))
    }

    fn done(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Uuid>> {
        self.0.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Step {
    /// What came of it, if it was committed before.
    pub(crate) fn done_before(&self) -> Option<Uuid> {
        self.attempt.done().get(&self.field).copied()
    }

    /// Writes what comes of it, in the transaction of its change: after a crash both are there, or neither.
    ///
    /// # Errors
    /// Another attempt has taken over: this one's change must not be committed.
    pub(crate) async fn note(&self, rows: &impl ConnectionTrait, outcome: Uuid) -> Result<()> {
        // Read again: whether the commit of a step before this one was heard of is not known for certain.
        let row = idempotency::Entity::find_by_id(self.attempt.0.names.id)
            .filter(idempotency::Column::Run.eq(self.attempt.0.run))
            .lock_exclusive()
            .one(rows)
            .await?
            .ok_or_else(taken_over)?;
        let mut steps = row.steps;
        let Value::Object(noted) = &mut steps else { return Err(Error::internal("steps are no object")) };
        noted.insert(self.field.clone(), outcome.to_string().into());
        let change = idempotency::ActiveModel { steps: Set(steps), ..Default::default() };
        let written = self.attempt.own(idempotency::Entity::update_many().set(change)).exec(rows).await?;
        if written.rows_affected == 0 { Err(taken_over()) } else { Ok(()) }
    }

    /// Notes that it is committed.
    pub(crate) fn remember(&self, outcome: Uuid) {
        self.attempt.done().insert(self.field.clone(), outcome);
    }
}

fn taken_over() -> Error {
    Error::Unavailable {
        message: "Another attempt at this request has taken over. Send it again.",
        source: "an attempt lost its lease".into(),
    }
}
