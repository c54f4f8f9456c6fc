//! One WebSocket that speaks `graphql-transport-ws`.
//!
//! ```text
//!   open ──init──► acknowledged ──subscribe──► operation ──next … ──complete──►
//!    │ 4408 late       │ 4401 revoked, 4409 same id, 4429 init again
//!    │ 4403 bad token  │ 1001 the server stops
//!    └── 4400 whatever can't be understood, 4401 subscribe before the acknowledgement
//! ```
//!
//! Messages are sent one at a time and nothing is read meanwhile: a slow client is waited for, never buffered for.

mod message;
mod operations;

use std::net::IpAddr;
use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Executor, Response};
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use darkroom_platform::metrics;
use futures::future::BoxFuture;
use futures::{FutureExt, SinkExt, StreamExt};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout, timeout_at};

use crate::auth;
use crate::graphql::documents::{Admitted, Refused};
use crate::graphql::gateway::{Caller, Edge, Gateway};
use crate::graphql::load::Shed;
use crate::graphql::measure::{self, Measured};
use crate::rate;
use message::{FromClient, Operation, ToClient};
use operations::{Operations, Outcome};

/// Operations at once on one socket.
const OPERATIONS_MAX: usize = 32;

/// How long a closing handshake may take.
const GOODBYE: std::time::Duration = std::time::Duration::from_secs(1);

/// Who has connected.
pub(crate) struct Visitor<V> {
    /// The signed-in person, from the upgrade's header or from `connection_init`.
    pub(crate) viewer: Option<V>,
    /// What their program calls itself.
    pub(crate) user_agent: String,
    /// The same in a word, if it says so: for metrics.
    pub(crate) client: Option<String>,
    /// The client's address.
    pub(crate) address: IpAddr,
    /// The upgrade's request id; operations are numbered behind it.
    pub(crate) connection_id: String,
}

/// Why the socket is closed: code and reason (at most 123 bytes).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Close(u16, &'static str);

/// Nothing more can be said: the peer is gone.
struct Gone;

