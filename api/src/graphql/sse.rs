//! Responses as server-sent events: graphql-sse's "distinct connections", one operation a request.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Response;
use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use tokio::time::{Instant, Interval, MissedTickBehavior};

use crate::auth;
use crate::graphql::gateway::{Edge, Gateway};
use crate::graphql::operation::coded;
use crate::graphql::respond;

/// Says that the operation is over and the client must not connect again.
const COMPLETE: Bytes = Bytes::from_static(b"event: complete\ndata:\n\n");

/// Keeps proxies from closing a quiet connection.
const COMMENT: Bytes = Bytes::from_static(b":\n\n");

struct State<G: Gateway> {
    edge: Arc<Edge<G>>,
    responses: BoxStream<'static, Response>,
    viewer: Option<G::Viewer>,
    request_id: String,
    beat: Interval,
    /// Written and not sent.
    ready: VecDeque<Bytes>,
    over: bool,
}

/// Streams an operation: each response an event `next`, then `complete`. Ends without `complete` when the server stops,
/// so that clients connect to another one.
pub(crate) fn stream<G: Gateway>(
    edge: &Arc<Edge<G>>,
    responses: BoxStream<'static, Response>,
    viewer: Option<G::Viewer>,
    request_id: String,
) -> axum::response::Response {
    // The comment travels more often than the session is looked at on a WebSocket: proxies close after a minute or less.
    let period = edge.timing.beat.min(Duration::from_secs(15));
    let mut beat = tokio::time::interval_at(Instant::now() + period, period);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let edge = edge.clone();
    let state = State { edge, responses, viewer, request_id, beat, ready: VecDeque::new(), over: false };
    let events = stream::unfold(state, |mut state| async move {
        loop {
            if let Some(bytes) = state.ready.pop_front() {
                return Some((Ok::<_, Infallible>(bytes), state));
            }
            if state.over {
                return None;
            }
            state.advance().await;
        }
    });
    respond_with(Body::from_stream(events))
}

/// One response as a whole stream.
pub(crate) fn single(response: &Response) -> axum::response::Response {
    single_json(&respond::to_json(response).unwrap_or_default())
}

/// The same of a response that is written already.
pub(crate) fn single_json(json: &[u8]) -> axum::response::Response {
    let mut events = event(json).to_vec();
    events.extend_from_slice(&COMPLETE);
    respond_with(Body::from(events))
}

impl<G: Gateway> State<G> {
    async fn advance(&mut self) {
        tokio::select! {
            () = self.edge.shutdown.cancelled() => self.over = true,
            response = self.responses.next() => match response {
                Some(response) => self.push(response),
                None => self.complete(),
            },
            _ = self.beat.tick() => {
                let stands = match &self.viewer {
                    Some(viewer) => self.edge.gateway.is_live(viewer).await,
                    None => true,
                };
                if stands {
                    self.ready.push_back(COMMENT);
                } else {
                    self.push(Response::from_errors(vec![coded("UNAUTHENTICATED", auth::ENDED)]));
                    self.complete();
                }
            }
        }
    }

    fn push(&mut self, response: Response) {
        let response = self.edge.gateway.mask(response, &self.request_id);
        self.ready.push_back(next(&response));
    }

    fn complete(&mut self) {
        self.ready.push_back(COMPLETE);
        self.over = true;
    }
}

fn next(response: &Response) -> Bytes {
    event(&respond::to_json(response).unwrap_or_default())
}

/// JSON of serde_json has no line breaks, so one data line holds it.
fn event(json: &[u8]) -> Bytes {
    [b"event: next\ndata: ".as_slice(), json, b"\n\n"].concat().into()
}

fn respond_with(body: Body) -> axum::response::Response {
    let mut response = axum::response::Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would collect events otherwise.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
