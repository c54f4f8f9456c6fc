//! Operations that listen: thousands wait for hours, so what waits is small.
//!
//! The library keeps an execution for as long as its stream is open: the document, variables, contexts, and a state machine for
//! each layer, together more than the socket itself. Here a document is executed anew on each [`Turn`]: once to begin and once
//! for each thing that is said. In between stay the document, which all who listen by the same one share, the variables as
//! text, the caller, and what will be said. `docs/decisions/0018` has the figures.
//!
//! The root of these executions is [`Root`], whose fields the schema shows as its type `Subscription`.

mod document;

pub use document::selected;

use std::any::TypeId;
use std::sync::Arc;

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{
    EmptyMutation, EmptySubscription, Request, Response, Schema, ServerError, ValidationMode, Variables,
};
use darkroom_service::{App, Error};
use futures::FutureExt;
use futures::stream::{self, BoxStream, StreamExt};
use moka::sync::Cache;
use uuid::Uuid;

use crate::error;
use crate::subscription::{Common, Root, Thing, Turn, apart};
use crate::{Caller, Validator, attach, bounded, validator};

/// Documents that are kept to be shared; those that somebody listens by stay beside them.
const DOCUMENTS: u64 = 1_000;

/// Longer texts are not kept to be shared, bytes.
const LONGEST: usize = 4 << 10;

/// Executes operations that listen.
#[derive(Clone)]
pub(crate) struct Listening {
    /// The whole schema, by which documents are valid or not.
    validator: Validator,
    /// The fields that listen.
    turns: Schema<Root, EmptyMutation, EmptySubscription>,
    app: App,
    common: Arc<Common>,
    /// Operations that were found valid, by text and name.
    documents: Cache<(String, Option<String>), Arc<ExecutableDocument>>,
}

impl Listening {
    /// Over an application.
    pub(crate) fn new(app: &App) -> Self {
        let common = Arc::new(Common::new(app.clone()));
        let turns = Schema::build(Root::default(), EmptyMutation, EmptySubscription)
            .data(app.clone())
            .data(Arc::clone(&common));
        // By the whole schema it was found valid with all of its variables.
        let turns = bounded(turns).validation_mode(ValidationMode::Fast).finish();
        let documents = Cache::new(DOCUMENTS);
        Self { validator: validator(&app.config), turns, app: app.clone(), common, documents }
    }

    /// Whether a session stands and its person is not suspended.
    pub(crate) async fn stands(&self, session_id: Uuid) -> Result<bool, Arc<Error>> {
        self.common.stands(session_id).await
    }

    /// What the operation says. If it could not begin, the first response, and the last, says why.
    pub(crate) fn listen(&self, mut request: Request) -> BoxStream<'static, Response> {
        let listening = self.clone();
        let begin = async move {
            match listening.valid(&mut request).await {
                Ok(document) => listening.begin(document, request).await,
                Err(refusal) => only(refusal),
            }
        };
        // In a box, which goes once it has begun.
        stream::once(begin.boxed()).flatten().boxed()
    }

    /// The document as it is executed, if it is valid with these variables.
    async fn valid(&self, request: &mut Request) -> Result<Arc<ExecutableDocument>, Response> {
        let parsed = request.parsed_query().map_err(refusal)?.clone();
        let mut asked = Request::new(request.query.clone()).variables(request.variables.clone());
        asked.operation_name.clone_from(&request.operation_name);
        asked.set_parsed_query(parsed.clone());
        // In a box, as every execution here: thousands wait for their turn, and what they wait in has no room for one.
        let response = self.validator.execute(asked).boxed().await;
        if !response.errors.is_empty() {
            return Err(response);
        }
        let key = (request.query.clone(), request.operation_name.clone());
        if let Some(document) = self.documents.get(&key) {
            return Ok(document);
        }
        let document = Arc::new(document::turned(&parsed, key.1.as_deref()).map_err(refusal)?);
        if key.0.len() <= LONGEST {
            self.documents.insert(key, Arc::clone(&document));
        }
        Ok(document)
    }

    async fn begin(&self, document: Arc<ExecutableDocument>, request: Request) -> BoxStream<'static, Response> {
        let caller = request.data.get(&TypeId::of::<Arc<Caller>>()).and_then(|caller| caller.downcast_ref());
        let caller = caller.map(Arc::clone).unwrap_or_default();
        let variables = serde_json::to_string(&request.variables).unwrap_or_default().into();
        // It holds a copy of the document, and may have to wait.
        drop(request);
        let listener = Listener {
            turns: self.turns.clone(),
            app: self.app.clone(),
            common: Arc::clone(&self.common),
            document,
            variables,
            caller,
        };
        let listener = Arc::new(listener);
        let turn = Arc::new(Turn::begin());
        let response = Arc::clone(&listener).take(Arc::clone(&turn)).await;
        match turn.begun() {
            Some(things) => things.then(move |thing| Arc::clone(&listener).say(thing).boxed()).boxed(),
            None => only(response),
        }
    }
}

fn refusal(error: ServerError) -> Response {
    Response::from_errors(vec![error])
}

fn only(response: Response) -> BoxStream<'static, Response> {
    stream::iter([response]).boxed()
}

/// What stays of an operation between its turns.
struct Listener {
    turns: Schema<Root, EmptyMutation, EmptySubscription>,
    app: App,
    common: Arc<Common>,
    document: Arc<ExecutableDocument>,
    /// As JSON: a map of them takes a kibibyte.
    variables: Box<str>,
    caller: Arc<Caller>,
}

impl Listener {
    async fn say(self: Arc<Self>, thing: error::Result<Thing>) -> Response {
        self.take(Arc::new(Turn::say(thing))).await
    }

    async fn take(self: Arc<Self>, turn: Arc<Turn>) -> Response {
        apart(async move {
            let _place = self.common.place().await;
            let variables: Variables = serde_json::from_str(&self.variables).unwrap_or_default();
            let mut request = Request::new("").variables(variables);
            request.set_parsed_query(ExecutableDocument::clone(&self.document));
            self.turns.execute(attach(request, &self.app, Arc::clone(&self.caller)).data(turn)).await
        })
        .await
    }
}
