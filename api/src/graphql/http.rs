//! `POST /graphql` and `GET /graphql`, by the GraphQL-over-HTTP specification.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use async_graphql::parser::types::OperationType;
use async_graphql::{Executor, Request, Response};
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use darkroom_platform::metrics::Outcome;
use darkroom_schema::upload::Uploads;
use darkroom_service::idempotency::Key;
use darkroom_service::session::Presumed;
use futures::StreamExt;
use http::header::USER_AGENT;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

use crate::auth;
use crate::graphql::accept::{self, Form};
use crate::graphql::body::{self, BodyForm};
use crate::graphql::documents::{Admitted, Refused};
use crate::graphql::gateway::{Caller, Edge, Gateway, MAX_FILES};
use crate::graphql::inbound::Inbound;
use crate::graphql::keyed::{self, Answer, Keyed, REPLAYED};
use crate::graphql::load::Shed;
use crate::graphql::measure::{self, Measured};
use crate::graphql::multipart::{self, Files};
use crate::graphql::operation::coded;
use crate::graphql::{respond, sse};
use crate::rate;
use crate::refusal::Refusal;
use crate::request_id::RequestId;

/// An operation that has been read and not begun.
struct Asked<V> {
    request: Request,
    asker: Asker<V>,
    client: Option<String>,
    form: Form,
    key: Option<Key>,
    files: Option<Arc<Files>>,
}

/// An operation that is paid for.
struct Begun<V> {
    request: Request,
    admitted: Result<Admitted, Refused>,
    form: Form,
    key: Option<Key>,
    files: Option<Arc<Files>>,
    viewer: Option<V>,
    presumed: Option<Arc<Presumed>>,
    request_id: String,
}

/// Who asks, as far as the head of the request tells.
struct Asker<V> {
    who: Who<V>,
    user_agent: String,
    address: IpAddr,
    request_id: String,
}

enum Who<V> {
    Nobody,
    /// The person of a session that stands, by this token.
    Known {
        viewer: V,
        token: String,
    },
    /// The person of a session that stood a while ago, by this token.
    Presumed {
        viewer: V,
        presumed: Presumed,
        token: String,
    },
}

/// Queries, mutations and, as an event stream, subscriptions; with files if the body is multipart.
pub(crate) async fn post<G: Gateway>(
    State(edge): State<Arc<Edge<G>>>,
    request: http::Request<Body>,
) -> axum::response::Response {
    let (parts, body) = request.into_parts();
    let limits = edge.gateway.limits();
    let inbound = Inbound::new(body, &parts.headers, limits.whole(MAX_FILES), limits.pace);
    let mut files = None;
    let response = answer(&edge, &parts, &inbound, &mut files).await.into_response();
    // A file that is still being read belongs to its reader.
    if files.is_some_and(|files: Arc<Files>| files.is_streaming()) {
        return response;
    }
    inbound.answered(parts.version, response).await
}

async fn answer<G: Gateway>(
    edge: &Arc<Edge<G>>,
    parts: &Parts,
    inbound: &Inbound,
    files: &mut Option<Arc<Files>>,
) -> Result<axum::response::Response, Refusal> {
    let form = accept::negotiate(&parts.headers)?;
    let result = async {
        let limits = edge.gateway.limits();
        let body_form = BodyForm::of(&parts.headers)?;
        inbound.bound(match body_form {
            BodyForm::Json => limits.request,
            BodyForm::Multipart { .. } => limits.whole(MAX_FILES),
        })?;
        if matches!(body_form, BodyForm::Multipart { .. }) {
            multipart::require_preflight(&parts.headers)?;
            if form == Form::EventStream {
                return Err(Refusal::bad_request("Uploads are answered once: accept application/json."));
            }
        }
        if edge.load.is_full() {
            Shed::Crowded.note();
            return Err(Shed::Crowded.into());
        }
        let key = keyed::key(&parts.headers)?;
        let asker = asker(edge, parts).await?;
        let request = match body_form {
            BodyForm::Json => body::from_json(&inbound.read_all().await?)?,
            BodyForm::Multipart { boundary } => {
                let dir = edge.gateway.spool_dir();
                let (request, found) = multipart::receive(inbound, &boundary, limits, dir).await?;
                let found = Arc::new(found);
                *files = Some(Arc::clone(&found));
                request.data(Uploads(found))
            }
        };
        let client = measure::client(&parts.headers);
        run(edge, Asked { request, asker, client, form, key, files: files.clone() }, false).await
    };
    result.await.map_err(|refusal| in_form(refusal, form))
}

