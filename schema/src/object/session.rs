//! Sessions.

use async_graphql::{ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use darkroom_entity::session;
use darkroom_service::session::NewSession;

use crate::cursor::List;
use crate::id::Kind;
use crate::page::connection;

/// A fresh session. The token is shown this once.
#[derive(SimpleObject)]
pub(crate) struct Session {
    /// To be sent back as `Authorization: Bearer …`. Keep it like a password.
    token: String,
    /// When it ends by itself.
    expires_at: DateTime<Utc>,
}

impl From<NewSession> for Session {
    fn from(session: NewSession) -> Self {
        Self { token: session.token, expires_at: session.expires_at }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct DeviceSession {
    pub(crate) row: session::Model,
    pub(crate) is_current: bool,
}

/// A device on which you are signed in.
#[Object]
impl DeviceSession {
    /// Opaque; for `revokeSession`.
    async fn id(&self) -> ID {
        Kind::Session.id(self.row.id)
    }

    /// What the device said it was, at most 200 characters; may be empty.
    async fn user_agent(&self) -> &str {
        &self.row.user_agent
    }

    /// Whether it is the one that asks.
    async fn is_current(&self) -> bool {
        self.is_current
    }

    /// When you signed in there.
    async fn created_at(&self) -> DateTime<Utc> {
        self.row.created_at
    }

    /// When it ends by itself.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.row.expires_at
    }
}

connection! {
    /// A page of your sessions.
    DeviceSessionConnection of
    /// One of your sessions, and its place in the list.
    DeviceSessionEdge { DeviceSession } in List::Sessions
}
