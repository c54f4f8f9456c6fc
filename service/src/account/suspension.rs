//! Keeping a person out, and letting them in again: for operators.

use darkroom_entity::{account, session};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use crate::app::App;
use crate::error::{Error, Result};
use crate::operator::{self, Actor};

/// Suspends a person: from now on nobody sees anything of them, every session of theirs has ended, and they can't sign
/// in. Nothing of theirs is deleted. Doing it twice changes nothing.
///
/// An operator can't suspend themselves: nobody might be left who takes it back.
pub async fn suspend(app: &App, actor: Actor, username: &str) -> Result<account::Model> {
    set(app, actor, username, true).await
}

/// Takes a suspension back: everything of the person's is there again, for whom it was. They sign in anew. Doing it twice
/// changes nothing.
///
/// Followers' timelines need no change: they kept the ids, and what stands in a feed is asked at each look.
pub async fn reinstate(app: &App, actor: Actor, username: &str) -> Result<account::Model> {
    set(app, actor, username, false).await
}

async fn set(app: &App, actor: Actor, username: &str, suspended: bool) -> Result<account::Model> {
    let tx = app.begin().await?;
    let found = operator::person(&tx, username).await?;
    if found.suspended_at.is_some() == suspended {
        return Ok(found);
    }
    if actor.person() == Some(found.id) {
        return Err(Error::forbidden("username", "You can't suspend yourself."));
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
    let action = if suspended { "person.suspend" } else { "person.reinstate" };
    operator::note(&tx, actor, action, &found.id.to_string()).await?;
    tx.commit().await?;
    Ok(changed)
}