enum End {
    Close(Close),
    /// The peer has said good-bye: it waits for ours (RFC 6455, section 5.5.1).
    Left,
    Gone,
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

impl From<Gone> for End {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// Tells a client of another protocol which one is spoken.
pub(crate) async fn refuse_protocol(socket: WebSocket) {
    close(socket, Close(4406, "Subprotocol not acceptable: graphql-transport-ws is spoken here")).await;
}

/// Serves the socket until one side ends it.
///
/// What it needs lies in one box: a future keeps room for each of its arguments beside what becomes of them, and thousands
/// of quiet sockets wait in it.
pub(crate) fn serve<G: Gateway>(
    socket: WebSocket,
    edge: Arc<Edge<G>>,
    visitor: Box<Visitor<G::Viewer>>,
) -> BoxFuture<'static, ()> {
    let shutdown = edge.shutdown.clone();
    let connection = Connection { socket, edge, visitor, operations: Operations::default(), heard: true, count: 0 };
    let mut connection = Box::new(connection);
    async move {
        // At shutdown, whatever is under way is given up: clients connect again elsewhere.
        let end = tokio::select! {
            end = connection.run() => end,
            () = shutdown.cancelled() => End::Close(Close(1001, "The server stops")),
        };
        match end {
            End::Close(reason) => close(connection.socket, reason).boxed().await,
            End::Left => answer_close(connection.socket).boxed().await,
            End::Gone => {}
        }
    }
    .boxed()
}

struct Connection<G: Gateway> {
    socket: WebSocket,
    edge: Arc<Edge<G>>,
    visitor: Box<Visitor<G::Viewer>>,
    operations: Operations,
    /// Whether the peer has been heard since the last look.
    heard: bool,
    /// Operations begun so far.
    count: u64,
}

impl<G: Gateway> Connection<G> {
    async fn run(&mut self) -> End {
        if let Err(end) = self.initialise().boxed().await {
            return end;
        }
        match self.converse().await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    /// Waits for `connection_init` and acknowledges it.
    async fn initialise(&mut self) -> Result<(), End> {
        let deadline = Instant::now() + self.edge.timing.init;
        loop {
            let received = timeout_at(deadline, self.socket.recv()).await;
            let frame = received.map_err(|_| Close(4408, "Connection initialisation timeout"))?;
            match self.read(frame)? {
                Some(FromClient::ConnectionInit { payload }) => {
                    self.sign_in(payload.as_ref()).await?;
                    return self.send(&ToClient::ConnectionAck).await;
                }
                Some(FromClient::Subscribe { .. }) => return Err(Close(4401, "Unauthorized").into()),
                Some(FromClient::Ping { .. }) => self.send(&ToClient::Pong).await?,
                Some(FromClient::Pong { .. } | FromClient::Complete { .. }) | None => {}
            }
        }
    }

    /// The token in `connection_init`, if there is one, goes before the one of the upgrade; so does the client's name.
    async fn sign_in(&mut self, payload: Option<&serde_json::Value>) -> Result<(), End> {
        if let Some(name) = payload.and_then(measure::client_of) {
            self.visitor.client = Some(name);
        }
        let Some(value) = payload.and_then(message::authorization) else { return Ok(()) };
        let Some(token) = value.as_str().and_then(auth::token) else {
            return Err(Close(4403, "Forbidden: send Authorization: Bearer and a token").into());
        };
        match self.edge.gateway.authenticate(token).boxed().await {
            Ok(Some(viewer)) => {
                self.visitor.viewer = Some(viewer);
                Ok(())
            }
            Ok(None) => Err(Close(4403, "Forbidden: the session has ended, sign in again").into()),
            Err(_) => Err(Close(1013, "Try again later").into()),
        }
    }

    /// What is done is boxed: a socket's task is as large as the largest future in it, and nearly all of them wait.
    async fn converse(&mut self) -> Result<std::convert::Infallible, End> {
        let period = self.edge.timing.beat;
        let mut beat = interval_at(Instant::now() + period, period);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                frame = self.socket.recv() => {
                    if let Some(message) = self.read(frame)? {
                        self.handle(message).boxed().await?;
                    }
                }
                Some((id, outcome)) = self.operations.next() => self.report(&id, outcome).boxed().await?,
                _ = beat.tick() => self.look().boxed().await?,
            }
        }
    }

    /// Whether the peer is still there, and its session.
    async fn look(&mut self) -> Result<(), End> {
        if !std::mem::take(&mut self.heard) {
            return Err(Gone.into());
        }
        if let Some(viewer) = &self.visitor.viewer
            && !self.edge.gateway.is_live(viewer).boxed().await
        {
            return Err(Close(4401, "Unauthorized: the session has ended").into());
        }
        self.send_frame(Message::Ping(bytes::Bytes::new())).await
    }

