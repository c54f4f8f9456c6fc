//! Sessions: who is asking.
//!
//! A token is 32 random bytes; only its SHA-256 is stored. It says nothing, so it can be revoked, and a copy of the
//! database signs nobody in.

mod presumed;
mod proof;

use std::collections::HashSet;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use darkroom_entity::{account, session};
use rand::TryRngCore;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, JoinType, Linked, QueryFilter, QueryOrder, QuerySelect};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Result};
use crate::page::{Page, PageRequest};
use crate::purge;
use crate::transaction::Transaction;

pub use presumed::{Asking, Presumed, Settled, presume, remember};
pub(crate) use presumed::{Owed, Seen};
pub(crate) use proof::Proof;
#[cfg(test)]
pub(crate) use proof::Reader;

/// Sessions one person can have; a further sign-in ends the oldest.
const SESSIONS_PER_ACCOUNT: u64 = 100;

/// The person who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// Who they are, as of the beginning of the request.
    pub account: account::Model,
    /// On which device.
    pub session_id: Uuid,
}

impl Viewer {
    /// Their account.
    pub fn id(&self) -> Uuid {
        self.account.id
    }
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// What the device calls itself.
    pub user_agent: &'a str,
    /// The client's address; none inside the house, where nothing is limited by it.
    pub address: Option<IpAddr>,
}

/// A fresh session: the only moment at which its token is known.
#[derive(Clone, PartialEq, Eq)]
pub struct NewSession {
    /// To be sent back as `Authorization: Bearer …`.
    pub token: String,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// The row.
    pub id: Uuid,
}

impl std::fmt::Debug for NewSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSession").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Signs a person in on a device that calls itself `user_agent`.
pub(crate) async fn open(tx: &Transaction<'_>, account_id: Uuid, user_agent: &str) -> Result<NewSession> {
    let app = tx.app();
    let token = new_token()?;
    let now = app.clock.now();
    let expires_at = now + TimeDelta::days(i64::from(app.config.session.ttl_days));
    let id = app.clock.new_id();
    let row = session::ActiveModel {
        id: Set(id),
        account_id: Set(account_id),
        token_hash: Set(hash(&token)),
        user_agent: Set(user_agent.chars().filter(|c| !c.is_control()).take(200).collect()),
        created_at: Set(now),
        expires_at: Set(expires_at),
    };
    session::Entity::insert(row).exec_without_returning(tx.rows()).await?;
    end_surplus(tx, account_id).await?;
    Ok(NewSession { token, expires_at, id })
}

fn new_token() -> Result<String> {
    let mut secret = [0_u8; 32];
    rand::rngs::OsRng.try_fill_bytes(&mut secret).map_err(Error::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(secret))
}

/// Gives a session another token, after an answer that held the first one was never sent: nobody knows that one.
///
/// # Errors
/// Unauthenticated if the session has ended since, or its person is suspended.
pub(crate) async fn hand_out_again(app: &App, session_id: Uuid) -> Result<(Viewer, NewSession)> {
    let found = session::Entity::find_by_id(session_id)
        .filter(session::Column::ExpiresAt.gt(app.clock.now()))
        .find_also_linked(OfAccount)
        .one(app.rows())
        .await?;
    let account = |account: Option<account::Model>| account.filter(is_admitted);
    let (row, account) =
        found.and_then(|(row, of)| account(of).map(|account| (row, account))).ok_or(Error::Unauthenticated)?;
    let token = new_token()?;
    let tx = app.begin().await?;
    let change = session::ActiveModel { id: Set(row.id), token_hash: Set(hash(&token)), ..Default::default() };
    session::Entity::update(change).exec(tx.rows()).await?;
    tx.commit().await?;
    Ok((Viewer { account, session_id: row.id }, NewSession { token, expires_at: row.expires_at, id: row.id }))
}

async fn end_surplus(tx: &Transaction<'_>, account_id: Uuid) -> Result<()> {
    let surplus: Vec<Uuid> = session::Entity::find()
        .select_only()
        .column(session::Column::Id)
        .filter(session::Column::AccountId.eq(account_id))
        .order_by_desc(session::Column::Id)
        .offset(SESSIONS_PER_ACCOUNT)
        .limit(SESSIONS_PER_ACCOUNT)
        .into_tuple()
        .all(tx.rows())
        .await?;
    if !surplus.is_empty() {
        session::Entity::delete_many().filter(session::Column::Id.is_in(surplus)).exec(tx.rows()).await?;
    }
    Ok(())
}

