//! Keeping a person out, and letting them in again: for operators.

use darkroom_entity::{account, session};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use crate::app::App;
use crate::error::{Error, Result};

/// Suspends a person: from now on nobody sees anything of them, every session of theirs has ended, and they can't sign
/// in. Nothing of theirs is deleted. Doing it twice changes nothing.
pub async fn suspend(app: &App, username: &str) -> Result<account::Model> {
    set(app, username, true).await
}

/// Takes a suspension back: everything of the person's is there again, for whom it was. They sign in anew. Doing it twice
/// changes nothing.
///
/// Followers' timelines need no change: they kept the ids, and what stands in a feed is asked at each look.
pub async fn reinstate(app: &App, username: &str) -> Result<account::Model> {
    set(app, username, false).await
}

async fn set(app: &App, username: &str, suspended: bool) -> Result<account::Model> {
    let tx = app.begin().await?;
    let found =
        super::by_username_in(tx.rows(), username).await?.ok_or_else(|| Error::not_found("username", "user"))?;
    super::lock(&tx, &[found.id]).await?;
    let found = account::Entity::find_by_id(found.id).one(tx.rows()).await?;
    let found = found.ok_or_else(|| Error::not_found("username", "user"))?;
    if found.suspended_at.is_some() == suspended {
        return Ok(found);
    }
    let change = account::ActiveModel {
        id: Set(found.id),
        suspended_at: Set(suspended.then(|| app.clock.now())),
        ..Default::default()
    };
    let changed = account::Entity::update(change).exec(tx.rows()).await?;
    if suspended {
        // A person has a bounded number of them.
        session::Entity::delete_many().filter(session::Column::AccountId.eq(found.id)).exec(tx.rows()).await?;
    }
    tx.commit().await?;
    Ok(changed)
}
