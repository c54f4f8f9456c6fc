//! People: signing up and in, and what they say of themselves.

pub mod rules;
mod suspension;

use std::collections::HashMap;

use darkroom_entity::{account, media};
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, SqlErr};
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Problem, Result, reject_if_any};
use crate::feature::{self, Feature};
use crate::job::AcceptFollowRequests;
use crate::session::{self, NewSession, Origin, Viewer};
use crate::transaction::Transaction;
use crate::{media as photos, rate, text, visibility};

pub use rules::NewAccount;
pub use suspension::{reinstate, suspend};

/// What a person may change of their profile; `None` leaves it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// At most 100 characters.
    pub full_name: Option<String>,
    /// At most the configured length.
    pub bio: Option<String>,
    /// One of the viewer's own photos that is not in use; `Some(None)` removes the picture.
    pub avatar_media_id: Option<Option<Uuid>>,
    /// Whether only accepted followers see posts and stories.
    pub is_private: Option<bool>,
}

/// Makes an account and signs it in.
///
/// Refused if too many have signed up from there, if a value breaks a rule, or if the username or e-mail address is taken in
/// whatever case.
pub async fn sign_up(app: &App, new: NewAccount, origin: Origin<'_>) -> Result<(Viewer, NewSession)> {
    if let Some(session_id) = app.done_before() {
        return session::hand_out_again(app, session_id).await;
    }
    let new = new.checked()?;
    feature::require(app, Feature::SignUp).await?;
    rate::sign_up(app, &origin).await?;
    let password_hash = app.hasher.hash(new.password).await?;
    let mut tx = app.begin().await?;
    let mut taken = Vec::new();
    if by_username_in(tx.rows(), &new.username).await?.is_some() {
        taken.push(username_taken());
    }
    if by_email(tx.rows(), &new.email).await?.is_some() {
        taken.push(email_taken());
    }
    reject_if_any(taken)?;
    let now = app.clock.now();
    let row = account::Model {
        id: app.clock.new_id(),
        username_key: new.username.to_ascii_lowercase(),
        username: new.username,
        email_key: new.email.to_lowercase(),
        email: new.email,
        password_hash,
        full_name: new.full_name,
        bio: String::new(),
        avatar_media_id: None,
        is_private: false,
        is_verified: false,
        follower_count: 0,
        following_count: 0,
        post_count: 0,
        timeline_epoch: 0,
        created_at: now,
        updated_at: now,
        suspended_at: None,
        card_revision: 0,
        is_personalised: true,
        setting_revision: 0,
        circle_revision: 0,
        role: account::Role::Member,
    };
    // Two who sign up under one name at the same moment both found it free: the index decides.
    account::Entity::insert(account::ActiveModel::from(row.clone())).exec_without_returning(tx.rows()).await.map_err(
        |error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(what)) if what.contains("email") => email_taken().into(),
            Some(SqlErr::UniqueConstraintViolation(_)) => username_taken().into(),
            _ => Error::from(error),
        },
    )?;
    let session = session::open(&tx, row.id, origin.user_agent).await?;
    tx.outcome(session.id);
    tx.commit().await?;
    Ok((Viewer { account: row, session_id: session.id }, session))
}

fn username_taken() -> Problem {
    Problem::conflict("username", "This username is taken.")
}

fn email_taken() -> Problem {
    Problem::conflict("email", "There is already an account with this e-mail address.")
}

/// Signs a person in by username or e-mail address.
///
/// An unknown login and a wrong password get the same answer after the same time, and too many attempts one without a look.
pub async fn sign_in(app: &App, login: &str, password: String, origin: Origin<'_>) -> Result<(Viewer, NewSession)> {
    if let Some(session_id) = app.done_before() {
        return session::hand_out_again(app, session_id).await;
    }
    let attempt = rate::sign_in(app, login, &origin).await?;
    let login = login.trim();
    let found = if login.contains('@') {
        by_email(app.rows(), login).await?
    } else {
        by_username_in(app.rows(), login).await?
    };
    let stored = found.as_ref().map(|account| account.password_hash.clone());
    // What is too long for a password was never stored; it is verified all the same, shortened, for the time it takes.
    let password: String = password.chars().take(rules::PASSWORD_CHARS.1 + 1).collect();
    let matches = app.hasher.verify(password, stored).await?;
    let Some(account) = found.filter(|_| matches) else {
        return Err(Error::forbidden("login", "The login or the password is wrong."));
    };
    // Only who knows the password learns of it.
    if account.suspended_at.is_some() {
        return Err(Error::forbidden("login", "This account is suspended."));
    }
    attempt.succeeded(app).await;
    let mut tx = app.begin().await?;
    let session = session::open(&tx, account.id, origin.user_agent).await?;
    tx.outcome(session.id);
    tx.commit().await?;
    Ok((Viewer { account, session_id: session.id }, session))
}

/// Makes the first sign-in take no longer than the others.
pub async fn warm_up(app: &App) -> Result<()> {
    app.hasher.warm_up().await
}

