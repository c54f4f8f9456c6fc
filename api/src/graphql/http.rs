//! `POST /graphql` and `GET /graphql`, by the GraphQL-over-HTTP specification.

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Executor, Request, Response};
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use darkroom_schema::upload::Uploads;
use darkroom_service::idempotency::Key;
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
use crate::graphql::multipart::{self, Files};
use crate::graphql::operation::coded;
use crate::graphql::{respond, sse};
use crate::rate;
use crate::refusal::Refusal;
use crate::request_id::RequestId;

/// An operation that has been read and not begun.
struct Asked<V> {
    request: Request,
    caller: Caller<V>,
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
    request_id: String,
}

/// Queries, mutations and, as an event stream, subscriptions; with files if the body is multipart.
pub(crate) async fn post<G: Gateway>(
    State(edge): State<Edge<G>>,
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
    edge: &Edge<G>,
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
            return Err(Shed::Crowded.into());
        }
        let key = keyed::key(&parts.headers)?;
        let caller = caller(edge, parts).await?;
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
        run(edge, Asked { request, caller, form, key, files: files.clone() }, false).await
    };
    result.await.map_err(|refusal| in_form(refusal, form))
}

/// Queries by URL: nothing that changes anything.
pub(crate) async fn get<G: Gateway>(
    State(edge): State<Edge<G>>,
    request: http::Request<Body>,
) -> Result<axum::response::Response, Refusal> {
    let (parts, _) = request.into_parts();
    let form = accept::negotiate(&parts.headers)?;
    let result = async {
        let caller = caller(&edge, &parts).await?;
        let request = body::from_query(&parts.uri)?;
        run(&edge, Asked { request, caller, form, key: None, files: None }, true).await
    };
    result.await.map_err(|refusal| in_form(refusal, form))
}

fn in_form(refusal: Refusal, form: Form) -> Refusal {
    match form {
        Form::Single(media_type) => refusal.media_type(media_type),
        Form::EventStream => refusal,
    }
}

/// Who asks; 401 if the header names a session that does not stand.
async fn caller<G: Gateway>(edge: &Edge<G>, parts: &Parts) -> Result<Caller<G::Viewer>, Refusal> {
    let viewer = match auth::bearer(&parts.headers)? {
        None => None,
        Some(token) => Some(edge.gateway.authenticate(token).await?.ok_or_else(auth::ended)?),
    };
    let request_id = RequestId::of(&parts.extensions).to_string();
    let address = edge.gateway.address(parts);
    Ok(Caller { viewer, user_agent: user_agent(&parts.headers), address, request_id })
}

/// What the client calls itself.
pub(crate) fn user_agent(headers: &HeaderMap) -> String {
    let value = headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    value.map(|text| text.chars().take(200).collect()).unwrap_or_default()
}

async fn run<G: Gateway>(
    edge: &Edge<G>,
    asked: Asked<G::Viewer>,
    read_only: bool,
) -> Result<axum::response::Response, Refusal> {
    let Asked { request, caller, form, key, files } = asked;
    let request_id = caller.request_id.clone();
    let (viewer, address) = (caller.viewer.clone(), caller.address);
    let mut request = edge.gateway.prepare(request, caller);
    let admitted = edge.documents.admit(edge.gateway.validator(), &mut request).await;
    // Reading what can't run is work too.
    let points = admitted.as_ref().map_or(1, Admitted::points);
    let charge = edge.gateway.charge(viewer.as_ref(), address, points).await;
    if let Some(charge) = &charge {
        rate::admit(charge)?;
    }
    let begun = Begun { request, admitted, form, key, files, viewer, request_id };
    let mut response = Box::pin(execute(edge, begun, read_only)).await?;
    if let Some(charge) = &charge {
        rate::tell(response.headers_mut(), charge);
    }
    Ok(response)
}

async fn execute<G: Gateway>(
    edge: &Edge<G>,
    begun: Begun<G::Viewer>,
    read_only: bool,
) -> Result<axum::response::Response, Refusal> {
    let Begun { request, admitted, form, key, files, viewer, request_id } = begun;
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
        return Ok(once(Box::pin(keyed::run(edge, keyed)).await?, form));
    }
    let is_subscription = kind == Some(OperationType::Subscription);
    let response = match admitted {
        Err(Refused(errors)) => Response::from_errors(errors),
        Ok(admitted) if is_subscription && form == Form::EventStream => {
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
    let response = edge.gateway.mask(response, &request_id);
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
