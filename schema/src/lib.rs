//! The GraphQL schema: the product's face.
//!
//! It speaks GraphQL upwards and calls the service crate downwards; it decides nothing. A resolver finds out who asks,
//! calls one verb, and wraps what comes back. Whatever belongs to many rows goes through `loader`, one query a kind.
//!
//! ```text
//!   query/ mutation/ subscription/   entry points, a file a noun
//!   admin/                           the operators' schema, which is another one
//!   object/                          what they return
//!   loader                           batches of what objects look up
//!   hot                              lists that are written as bytes, past the executor
//!   listening                        subscriptions: executed on each turn, little kept in between
//!   id, cursor, page                 opaque names for rows and places in lists
//!   error                            the only way out for a service error
//! ```
//!
//! The schema in words is `schema/schema.graphql`: generated, checked in, compared by a test.

#![allow(unexpected_cfgs, reason = "cargo-fuzz sets cfg(fuzzing)")]

pub mod admin;
mod context;
mod cursor;
pub mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod hot;
mod id;
mod listening;
mod loader;
mod mutation;
mod object;
mod page;
mod query;
mod subscription;
pub mod upload;
mod validate;

use std::net::IpAddr;
use std::sync::Arc;

use async_graphql::Positioned;
use async_graphql::parser::types::{OperationDefinition, OperationType, Selection};
use async_graphql::{Data, Executor, Request, Response, SDLExportOptions, SchemaBuilder, ValidationMode};
use darkroom_platform::config::{Config, DocumentsMode};
use darkroom_service::idempotency::Attempt;
use darkroom_service::session::Presumed;
use darkroom_service::{App, Origin, Viewer};
use futures::stream::BoxStream;
use uuid::Uuid;

pub use error::mask;
pub use hot::Plans;
pub use listening::selected;
pub use mutation::Mutation;
pub use query::Query;
pub use subscription::Subscription;
pub use validate::OnlyValidate;

/// Everything but listening, which this executes by the library's means if it is asked to.
type Operations = async_graphql::Schema<Query, Mutation, Subscription>;

/// The schema, ready to execute.
#[derive(Clone)]
pub struct Schema {
    operations: Operations,
    listening: listening::Listening,
}

impl Schema {
    /// Whether a session stands and its person is not suspended. Long connections ask it again and again: it is asked together
    /// with everyone who asks within a few milliseconds.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn stands(&self, session_id: Uuid) -> Result<bool, Arc<darkroom_service::Error>> {
        self.listening.stands(session_id).await
    }
}

impl Executor for Schema {
    async fn execute(&self, request: Request) -> Response {
        self.operations.execute(request).await
    }

    fn execute_stream(&self, mut request: Request, session: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let name = request.operation_name.clone();
        let listens = request.parsed_query().is_ok_and(|document| {
            listening::selected(document, name.as_deref())
                .is_some_and(|operation| operation.node.ty == OperationType::Subscription)
        });
        if listens {
            self.listening.listen(request)
        } else {
            Executor::execute_stream(&self.operations, request, session)
        }
    }
}

/// How deep a document's selections may be nested, fragments counted. Whoever executes documents bounds them before, and
/// tighter (`api/src/graphql/check.rs`); the library's own limits expand fragments to count, and this one can't be left out.
const LEVELS: usize = 64;

/// The schema, which only says whether a document is valid.
pub type Validator = async_graphql::Schema<Query, Mutation, Subscription>;

/// Builds the schema over an application. It runs what the [validator] has found valid, and does not look again.
pub fn build(app: &App) -> Schema {
    let operations = following(blank(), &app.config).validation_mode(ValidationMode::Fast).data(app.clone()).finish();
    Schema { operations, listening: listening::Listening::new(app) }
}

/// The same schema, which only says whether a document is valid and its variables fit: nothing is executed.
pub fn validator(config: &Config) -> Validator {
    following(blank(), config).extension(OnlyValidate).finish()
}

