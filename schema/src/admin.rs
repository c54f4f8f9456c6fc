//! The operators' schema, at a path of its own: jobs, queues, people who are kept out.
//!
//! It shares ids, cursors, errors, conventions and the words for photos with the product's, and no object that people see. That whoever asks is an operator
//! is found out twice: by the edge, which answers everybody else as if nothing were there, and by each resolver.
//!
//! The schema in words is `schema/admin.graphql`: generated, checked in, compared by a test.

mod mutation;
mod object;
mod query;

use std::sync::Arc;

use async_graphql::{Context, EmptySubscription, ID, Request, Response, SchemaBuilder};
use darkroom_service::operator::{self, Actor};
use darkroom_service::{App, Error};
use uuid::Uuid;

pub use self::mutation::Mutation;
pub use self::query::Query;
use crate::context::RequestContext;
use crate::error::Result;
use crate::id::{self, Kind};
use crate::{Caller, OnlyValidate};

/// The schema, ready to execute.
pub type Schema = async_graphql::Schema<Query, Mutation, EmptySubscription>;

/// Builds the schema over an application.
pub fn build(app: &App) -> Schema {
    blank().data(app.clone()).finish()
}

/// The same schema, which only says whether a document is valid and its variables fit.
pub fn validator() -> Schema {
    blank().extension(OnlyValidate).finish()
}

/// The schema in the schema definition language, as it is checked in.
pub fn sdl() -> String {
    blank().finish().sdl_with_options(crate::printing())
}

/// The answer to a question about the schema itself, for which it needs no application.
pub async fn introspect(document: &str) -> Response {
    blank().finish().execute(document).await
}

/// Gives a request what its resolvers need: who asks.
pub fn prepare(request: Request, caller: Caller) -> Request {
    request.data(Arc::new(caller))
}

/// The row of the photo that an id of the API names; none if it names no photo.
pub fn photo_of(id: &str) -> Option<Uuid> {
    let (kind, row) = id::parse(&ID::from(id))?;
    (kind == Kind::Media).then_some(row)
}

fn blank() -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    crate::bounded(async_graphql::Schema::build(Query, Mutation::default(), EmptySubscription))
}

/// As whom the request acts; "not found" for whoever is no operator.
fn actor(ctx: &Context<'_>) -> Result<Actor> {
    let actor = ctx.viewer()?.and_then(operator::actor);
    Ok(actor.ok_or_else(|| Error::not_found("viewer", "operator"))?)
}
