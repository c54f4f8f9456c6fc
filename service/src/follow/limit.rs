//! Bounds on following: against people, and programs, who follow everybody in order to be followed back.

use chrono::{DateTime, TimeDelta, Utc};
use darkroom_entity::account;
use darkroom_entity::follow::{self, State};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::session::Viewer;
use crate::transaction::Transaction;

/// Over which time new follows are counted.
const SPAN: TimeDelta = TimeDelta::hours(1);

/// Whether the viewer, whose row is locked, may follow one more person, or ask one more, as `wanted` says. What was ended within the hour no longer counts.
pub(super) async fn check(tx: &Transaction<'_>, viewer: &Viewer, wanted: State) -> Result<()> {
    let (limits, now) = (&tx.app().config.limits, tx.app().clock.now());
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
    let mine = || follow::Entity::find().filter(follow::Column::FollowerId.eq(viewer.id()));
    let waiting = || mine().filter(follow::Column::State.eq(State::Requested));
    if wanted == State::Requested && waiting().count(tx.rows()).await? >= limits.follow_requests_max {
        let message = format!("You wait for {} answers already, the most there may be.", limits.follow_requests_max);
        return Err(Error::conflict("userId", message));
    }
    let recent = || {
        mine()
            .filter(follow::Column::State.is_in([State::Requested, State::Accepted]))
            .filter(follow::Column::Id.gte(first_id_of(now - SPAN)))
    };
    if recent().count(tx.rows()).await? < limits.follows_per_hour {
        return Ok(());
    }
    let oldest = recent().order_by_asc(follow::Column::Id).one(tx.rows()).await?;
    let retry_after = oldest.map_or(SPAN, |row| row.created_at + SPAN - now);
    Err(Error::RateLimited { retry_after: retry_after.to_std().unwrap_or_default() })
}

/// The least UUIDv7 of a moment's millisecond: ids are ordered by the time at which they were made.
fn first_id_of(moment: DateTime<Utc>) -> Uuid {
    let millis = u128::try_from(moment.timestamp_millis()).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}

#[cfg(test)]
mod tests {
    use darkroom_platform::Clock;

    use super::*;

    #[test]
    fn ids_made_before_a_moment_lie_below_it_and_those_made_after_it_do_not() {
        let moment: DateTime<Utc> = "2026-05-04T12:00:00Z".parse().expect("a moment");
        let clock = Clock::manual(moment - TimeDelta::milliseconds(1));
        assert!(clock.new_id() < first_id_of(moment));
        clock.advance(TimeDelta::milliseconds(1));
        assert!(clock.new_id() >= first_id_of(moment));
    }
}
