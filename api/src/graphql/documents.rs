//! From a request to a document that may run: found, parsed, checked, valid, and not too dear.
//!
//! ```text
//!   request ──► persisted: which text is meant ──► known? ──yes──► do its variables fit? ──► cost ──► run
//!                                                    └──no──► check ──► parse ──► check ──► validate ──► keep
//! ```
//!
//! An app sends the same few texts again and again, so what was found good is kept: the parsed document beside the expression
//! of its cost, the variables that it was last sent with, and how its lists are written. Only valid documents are kept: what is
//! not costs its sender the full price each time and takes no place. Whether a document and its variables fit together is said
//! here, and the executor, which would say so for each request anew, takes it as said.

mod open;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::parser::types::{BaseType, ExecutableDocument, OperationType};
use async_graphql::{Executor, Name, Request, Response, ServerError, Value};
use darkroom_schema::Plans;
use moka::sync::Cache;

use crate::graphql::check::{Check, Cost, Costs};
use crate::graphql::operation;
use crate::graphql::persisted::Persisted;

/// Longer texts are not kept: nobody sends one often.
const LONGEST: usize = 16 << 10;

/// About how many bytes a parsed document takes for each of its text.
const WEIGHT: usize = 24;

/// Most errors that one response tells of: what comes after helps nobody, and a short text can make very many.
const ERRORS: usize = 100;

/// Most variables of one document that are known to fit it.
const FITTING: usize = 8;

/// Longer variables are not kept, in bytes of JSON.
const LONGEST_VARIABLES: usize = 256;

/// The documents of one process. Clones share them.
#[derive(Clone)]
pub(crate) struct Documents(Arc<Inner>);

struct Inner {
    check: Check,
    persisted: Persisted,
    kept: Cache<String, Arc<Known>>,
}

/// A document that was found good.
struct Known {
    document: ExecutableDocument,
    costs: Costs,
    /// How its lists are written; none if it has directives, by which the same text asks for this or that.
    plans: Option<Plans>,
    /// With which variables it was found valid, for which of its operations; those that were sent last come first.
    fitting: Mutex<Vec<Sent>>,
}

/// What a document is sent with.
#[derive(PartialEq, Eq)]
struct Sent {
    operation: Option<String>,
    /// As JSON, with nothing in place of what may be any text: parsed, they may take fifty times as much memory.
    variables: Vec<u8>,
}

impl Sent {
    /// What this request sends, as far as its validity depends on it; none if it is long.
    fn by(request: &Request, document: &ExecutableDocument) -> Option<Self> {
        let operation = darkroom_schema::selected(document, request.operation_name.as_deref())?;
        let definitions = &operation.node.variable_definitions;
        let takes_text = |variable: &Name| {
            let of = definitions.iter().find(|definition| definition.node.name.node == *variable);
            of.is_some_and(|definition| is_text(&definition.node.var_type.node.base))
        };
        // Each page of a list comes with another cursor: where any text will do, all are alike.
        let any = Value::String(String::new());
        let alike = request.variables.iter().map(|(name, value)| match value {
            Value::String(_) if takes_text(name) => (name, &any),
            value => (name, value),
        });
        let variables = serde_json::to_vec(&alike.collect::<BTreeMap<_, _>>()).ok()?;
        (variables.len() <= LONGEST_VARIABLES).then(|| Self { operation: request.operation_name.clone(), variables })
    }
}

/// Whether any text is a value of this type (GraphQL, 3.5.3 and 3.5.5).
fn is_text(of: &BaseType) -> bool {
    matches!(of, BaseType::Named(name) if name == "String" || name == "ID")
}

impl Known {
    fn new(text: &str, document: ExecutableDocument, costs: Costs, sent: Option<Sent>) -> Self {
        // Whatever else the sign stands in takes the document's plans, which it can do without.
        let plans = (!text.contains('@')).then(Plans::default);
        Self { document, costs, plans, fitting: Mutex::new(sent.into_iter().collect()) }
    }

    /// Whether it was found valid with this.
    fn fits(&self, sent: &Sent) -> bool {
        let mut fitting = self.fitting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(place) = fitting.iter().position(|one| one == sent) else { return false };
        fitting[..=place].rotate_right(1);
        true
    }

    /// Gives a request what was made of the document before.
    fn lend(&self, request: &mut Request) {
        if let Some(plans) = &self.plans {
            request.data.insert(plans.clone());
        }
    }