    fn read(&mut self, frame: Option<Result<Message, axum::Error>>) -> Result<Option<FromClient>, End> {
        self.heard = true;
        match frame {
            Some(Ok(Message::Text(text))) => {
                let message = message::parse(text.as_str()).ok_or(Close(4400, "Invalid message received"))?;
                Ok(Some(message))
            }
            Some(Ok(Message::Binary(_))) => Err(Close(4400, "Messages are text").into()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
            Some(Ok(Message::Close(_))) => Err(End::Left),
            None => Err(Gone.into()),
            Some(Err(error)) if error.to_string().contains("too long") => {
                Err(Close(1009, "Messages have at most 64 KiB").into())
            }
            Some(Err(_)) => Err(Gone.into()),
        }
    }

    async fn handle(&mut self, message: FromClient) -> Result<(), End> {
        match message {
            FromClient::ConnectionInit { .. } => Err(Close(4429, "Too many initialisation requests").into()),
            FromClient::Ping { .. } => self.send(&ToClient::Pong).await,
            FromClient::Pong { .. } => Ok(()),
            FromClient::Complete { id } => {
                self.operations.remove(&id);
                Ok(())
            }
            FromClient::Subscribe { id, payload } => self.begin(id, payload).await,
        }
    }

    async fn begin(&mut self, id: String, operation: Operation) -> Result<(), End> {
        if self.operations.contains(&id) {
            return Err(Close(4409, "Subscriber for this id already exists").into());
        }
        if self.operations.len() >= OPERATIONS_MAX {
            return self.send(&ToClient::too_many(&id, &self.visitor.connection_id)).await;
        }
        self.count += 1;
        let request_id = format!("{}-{}", self.visitor.connection_id, self.count);
        let caller = Caller {
            viewer: self.visitor.viewer.clone(),
            presumed: None,
            user_agent: self.visitor.user_agent.clone(),
            address: self.visitor.address,
            request_id: request_id.clone(),
        };
        let (gateway, begun) = (self.edge.gateway.clone(), std::time::Instant::now());
        let mut request = gateway.prepare(operation.into_request(), caller);
        let admitted = self.edge.documents.admit(gateway.validator(), &mut request).boxed().await;
        let kind = admitted.as_ref().ok().and_then(|admitted| admitted.kind);
        let client = self.visitor.client.as_deref();
        let measured = Measured::begin(&mut request, admitted.is_ok().then_some(kind), client, begun);
        let points = admitted.as_ref().map_or(1, Admitted::points);
        let charge = gateway.charge(self.visitor.viewer.as_ref(), self.visitor.address, points).boxed().await;
        let refused = charge.filter(|charge| !charge.verdict.allowed).map(|charge| rate::refused(&charge));
        let responses = match (refused, admitted) {
            (Some(refusal), _) => futures::stream::iter([refusal]).boxed(),
            (None, Ok(admitted)) if admitted.kind == Some(OperationType::Subscription) => {
                measured.end(metrics::Outcome::Ok);
                gateway.executor().execute_stream(request, None).map(move |response| admitted.tell(response)).boxed()
            }
            (None, Ok(admitted)) => {
                let edge = self.edge.clone();
                let execution = async move {
                    let executed = edge.load.execute(edge.gateway.executor(), request, admitted, false).await;
                    executed.unwrap_or_else(Shed::response)
                };
                futures::stream::once(execution).boxed()
            }
            (None, Err(Refused(errors))) => futures::stream::iter([Response::from_errors(errors)]).boxed(),
        };
        let masked = responses.map(move |response| {
            let response = gateway.mask(response, &request_id);
            // Only the first time counts, and none of a subscription.
            measured.end(measure::outcome(&response));
            response
        });
        self.operations.insert(id, masked.boxed());
        Ok(())
    }

    async fn report(&mut self, id: &str, outcome: Outcome) -> Result<(), End> {
        match outcome {
            Outcome::Next(response) => self.send(&ToClient::next(id, &response)).await,
            Outcome::Refused(response) => self.send(&ToClient::error(id, &response)).await,
            Outcome::Complete => self.send(&ToClient::Complete { id }).await,
        }
    }

    async fn send(&mut self, message: &ToClient<'_>) -> Result<(), End> {
        let text = serde_json::to_string(message).map_err(|_| Close(1011, "Internal error"))?;
        self.send_frame(Message::Text(text.into())).await
    }

    async fn send_frame(&mut self, frame: Message) -> Result<(), End> {
        match timeout(self.edge.timing.send, self.socket.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            // Gone, or so slow that it holds up memory here.
            Ok(Err(_)) | Err(_) => Err(Gone.into()),
        }
    }
}

/// Says good-bye and waits a moment for the peer's.
async fn close(mut socket: WebSocket, Close(code, reason): Close) {
    let goodbye = async {
        socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await.ok()?;
        socket.flush().await.ok()?;
        while let Some(Ok(_)) = socket.recv().await {}
        Some(())
    };
    let _ = timeout(GOODBYE, goodbye).await;
}

/// Sends the answer to the peer's good-bye, which the protocol's state machine has ready, and sees the end.
async fn answer_close(mut socket: WebSocket) {
    let answer = async {
        socket.flush().await.ok()?;
        while let Some(Ok(_)) = socket.recv().await {}
        Some(())
    };
    let _ = timeout(GOODBYE, answer).await;
}
