//! GraphQL over HTTP, WebSocket and server-sent events.
//!
//! ```text
//!   POST /graphql ── accept ── inbound ──┬── body (JSON)
//!                                        └── multipart ── files, pulled while the operation runs
//!   GET  /graphql ── accept ── query string            │
//!                                                      ├──► Gateway: authenticate, prepare ──► documents: persisted, check
//!   GET  /graphql/ws ── origin ── socket ──────────────┘                                           │
//!                                             respond ◄──┬── Gateway: mask ◄── load: execute ◄── (keyed) ◄── rate ◄──┘
//!                                             sse     ◄──┘
//! ```

pub(crate) mod accept;
pub(crate) mod body;
pub(crate) mod check;
pub(crate) mod documents;
pub(crate) mod gateway;
pub(crate) mod http;
pub(crate) mod inbound;
pub(crate) mod keyed;
pub(crate) mod load;
pub(crate) mod measure;
pub(crate) mod multipart;
pub(crate) mod operation;
pub(crate) mod origin;
pub(crate) mod persisted;
pub(crate) mod respond;
pub(crate) mod socket;
pub(crate) mod sse;
pub(crate) mod ws;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use gateway::{Edge, Gateway};

/// The routes under `/graphql`.
pub(crate) fn routes<G: Gateway>(edge: Edge<G>) -> Router {
    Router::new()
        .route("/graphql", post(http::post::<G>).get(http::get::<G>))
        .route("/graphql/ws", get(ws::upgrade::<G>))
        .with_state(Arc::new(edge))
}

#[cfg(test)]
mod tests;