/// Queries by URL: nothing that changes anything.
pub(crate) async fn get<G: Gateway>(
    State(edge): State<Arc<Edge<G>>>,
    request: http::Request<Body>,
) -> Result<axum::response::Response, Refusal> {
    let (parts, _) = request.into_parts();
    let form = accept::negotiate(&parts.headers)?;
    let result = async {
        let asker = asker(&edge, &parts).await?;
        let request = body::from_query(&parts.uri)?;
        let client = measure::client(&parts.headers);
        run(&edge, Asked { request, asker, client, form, key: None, files: None }, true).await
    };
    result.await.map_err(|refusal| in_form(refusal, form))
}

fn in_form(refusal: Refusal, form: Form) -> Refusal {
    match form {
        Form::Single(media_type) => refusal.media_type(media_type),
        Form::EventStream => refusal,
    }
}

/// Who asks; 401 if the header names a session that does not stand, as far as that is looked at.
async fn asker<G: Gateway>(edge: &Arc<Edge<G>>, parts: &Parts) -> Result<Asker<G::Viewer>, Refusal> {
    let who = match auth::bearer(&parts.headers)? {
        None => Who::Nobody,
        Some(token) => match edge.gateway.presume(token) {
            Some((viewer, presumed)) => Who::Presumed { viewer, presumed, token: token.to_owned() },
            None => Who::Known { viewer: authenticated(edge, token).await?, token: token.to_owned() },
        },
    };
    let request_id = RequestId::of(&parts.extensions).to_string();
    let address = edge.gateway.address(parts);
    Ok(Asker { who, user_agent: user_agent(&parts.headers), address, request_id })
}

async fn authenticated<G: Gateway>(edge: &Arc<Edge<G>>, token: &str) -> Result<G::Viewer, Refusal> {
    edge.gateway.authenticate(token).await?.ok_or_else(auth::ended)
}

impl<V: Clone> Asker<V> {
    /// Who asks, and whose points it takes. Only a document that proves who asks may go on with what is presumed; for any
    /// other the session is looked up now.
    async fn settle<G: Gateway<Viewer = V>>(
        self,
        edge: &Arc<Edge<G>>,
        proves: bool,
    ) -> Result<(Caller<V>, Option<V>), Refusal> {
        let Self { who, user_agent, address, request_id } = self;
        let caller = |viewer, presumed| Caller { viewer, presumed, user_agent, address, request_id };
        Ok(match who {
            Who::Nobody => (caller(None, None), None),
            Who::Known { viewer, token } => {
                if proves {
                    edge.gateway.remember(&token, &viewer);
                }
                (caller(Some(viewer.clone()), None), Some(viewer))
            }
            Who::Presumed { viewer, presumed, .. } if proves => (caller(None, Some(Arc::new(presumed))), Some(viewer)),
            Who::Presumed { token, .. } => {
                let viewer = Some(authenticated(edge, &token).await?);
                (caller(viewer.clone(), None), viewer)
            }
        })
    }
}

/// What the client calls itself.
pub(crate) fn user_agent(headers: &HeaderMap) -> String {
    let value = headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    value.map(|text| text.chars().take(200).collect()).unwrap_or_default()
}