/// Changes the viewer's profile.
pub async fn update_profile(app: &App, viewer: &Viewer, change: ProfileChange) -> Result<account::Model> {
    let mut problems = Vec::new();
    let full_name =
        change.full_name.map(|name| text::clean_line("fullName", &name, rules::FULL_NAME_CHARS, &mut problems));
    let bio = change.bio.map(|bio| text::clean("bio", &bio, app.config.limits.bio_max_chars, &mut problems));
    reject_if_any(problems)?;
    let mut tx = app.begin().await?;
    let mut row = account::ActiveModel { updated_at: Set(app.clock.now()), ..Default::default() };
    if let Some(full_name) = full_name {
        row.full_name = Set(full_name);
    }
    if let Some(bio) = bio {
        row.bio = Set(bio);
    }
    if let Some(is_private) = change.is_private {
        row.is_private = Set(is_private);
    }
    if let Some(avatar) = change.avatar_media_id {
        let current = account::Entity::find_by_id(viewer.id()).one(tx.rows()).await?.ok_or(Error::Unauthenticated)?;
        if avatar != current.avatar_media_id {
            if let Some(media_id) = avatar {
                let to = media::Attachment::Avatar;
                photos::attach(&tx, viewer.id(), &[media_id], to, "avatarMediaId").await?;
            }
            if let Some(old) = current.avatar_media_id {
                photos::delete(&mut tx, &[old]).await?;
            }
            row.avatar_media_id = Set(avatar);
        }
    }
    if change.is_private == Some(false) {
        open(&mut tx, viewer.id()).await?;
    }
    let changed = account::Entity::update_many()
        .set(row)
        .col_expr(account::Column::CardRevision, Expr::col(account::Column::CardRevision).add(1))
        .filter(account::Column::Id.eq(viewer.id()))
        .exec_with_returning(tx.rows())
        .await?;
    let account = changed.into_iter().next().ok_or(Error::Unauthenticated)?;
    tx.commit().await?;
    Ok(account)
}

/// Makes an account public; whoever asked to be let in need not wait any more.
async fn open(tx: &mut Transaction<'_>, account_id: Uuid) -> Result<()> {
    let opened = account::Entity::update_many()
        .set(account::ActiveModel { is_private: Set(false), ..Default::default() })
        .filter(account::Column::Id.eq(account_id))
        .filter(account::Column::IsPrivate.eq(true))
        .exec(tx.rows())
        .await?;
    if opened.rows_affected > 0 {
        tx.enqueue(&AcceptFollowRequests { account_id }).await?;
    }
    Ok(())
}

/// The person of that name whom this viewer may see.
pub async fn by_username(app: &App, viewer: Option<Uuid>, username: &str) -> Result<Option<account::Model>> {
    if username.len() > text::USERNAME_CHARS {
        return Ok(None);
    }
    let key = username.to_ascii_lowercase();
    let found =
        account::Entity::find().filter(account::Column::UsernameKey.eq(key)).filter(visibility::accounts(viewer));
    Ok(found.one(app.rows()).await?)
}

pub(crate) async fn by_username_in(
    rows: &impl sea_orm::ConnectionTrait,
    username: &str,
) -> Result<Option<account::Model>> {
    if username.len() > text::USERNAME_CHARS {
        return Ok(None);
    }
    let key = username.to_ascii_lowercase();
    Ok(account::Entity::find().filter(account::Column::UsernameKey.eq(key)).one(rows).await?)
}

async fn by_email(rows: &impl sea_orm::ConnectionTrait, email: &str) -> Result<Option<account::Model>> {
    if email.len() > rules::EMAIL_CHARS * 4 {
        return Ok(None);
    }
    Ok(account::Entity::find().filter(account::Column::EmailKey.eq(email.to_lowercase())).one(rows).await?)
}

/// The people with these ids whom this viewer may see: a bounded number, in no order.
pub async fn by_ids(app: &App, viewer: Option<Uuid>, ids: &[Uuid]) -> Result<HashMap<Uuid, account::Model>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = account::Entity::find()
        .filter(account::Column::Id.is_in(ids.iter().copied()))
        .filter(visibility::accounts(viewer))
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// One person whom the viewer may see, inside a transaction; what is not found is called `userId`.
pub(crate) async fn visible_in(
    rows: &impl sea_orm::ConnectionTrait,
    viewer: &Viewer,
    account_id: Uuid,
) -> Result<account::Model> {
    account::Entity::find_by_id(account_id)
        .filter(visibility::accounts(Some(viewer.id())))
        .one(rows)
        .await?
        .ok_or_else(|| Error::not_found("userId", "user"))
}

/// Locks these people's rows until the transaction ends, in the order of their ids.
///
/// Whatever changes what stands between people (follows, blocks, close friends) begins with it: so two who act on each
/// other at once wait for one another and never crosswise, and what a verb finds under the lock holds until it commits.
pub(crate) async fn lock(tx: &Transaction<'_>, people: &[Uuid]) -> Result<()> {
    account::Entity::find()
        .select_only()
        .column(account::Column::Id)
        .filter(account::Column::Id.is_in(people.iter().copied()))
        .order_by_asc(account::Column::Id)
        .lock(LockType::NoKeyUpdate)
        .into_tuple::<Uuid>()
        .all(tx.rows())
        .await?;
    Ok(())
}

/// Adds `by` to one of a person's counters, in the transaction of what it counts.
pub(crate) async fn count(
    rows: &impl sea_orm::ConnectionTrait,
    account_id: Uuid,
    counter: account::Column,
    by: i64,
) -> Result<()> {
    account::Entity::update_many()
        .col_expr(counter, Expr::col(counter).add(by))
        .filter(account::Column::Id.eq(account_id))
        .exec(rows)
        .await?;
    Ok(())
}

/// Whether anybody has signed up yet.
pub async fn any(app: &App) -> Result<bool> {
    Ok(account::Entity::find().one(app.rows()).await?.is_some())
}
