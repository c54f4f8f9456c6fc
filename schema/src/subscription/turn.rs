//! What one execution of a listener's document is for.
//!
//! A document that listens is executed once to begin, and then once for each thing that is said; between two of these nothing
//! of an execution is kept (see [`listening`](crate::listening)). A subscription's resolver is therefore called on each turn,
//! and [`take`] tells the first from the others.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::Context;
use darkroom_service::Error;
use futures::stream::{BoxStream, StreamExt};

use crate::error::Result;

/// Something that a subscription says, of its field's type.
pub(crate) type Thing = Box<dyn Any + Send>;

/// What is said, one thing after another.
pub(crate) type Things = BoxStream<'static, Result<Thing>>;

/// What an execution is for.
pub(crate) enum Turn {
    /// To begin: leaves here what will be said.
    Begin(Mutex<Option<Things>>),
    /// To say this.
    Say(Mutex<Option<Result<Thing>>>),
}

impl Turn {
    /// An execution that begins to listen.
    pub(crate) fn begin() -> Self {
        Self::Begin(Mutex::new(None))
    }

    /// An execution that says something.
    pub(crate) fn say(thing: Result<Thing>) -> Self {
        Self::Say(Mutex::new(Some(thing)))
    }

    /// What will be said, if it has begun.
    pub(crate) fn begun(&self) -> Option<Things> {
        match self {
            Self::Begin(place) => place.lock().unwrap_or_else(PoisonError::into_inner).take(),
            Self::Say(_) => None,
        }
    }
}

/// What a subscription's field answers. On the first turn `begin` finds out what will be said, and the answer is an error that
/// nobody hears; on the others it is what is said now.
pub(super) async fn take<T: Send + 'static>(
    ctx: &Context<'_>,
    begin: impl Future<Output = Result<BoxStream<'static, Result<T>>>> + Send,
) -> Result<T> {
    let turn: Option<&Arc<Turn>> = ctx.data_opt();
    match turn.map(Arc::as_ref) {
        Some(Turn::Say(place)) => {
            let thing = place.lock().unwrap_or_else(PoisonError::into_inner).take();
            match thing {
                Some(Ok(thing)) => Ok(*thing.downcast().map_err(|_| Error::internal("another field's"))?),
                Some(Err(failure)) => Err(failure),
                None => Err(Error::internal("said already").into()),
            }
        }
        Some(Turn::Begin(place)) => {
            let things = begin.await?.map(|thing| thing.map(|thing| Box::new(thing) as Thing)).boxed();
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(things);
            Err(Error::internal("nothing is said yet").into())
        }
        None => Err(Error::internal("nobody listens").into()),
    }
}
