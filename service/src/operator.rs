//! Operators: people who keep the installation going, and the record of what they did.
//!
//! The role is given and taken on the machine only. Nothing that comes over the network makes an operator, so neither a stolen
//! session nor a fault of the API does.

use chrono::{DateTime, TimeDelta, Utc};
use darkroom_entity::account::{self, Role};
use darkroom_entity::operator_action;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Result};
use crate::page::{Page, PageRequest};
use crate::session::Viewer;
use crate::transaction::Transaction;
use crate::{live, purge};

/// How long the record of what operators did is kept.
const KEPT_FOR: TimeDelta = TimeDelta::days(400);

/// Most operators that a list names.
const LISTED: u64 = 1000;

/// How much of what something was done to is kept: what the column holds.
const SUBJECT_CHARS: usize = 160;

/// Who does what an operator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Whoever has a shell on the machine.
    Machine,
    /// This person, over the network.
    Operator(Uuid),
}

impl Actor {
    /// The person, if it is one.
    pub fn person(self) -> Option<Uuid> {
        match self {
            Self::Machine => None,
            Self::Operator(id) => Some(id),
        }
    }
}

/// As whom somebody acts who asks right now; none if they are no operator. Their account was read for this request, and they are
/// not suspended: nobody who is has a viewer.
pub fn actor(viewer: &Viewer) -> Option<Actor> {
    (viewer.account.role == Role::Operator).then(|| Actor::Operator(viewer.id()))
}

/// Makes a person an operator. Doing it twice changes nothing.
///
/// Only for the shell: no edge that listens may call it.
pub async fn grant(app: &App, username: &str) -> Result<account::Model> {
    set(app, username, Role::Operator).await
}

/// Makes an operator a person like any other, from their next request on. Doing it twice changes nothing.
pub async fn revoke(app: &App, username: &str) -> Result<account::Model> {
    set(app, username, Role::Member).await
}

async fn set(app: &App, username: &str, role: Role) -> Result<account::Model> {
    let tx = app.begin().await?;
    let found = person(&tx, username).await?;
    if found.role == role {
        return Ok(found);
    }
    let change = account::ActiveModel { id: Set(found.id), role: Set(role), ..Default::default() };
    let changed = account::Entity::update(change).exec(tx.rows()).await?;
    let action = if role == Role::Operator { "operator.grant" } else { "operator.revoke" };
    note(&tx, Actor::Machine, action, &found.id.to_string()).await?;
    tx.commit().await?;
    Ok(changed)
}

/// The operators, those who have been here longest first: a thousand at the most.
pub async fn list(app: &App) -> Result<Vec<account::Model>> {
    // Written out, not bound: so the databases know that the index over operators has them all.
    let is_operator = Expr::col(account::Column::Role).eq(Expr::Constant("operator".into()));
    let operators = account::Entity::find().filter(is_operator).order_by_asc(account::Column::Id).limit(LISTED);
    Ok(operators.all(app.rows()).await?)
}

/// Puts on record what is done, with the change that does it, and says so in the log.
pub(crate) async fn note(tx: &Transaction<'_>, actor: Actor, action: &str, subject: &str) -> Result<()> {
    let operator_id = actor.person();
    let subject: String = subject.chars().take(SUBJECT_CHARS).collect();
    match operator_id {
        Some(operator) => tracing::info!(%operator, action, subject, "an operator acts"),
        None => tracing::info!(action, subject, "somebody on the machine acts"),
    }
    let row = operator_action::ActiveModel {
        id: Set(tx.app().clock.new_id()),
        operator_id: Set(operator_id),
        action: Set(action.to_owned()),
        subject: Set(subject),
    };
    operator_action::Entity::insert(row).exec_without_returning(tx.rows()).await?;
    Ok(())
}

/// What was done, the newest first.
pub async fn actions(app: &App, page: PageRequest) -> Result<Page<operator_action::Model>> {
    let mut query =
        operator_action::Entity::find().order_by_desc(operator_action::Column::Id).limit(page.first as u64 + 1);
    if let Some(after) = page.after {
        query = query.filter(operator_action::Column::Id.lt(after));
    }
    Ok(Page::cut(query.all(app.rows()).await?, page.first))
}

/// When something was done.
pub fn done_at(action: &operator_action::Model) -> DateTime<Utc> {
    live::moment_of(action.id)
}

/// Removes a bounded part of the record that is older than 400 days; says whether there may be more.
pub async fn sweep(app: &App) -> Result<bool> {
    let oldest = live::place_of(app.clock.now() - KEPT_FOR);
    let id = operator_action::Column::Id;
    purge::below::<operator_action::Entity>(app, id, oldest, id).await
}

/// The person that an operator names.
///
/// # Errors
/// Not found, under the field `username`.
pub(crate) async fn person(tx: &Transaction<'_>, username: &str) -> Result<account::Model> {
    let found = crate::account::by_username_in(tx.rows(), username).await?;
    let found = found.ok_or_else(|| Error::not_found("username", "user"))?;
    crate::account::lock(tx, &[found.id]).await?;
    let locked = account::Entity::find_by_id(found.id).one(tx.rows()).await?;
    locked.ok_or_else(|| Error::not_found("username", "user"))
}