    /// Notes that it is valid with this.
    fn keep(&self, sent: Sent) {
        let mut fitting = self.fitting.lock().unwrap_or_else(PoisonError::into_inner);
        fitting.truncate(FITTING - 1);
        fitting.insert(0, sent);
    }
}

/// A request whose document may run, and has been put into it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Admitted {
    /// What kind of operation will run; none if the document leaves it open, which the executor then says.
    pub(crate) kind: Option<OperationType>,
    /// Whether it [proves who asks](darkroom_schema::proves_who_asks).
    pub(crate) proves: bool,
    cost: Option<Cost>,
}

/// Why a request is not carried out: request errors, at least one.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) Vec<ServerError>);

impl From<ServerError> for Refused {
    fn from(error: ServerError) -> Self {
        Self(vec![error])
    }
}

impl Admitted {
    /// What it takes from the points of whoever asks.
    pub(crate) fn points(&self) -> u64 {
        self.cost.map_or(1, |cost| cost.requested)
    }

    /// Tells in a response of the operation what it costs, and of no more errors than help.
    pub(crate) fn tell(&self, mut response: Response) -> Response {
        response.errors.truncate(ERRORS);
        if let Some(cost) = self.cost {
            response.extensions.insert("cost".to_owned(), cost.told());
        }
        response
    }
}

impl Documents {
    /// Documents that pass this check and that these clients may send; about so many bytes of them are kept.
    pub(crate) fn new(check: Check, persisted: Persisted, memory: u64) -> Self {
        let weigh = |text: &String, known: &Arc<Known>| {
            let document = text.len().saturating_mul(WEIGHT) + known.costs.weight();
            let plans = known.plans.as_ref().map_or(0, |_| Plans::WEIGHT);
            u32::try_from(document + FITTING * LONGEST_VARIABLES + plans).unwrap_or(u32::MAX)
        };
        let kept = Cache::builder().max_capacity(memory).weigher(weigh).build();
        Self(Arc::new(Inner { check, persisted, kept }))
    }

    /// Finds the request's document, and whether it may run. `validator` is the executor's schema, and executes nothing.
    ///
    /// # Errors
    /// Request errors: there is no such document, it can't be parsed, asks for too much, or is not valid; a variable is
    /// missing.
    pub(crate) async fn admit(&self, validator: &impl Executor, request: &mut Request) -> Result<Admitted, Refused> {
        let Inner { check, persisted, kept } = &*self.0;
        let new = persisted.find(request).await?;
        check.variables(&request.variables)?;
        let admitted = match kept.get(&request.query) {
            Some(known) => {
                request.set_parsed_query(known.document.clone());
                let admitted = self.weigh(request, &known.costs)?;
                let sent = Sent::by(request, &known.document);
                if !sent.as_ref().is_some_and(|sent| known.fits(sent)) {
                    validate(validator, request, known.document.clone()).await?;
                    sent.into_iter().for_each(|sent| known.keep(sent));
                }
                known.lend(request);
                admitted
            }
            None => {
                check.text(&request.query)?;
                let costs = check.document(request.parsed_query()?)?;
                let admitted = self.weigh(request, &costs)?;
                let document = request.parsed_query()?.clone();
                validate(validator, request, document.clone()).await?;
                if request.query.len() <= LONGEST {
                    let sent = Sent::by(request, &document);
                    let known = Known::new(&request.query, document, costs, sent);
                    known.lend(request);
                    kept.insert(request.query.clone(), Arc::new(known));
                }
                admitted
            }
        };
        if let Some(hash) = new.filter(|_| request.query.len() <= LONGEST) {
            persisted.keep(hash, &request.query).await;
        }
        Ok(admitted)
    }

    /// What the operation is and costs, with the request's variables.
    fn weigh(&self, request: &mut Request, costs: &Costs) -> Result<Admitted, ServerError> {
        let (kind, proves) = operation::examine(request)?.unzip();
        let cost = self.0.check.cost(costs, request.operation_name.as_deref(), &request.variables)?;
        Ok(Admitted { kind, proves: proves.unwrap_or(false), cost })
    }
}

/// Whether the request's document is valid, and its variables fit.
async fn validate(validator: &impl Executor, request: &Request, document: ExecutableDocument) -> Result<(), Refused> {
    let mut only = Request::new("").variables(request.variables.clone());
    only.operation_name.clone_from(&request.operation_name);
    only.set_parsed_query(document);
    let mut errors = Box::pin(validator.execute(only)).await.errors;
    errors.truncate(ERRORS);
    if errors.is_empty() { Ok(()) } else { Err(Refused(errors)) }
}
