//! The GraphQL schema: the product's face.
//!
//! It speaks GraphQL upwards and calls the service crate downwards; it decides nothing. A resolver finds out who asks,
//! calls one verb, and wraps what comes back. Whatever belongs to many rows goes through `loader`, one query a kind.
//!
//! ```text
//!   query/ mutation/ subscription/   entry points, a file a noun
//!   object/                          what they return
//!   loader                           batches of what objects look up
//!   hot                              lists that are written as bytes, past the executor
//!   id, cursor, page                 opaque names for rows and places in lists
//!   error                            the only way out for a service error
//! ```
//!
//! The schema in words is `schema/schema.graphql`: generated, checked in, compared by a test.

mod context;
mod cursor;
pub mod error;
mod hot;
mod id;
mod loader;
mod mutation;
mod object;
mod page;
mod query;
mod subscription;
pub mod upload;

use std::sync::Arc;

use async_graphql::{Request, SDLExportOptions};
use darkroom_service::{App, Viewer};

pub use error::mask;
pub use mutation::Mutation;
pub use query::Query;
pub use subscription::Subscription;

/// The schema, ready to execute.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// How deep a document's fields may be nested: what introspection by the usual tools needs, and some.
const DEPTH: usize = 20;

/// The most complexity a document may have: one for each field, times the length of the lists around it.
const COMPLEXITY: usize = 20_000;

/// Directives on one field.
const DIRECTIVES: usize = 5;

/// Aliases in one document.
const ALIASES: usize = 100;

/// Builds the schema over an application.
pub fn build(app: &App) -> Schema {
    builder().data(app.clone()).data(Arc::new(subscription::Common::new(app.clone()))).finish()
}

/// The schema in the schema definition language, as it is checked in.
pub fn sdl() -> String {
    blank().sdl_with_options(SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items())
}

/// The schema without an application: it can be asked about itself only.
pub fn blank() -> Schema {
    builder().finish()
}

fn builder() -> async_graphql::SchemaBuilder<Query, Mutation, Subscription> {
    async_graphql::Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .limit_depth(DEPTH)
        .limit_recursive_depth(DEPTH)
        .limit_complexity(COMPLEXITY)
        .limit_directives(DIRECTIVES)
        .limit_aliases(ALIASES)
}

/// Who sent a request.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The person, if they are signed in.
    pub viewer: Option<Viewer>,
    /// What their device calls itself.
    pub user_agent: String,
    /// What the request is called in the log.
    pub request_id: String,
}

/// Gives a request what its resolvers need: who asks, and loaders of its own.
pub fn prepare(request: Request, app: &App, caller: Caller) -> Request {
    let viewer = caller.viewer.as_ref().map(Viewer::id);
    request.data(loader::loaders(app.clone(), viewer)).data(caller)
}
