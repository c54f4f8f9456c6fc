//! `GET /graphql/ws`: the upgrade to `graphql-transport-ws`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::extract::ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::response::Response;
use futures::FutureExt;
use http::header::{CONNECTION, UPGRADE};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use crate::auth;
use crate::graphql::gateway::{Edge, Gateway};
use crate::graphql::http::user_agent;
use crate::graphql::measure;
use crate::graphql::origin;
use crate::graphql::socket::{self, Visitor};
use crate::refusal::Refusal;
use crate::request_id::RequestId;

/// The one protocol that is spoken.
const PROTOCOL: &str = "graphql-transport-ws";

/// Largest message, bytes: an operation with its variables, never a file.
const MESSAGE_MAX: usize = 64 * 1024;

/// Reading and writing by so many bytes at once: thousands of quiet sockets cost little.
const BUFFER: usize = 1024;

/// Opens a WebSocket. A client that does not speak our protocol is let in to be told so by close code 4406, since
/// browsers show nothing of an answer that is no upgrade.
pub(crate) async fn upgrade<G: Gateway>(
    State(edge): State<Arc<Edge<G>>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: http::Request<Body>,
) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let upgrade = upgrade.map_err(|_| not_an_upgrade())?;
    origin::check(&parts.headers, &edge.gateway.public_url(), edge.gateway.origins())?;
    let visitor = Box::new(visitor(&edge, &parts).await?);
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(MESSAGE_MAX)
        .max_frame_size(MESSAGE_MAX)
        .read_buffer_size(BUFFER)
        .write_buffer_size(0);
    let speaks = upgrade.selected_protocol().is_some();
    let open = edge.sockets.token();
    Ok(upgrade.on_upgrade(move |socket| {
        let served =
            if speaks { socket::serve(socket, edge, visitor) } else { socket::refuse_protocol(socket).boxed() };
        served.inspect(move |()| drop(open))
    }))
}

/// Who connects, as far as the headers say; the first message may say more.
async fn visitor<G: Gateway>(edge: &Edge<G>, parts: &Parts) -> Result<Visitor<G::Viewer>, Refusal> {
    let viewer = match auth::bearer(&parts.headers)? {
        None => None,
        Some(token) => Some(edge.gateway.authenticate(token).await?.ok_or_else(auth::ended)?),
    };
    let connection_id = RequestId::of(&parts.extensions).to_owned();
    let address = edge.gateway.address(parts);
    let client = measure::client(&parts.headers);
    Ok(Visitor { viewer, user_agent: user_agent(&parts.headers), client, address, connection_id })
}

fn not_an_upgrade() -> Refusal {
    let message = "This is a WebSocket endpoint: connect with the subprotocol graphql-transport-ws.";
    Refusal::new(StatusCode::UPGRADE_REQUIRED, "INVALID", message)
        .header(UPGRADE, HeaderValue::from_static("websocket"))
        .header(CONNECTION, HeaderValue::from_static("upgrade"))
}
