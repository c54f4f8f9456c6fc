//! The record of what operators did.

use async_graphql::{ID, Object};
use chrono::{DateTime, Utc};
use darkroom_entity::operator_action;
use darkroom_service::operator;

use crate::cursor::List;
use crate::id::Kind;
use crate::page::connection;

#[derive(Debug, Clone)]
pub(crate) struct Action(pub(crate) operator_action::Model);

/// Something that an operator did. It is kept for 400 days.
#[Object(name = "OperatorAction")]
impl Action {
    /// Opaque.
    async fn id(&self) -> ID {
        Kind::OperatorAction.id(self.0.id)
    }

    /// Who did it: the id of a `User` of the product's API. Null if it was done on the machine.
    async fn operator_id(&self) -> Option<ID> {
        self.0.operator_id.map(|id| Kind::User.id(id))
    }

    /// What, in a word that stays: `job.retry`, `job.retry_all`, `job.cancel`, `queue.pause`, `queue.resume`, `person.suspend`,
    /// `person.reinstate`, `operator.grant`, `operator.revoke`, `feature.on`,
    /// `feature.off`, `storage.repair`.
    async fn action(&self) -> &str {
        &self.0.action
    }

    /// To what, as the log names it; at most 160 characters.
    async fn subject(&self) -> &str {
        &self.0.subject
    }

    /// When.
    async fn done_at(&self) -> DateTime<Utc> {
        operator::done_at(&self.0)
    }
}

connection! {
    /// A page of what operators did, the newest first.
    ActionConnection of
    /// Something that an operator did, and its place in the list.
    ActionEdge { Action } in List::OperatorActions
}
