//! What a resolver takes from its context.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::Context;
use async_graphql::dataloader::DataLoader;
use darkroom_service::idempotency::Attempt;
use darkroom_service::{App, Error, Viewer};

use crate::Caller;
use crate::error::Result;
use crate::loader::Loaders;

/// Short names for what every request carries.
pub(crate) trait RequestContext {
    fn app(&self) -> Result<&App>;
    fn caller(&self) -> Result<&Caller>;
    fn loader(&self) -> Result<&DataLoader<Loaders>>;

    /// The application, for a verb whose second run would do more or say something else: if the request has a key, it knows
    /// which step of it this field is.
    fn acting(&self) -> Result<Cow<'_, App>>;

    /// Who asks, if they are signed in.
    fn viewer(&self) -> Result<Option<&Viewer>> {
        Ok(self.caller()?.viewer())
    }

    /// Who asks; an error if they are not signed in.
    fn signed_in(&self) -> Result<&Viewer> {
        Ok(self.viewer()?.ok_or(Error::Unauthenticated)?)
    }
}

impl RequestContext for Context<'_> {
    fn app(&self) -> Result<&App> {
        self.data_opt().ok_or_else(|| Error::internal("the schema has no application").into())
    }

    fn acting(&self) -> Result<Cow<'_, App>> {
        let app = self.app()?;
        let attempt: Option<&Attempt> = self.data_opt();
        Ok(attempt.map_or(Cow::Borrowed(app), |attempt| {
            Cow::Owned(app.at_step(attempt.step(self.item.node.response_key().node.as_str())))
        }))
    }

    fn caller(&self) -> Result<&Caller> {
        let caller: Option<&Arc<Caller>> = self.data_opt();
        Ok(caller.ok_or_else(|| Error::internal("the request was not prepared"))?)
    }

    fn loader(&self) -> Result<&DataLoader<Loaders>> {
        self.data_opt().ok_or_else(|| Error::internal("the request was not prepared").into())
    }
}
