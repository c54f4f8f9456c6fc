//! Bounds on following: against people, and programs, who follow everybody in order to be followed back.

use chrono::{DateTime, TimeDelta, Utc};
use darkroom_entity::follow::{self, State};
use darkroom_entity::{account, follow_made};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Result};
use crate::session::Viewer;
use crate::transaction::Transaction;
use crate::{live, purge};

/// Over which time new follows are counted.
const SPAN: TimeDelta = TimeDelta::hours(1);

/// Whether the viewer, whose row is locked, may follow one more person, or ask one more, as `wanted` says; if so, notes that
/// they do. What was ended within the hour counts too.
pub(super) async fn take(tx: &Transaction<'_>, viewer: &Viewer, wanted: State) -> Result<()> {
    let limits = &tx.app().config.limits;
    let following: Option<i64> = account::Entity::find_by_id(viewer.id())
        .select_only()
        .column(account::Column::FollowingCount)
        .into_tuple()
        .one(tx.rows())
        .await?;
    if following.is_some_and(|count| u64::try_from(count).is_ok_and(|count| count >= limits.following_max)) {
        let message = format!("You follow {} people already, the most there may be.", limits.following_max);
        return Err(Error::conflict("userId", message));
    }
    let waiting = || {
        follow::Entity::find()
            .filter(follow::Column::FollowerId.eq(viewer.id()))
            .filter(follow::Column::State.eq(State::Requested))
    };
    if wanted == State::Requested && waiting().count(tx.rows()).await? >= limits.follow_requests_max {
        let message = format!("You wait for {} answers already, the most there may be.", limits.follow_requests_max);
        return Err(Error::conflict("userId", message));
    }
    note(tx, viewer.id(), limits.follows_per_hour).await
}

/// Notes a follow, unless `most` were made within the hour. A person has no more than so many notes: those that do not
/// count any more go with the next.
async fn note(tx: &Transaction<'_>, account_id: Uuid, most: u64) -> Result<()> {
    let now = tx.app().clock.now();
    let begin = first_counted(now);
    let mine = || follow_made::Column::AccountId.eq(account_id);
    let recent = || follow_made::Entity::find().filter(mine()).filter(follow_made::Column::Id.gte(begin));
    if recent().count(tx.rows()).await? >= most {
        let oldest = recent().order_by_asc(follow_made::Column::Id).one(tx.rows()).await?;
        let retry_after = oldest.map_or(SPAN, |row| moment_of(row.id) + SPAN - now);
        return Err(Error::RateLimited { retry_after: retry_after.to_std().unwrap_or_default() });
    }
    follow_made::Entity::delete_many().filter(mine()).filter(follow_made::Column::Id.lt(begin)).exec(tx.rows()).await?;
    let made = follow_made::ActiveModel { id: Set(tx.app().clock.new_id()), account_id: Set(account_id) };
    follow_made::Entity::insert(made).exec_without_returning(tx.rows()).await?;
    Ok(())
}

/// Removes a bounded number of notes of follows that do not count any more; says whether there may be more.
pub async fn sweep(app: &App) -> Result<bool> {
    let (id, old) = (follow_made::Column::Id, first_counted(app.clock.now()));
    purge::below::<follow_made::Entity>(app, id, old, id).await
}

/// When an id was made, milliseconds.
fn moment_of(id: Uuid) -> DateTime<Utc> {
    let millis = i64::try_from(id.as_u128() >> 80).unwrap_or_default();
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// The least id of a follow that counts at this moment: an hour after it was made it does not any more.
fn first_counted(now: DateTime<Utc>) -> Uuid {
    live::place_of(now - SPAN + TimeDelta::milliseconds(1))
}

#[cfg(test)]
mod tests {
    use darkroom_platform::Clock;

    use super::*;

    #[test]
    fn a_follow_counts_for_an_hour() {
        let clock = Clock::manual("2026-05-04T12:00:00Z".parse().expect("a moment"));
        let id = clock.new_id();
        assert_eq!(moment_of(id), clock.now());
        clock.advance(SPAN - TimeDelta::milliseconds(1));
        assert!(id >= first_counted(clock.now()));
        clock.advance(TimeDelta::milliseconds(1));
        assert!(id < first_counted(clock.now()));
    }
}