/// Who sent this token; `None` if it is unknown, revoked or expired, or if the person is suspended.
pub async fn authenticate(app: &App, token: &str) -> Result<Option<Viewer>> {
    if is_token(token) { authenticate_hash(app, hash(token)).await } else { Ok(None) }
}

/// Whether it may be a token of ours, which have 43 characters: nothing longer is hashed or looked up.
fn is_token(token: &str) -> bool {
    token.len() == 43
}

async fn authenticate_hash(app: &App, token_hash: Vec<u8>) -> Result<Option<Viewer>> {
    let found = session::Entity::find()
        .filter(session::Column::TokenHash.eq(token_hash.clone()))
        .filter(session::Column::ExpiresAt.gt(app.clock.now()))
        .find_also_linked(OfAccount)
        .one(app.rows())
        .await?;
    let viewer = found.and_then(|(session, account)| {
        account.filter(is_admitted).map(|account| Viewer { account, session_id: session.id })
    });
    if viewer.is_none() {
        app.seen.forget(&token_hash);
    }
    Ok(viewer)
}

/// From a session to its account.
struct OfAccount;

impl Linked for OfAccount {
    type FromEntity = session::Entity;
    type ToEntity = account::Entity;

    fn link(&self) -> Vec<sea_orm::RelationDef> {
        vec![
            session::Entity::belongs_to(account::Entity)
                .from(session::Column::AccountId)
                .to(account::Column::Id)
                .into(),
        ]
    }
}

/// Whether they may do anything: they are not suspended.
pub(crate) fn is_admitted(account: &account::Model) -> bool {
    account.suspended_at.is_none()
}

/// Which of these sessions still stand: a bounded number.
pub async fn live_among(app: &App, session_ids: &[Uuid]) -> Result<HashSet<Uuid>> {
    let standing: Vec<Uuid> = session::Entity::find()
        .select_only()
        .column(session::Column::Id)
        .join(JoinType::InnerJoin, OfAccount.link().remove(0))
        .filter(session::Column::Id.is_in(session_ids.iter().copied()))
        .filter(session::Column::ExpiresAt.gt(app.clock.now()))
        .filter(account::Column::SuspendedAt.is_null())
        .into_tuple()
        .all(app.rows())
        .await?;
    Ok(standing.into_iter().collect())
}

/// The viewer's sessions, newest first.
pub async fn list(app: &App, viewer: &Viewer, page: PageRequest) -> Result<Page<session::Model>> {
    let mut query = session::Entity::find()
        .filter(session::Column::AccountId.eq(viewer.id()))
        .filter(session::Column::ExpiresAt.gt(app.clock.now()))
        .order_by_desc(session::Column::Id)
        .limit(page.first as u64 + 1);
    if let Some(after) = page.after {
        query = query.filter(session::Column::Id.lt(after));
    }
    Ok(Page::cut(query.all(app.rows()).await?, page.first))
}

/// Ends one of the viewer's sessions. One that has already ended is "not found".
pub async fn revoke(app: &App, viewer: &Viewer, session_id: Uuid) -> Result<()> {
    if app.done_before().is_some() {
        return Ok(());
    }
    let mut tx = app.begin().await?;
    let done = session::Entity::delete_many()
        .filter(session::Column::Id.eq(session_id))
        .filter(session::Column::AccountId.eq(viewer.id()))
        .exec(tx.rows())
        .await?;
    if done.rows_affected == 0 {
        return Err(Error::not_found("sessionId", "session"));
    }
    tx.outcome(session_id);
    tx.commit().await
}

/// Ends the session that is asking.
pub async fn close(app: &App, viewer: &Viewer) -> Result<()> {
    session::Entity::delete_by_id(viewer.session_id).exec(app.rows()).await?;
    Ok(())
}

/// Removes a bounded number of sessions that have expired; says whether there may be more.
pub async fn sweep(app: &App) -> Result<bool> {
    purge::below::<session::Entity>(app, session::Column::ExpiresAt, app.clock.now(), session::Column::Id).await
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