async fn run<G: Gateway>(
    edge: &Arc<Edge<G>>,
    asked: Asked<G::Viewer>,
    read_only: bool,
) -> Result<axum::response::Response, Refusal> {
    let begun = Instant::now();
    let Asked { mut request, asker, client, form, key, files } = asked;
    let admitted = edge.documents.admit(edge.gateway.validator(), &mut request).await;
    let proves = admitted.as_ref().is_ok_and(|admitted| admitted.proves);
    let (caller, viewer) = asker.settle(edge, proves).await?;
    let (address, presumed, request_id) = (caller.address, caller.presumed.clone(), caller.request_id.clone());
    let mut request = edge.gateway.prepare(request, caller);
    let kind = admitted.as_ref().ok().and_then(|admitted| admitted.kind);
    let measured = Measured::begin(&mut request, admitted.is_ok().then_some(kind), client.as_deref(), begun);
    // Reading what can't run is work too.
    let points = admitted.as_ref().map_or(1, Admitted::points);
    let charge = edge.gateway.charge(viewer.as_ref(), address, points).await;
    if let Some(charge) = &charge {
        rate::admit(charge).inspect_err(|refusal| measured.refused(refusal))?;
    }
    let begun = Begun { request, admitted, form, key, files, viewer, presumed, request_id };
    let mut response =
        Box::pin(execute(edge, begun, read_only, &measured)).await.inspect_err(|refusal| measured.refused(refusal))?;
    if let Some(charge) = &charge {
        rate::tell(response.headers_mut(), charge);
    }
    Ok(response)
}

async fn execute<G: Gateway>(
    edge: &Arc<Edge<G>>,
    begun: Begun<G::Viewer>,
    read_only: bool,
    measured: &Measured,
) -> Result<axum::response::Response, Refusal> {
    let Begun { request, admitted, form, key, files, viewer, presumed, request_id } = begun;
    let kind = admitted.as_ref().ok().and_then(|admitted| admitted.kind);
    if read_only && kind == Some(OperationType::Mutation) {
        return Err(Refusal::method_not_allowed("Send mutations by POST.", "POST"));
    }
    let key = key.filter(|_| kind == Some(OperationType::Mutation));
    if let (Ok(admitted), Some(key)) = (&admitted, key)
        && let Some(keeper) = edge.gateway.keeper(viewer.as_ref())
    {
        let files = files.as_deref();
        let keyed = Keyed { key, keeper, request, admitted: *admitted, files, request_id };
        let answer = Box::pin(keyed::run(edge, keyed)).await?;
        measured.end(answer.outcome);
        return Ok(once(answer, form));
    }
    let is_subscription = kind == Some(OperationType::Subscription);
    let response = match admitted {
        Err(Refused(errors)) => Response::from_errors(errors),
        Ok(admitted) if is_subscription && form == Form::EventStream => {
            measured.end(Outcome::Ok);
            let responses = edge.gateway.executor().execute_stream(request, None);
            let responses = responses.map(move |response| admitted.tell(response)).boxed();
            return Ok(sse::stream(edge, responses, viewer, request_id));
        }
        Ok(_) if is_subscription => Response::from_errors(vec![coded(
            "INVALID",
            "Subscribe over the WebSocket at /graphql/ws, or with Accept: text/event-stream.",
        )]),
        Ok(admitted) => edge.load.execute(edge.gateway.executor(), request, admitted, files.is_some()).await?,
    };
    if let Some(presumed) = presumed
        && edge.gateway.has_ended(&presumed).await?
    {
        return Err(auth::ended());
    }
    let response = edge.gateway.mask(response, &request_id);
    measured.end(measure::outcome(&response));
    match form {
        Form::Single(media_type) => respond::write(response, media_type),
        Form::EventStream => Ok(sse::single(&response)),
    }
}

/// The answer to a mutation with a key.
fn once(answer: Answer, form: Form) -> axum::response::Response {
    let Answer { json, is_request_error, replayed, .. } = answer;
    let mut response = match form {
        Form::Single(media_type) => respond::write_json(json, is_request_error, media_type),
        Form::EventStream => sse::single_json(&json),
    };
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