/// As the settings say: where only listed documents run, the schema is nobody's to ask for or to guess.
fn following<Q, M, S>(builder: SchemaBuilder<Q, M, S>, config: &Config) -> SchemaBuilder<Q, M, S> {
    match config.graphql.documents {
        DocumentsMode::Off | DocumentsMode::Apq => builder,
        DocumentsMode::Trusted => builder.disable_introspection().disable_suggestions(),
    }
}

/// The schema in the schema definition language, as it is checked in.
pub fn sdl() -> String {
    blank().finish().sdl_with_options(printing())
}

fn printing() -> SDLExportOptions {
    SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items()
}

/// The answer to a question about the schema itself, for which it needs no application.
pub async fn introspect(document: &str) -> Response {
    blank().finish().execute(document).await
}

fn blank() -> SchemaBuilder<Query, Mutation, Subscription> {
    bounded(async_graphql::Schema::build(Query::default(), Mutation::default(), Subscription))
}

fn bounded<Q, M, S>(builder: SchemaBuilder<Q, M, S>) -> SchemaBuilder<Q, M, S> {
    builder.limit_recursive_depth(LEVELS)
}

/// Who sent a request.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The person, if they are signed in.
    pub viewer: Option<Arc<Viewer>>,
    /// Who it probably is, in place of `viewer`: only for documents that [prove it](proves_who_asks).
    pub presumed: Option<Arc<Presumed>>,
    /// What their device calls itself.
    pub user_agent: String,
    /// The client's address, if it is known.
    pub address: Option<IpAddr>,
    /// What the request is called in the log.
    pub request_id: String,
}

impl Caller {
    /// Who asks; nobody as long as it is only presumed.
    pub(crate) fn viewer(&self) -> Option<&Viewer> {
        self.viewer.as_deref().or_else(|| self.presumed.as_ref()?.proved())
    }

    /// For whom loaders look things up, which they do when it is proved.
    fn viewer_id(&self) -> Option<Uuid> {
        let presumed = self.presumed.as_ref().map(|presumed| presumed.probably());
        self.viewer.as_ref().or(presumed).map(|viewer| viewer.id())
    }

    /// Where the request comes from.
    pub(crate) fn origin(&self) -> Origin<'_> {
        Origin { user_agent: &self.user_agent, address: self.address }
    }
}

/// Gives a request what its resolvers need: who asks, and loaders of its own. What only reads may read from a replica.
pub fn prepare(mut request: Request, app: &App, caller: Caller) -> Request {
    match app.aside() {
        Some(aside) if only_reads(&mut request) => attach(request.data(aside.clone()), &aside, Arc::new(caller)),
        _ => attach(request, app, Arc::new(caller)),
    }
}

/// Whether the operation is a query; not so of a document that can't be read.
fn only_reads(request: &mut Request) -> bool {
    let name = request.operation_name.clone();
    request.parsed_query().is_ok_and(|document| {
        listening::selected(document, name.as_deref())
            .is_some_and(|operation| operation.node.ty == OperationType::Query)
    })
}

/// Has a request's mutations carried out as steps of this attempt.
pub fn under_key(request: Request, attempt: Attempt) -> Request {
    request.data(attempt)
}

fn attach(request: Request, app: &App, caller: Arc<Caller>) -> Request {
    let viewer = caller.viewer_id();
    request.data(loader::loaders(app.clone(), viewer)).data(caller)
}

/// Whether an operation proves who asks before it shows anything, so that a caller may be [presumed](Caller::presumed): it
/// is a query whose only root field is `feed`.
#[must_use]
pub fn proves_who_asks(operation: &OperationDefinition) -> bool {
    let [Positioned { node: Selection::Field(field), .. }] = operation.selection_set.node.items.as_slice() else {
        return false;
    };
    operation.ty == OperationType::Query && field.node.name.node == "feed"
}
