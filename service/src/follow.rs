//! Who follows whom.

mod limit;
mod opening;

use std::collections::{HashMap, HashSet};

use darkroom_entity::account;
use darkroom_entity::follow::{self, State};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::account as people;
use crate::app::App;
use crate::error::{Error, Result};
use crate::feed::Change;
use crate::notification::{self, Event};
use crate::page::{Page, PageRequest};
use crate::ranking::{self, Signal};
use crate::session::Viewer;
use crate::transaction::Transaction;
use crate::{block, visibility};

pub use limit::sweep;
pub use opening::accept_all;

/// How a viewer stands to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowState {
    /// Not at all.
    None,
    /// Asked to follow a private account.
    Requested,
    /// Follows.
    Following,
    /// It is the viewer.
    Own,
    /// The viewer blocks them.
    Blocked,
}

/// Follows a person at once, or asks a private one to be let in. Doing it twice changes nothing.
///
/// Refused for somebody whom the viewer blocks, and over the limits of the settings.
pub async fn follow(app: &App, viewer: &Viewer, followee_id: Uuid) -> Result<account::Model> {
    if followee_id == viewer.id() {
        return Err(Error::invalid("userId", "You can't follow yourself."));
    }
    let mut tx = app.begin().await?;
    people::lock(&tx, &[viewer.id(), followee_id]).await?;
    let followee = people::visible_in(tx.rows(), viewer, followee_id).await?;
    block::refuse_blocked(&tx, viewer, followee_id).await?;
    let wanted = if followee.is_private { State::Requested } else { State::Accepted };
    let pair = (viewer.id(), followee_id);
    match follow::Entity::find_by_id(pair).one(tx.rows()).await?.map(|row| row.state) {
        None => {
            limit::take(&tx, viewer, wanted).await?;
            insert(&tx, pair, wanted).await?;
            if wanted == State::Accepted {
                begin(&mut tx, viewer.id(), followee_id).await?;
                notification::tell(&mut tx, followed(pair)).await?;
            } else {
                notification::tell(&mut tx, requested(pair)).await?;
            }
        }
        // A request from before the account became public is answered by asking again.
        Some(State::Requested) if wanted == State::Accepted => {
            grant(&tx, viewer.id(), followee_id).await?;
            begin(&mut tx, viewer.id(), followee_id).await?;
            notification::withdraw(&mut tx, requested(pair)).await?;
            notification::tell(&mut tx, followed(pair)).await?;
        }
        Some(_) => return Ok(followee),
    }
    let followee = people::visible_in(tx.rows(), viewer, followee_id).await?;
    tx.commit().await?;
    Ok(followee)
}

/// Ends a follow or takes a request back. Doing it twice changes nothing.
pub async fn unfollow(app: &App, viewer: &Viewer, followee_id: Uuid) -> Result<account::Model> {
    let mut tx = app.begin().await?;
    people::lock(&tx, &[viewer.id(), followee_id]).await?;
    people::visible_in(tx.rows(), viewer, followee_id).await?;
    remove(&mut tx, viewer.id(), followee_id).await?;
    let followee = people::visible_in(tx.rows(), viewer, followee_id).await?;
    tx.commit().await?;
    Ok(followee)
}

/// Ends a person's follow of the viewer, or refuses their request; they are not told. Doing it twice changes nothing.
pub async fn remove_follower(app: &App, viewer: &Viewer, follower_id: Uuid) -> Result<account::Model> {
    let mut tx = app.begin().await?;
    people::lock(&tx, &[viewer.id(), follower_id]).await?;
    people::visible_in(tx.rows(), viewer, follower_id).await?;
    remove(&mut tx, follower_id, viewer.id()).await?;
    let follower = people::visible_in(tx.rows(), viewer, follower_id).await?;
    tx.commit().await?;
    Ok(follower)
}

/// Lets a person in who asked to follow the viewer.
pub async fn accept(app: &App, viewer: &Viewer, follower_id: Uuid) -> Result<account::Model> {
    if app.done_before().is_some() {
        return people::visible_in(app.rows(), viewer, follower_id).await;
    }
    let mut tx = app.begin().await?;
    people::lock(&tx, &[viewer.id(), follower_id]).await?;
    visible_asker(&tx, viewer, follower_id).await?;
    if !grant(&tx, follower_id, viewer.id()).await? {
        return Err(Error::not_found("userId", "follow request"));
    }
    begin(&mut tx, follower_id, viewer.id()).await?;
    let pair = (follower_id, viewer.id());
    notification::withdraw(&mut tx, requested(pair)).await?;
    notification::tell(&mut tx, accepted(pair)).await?;
    let follower = people::visible_in(tx.rows(), viewer, follower_id).await?;
    tx.outcome(follower_id);
    tx.commit().await?;
    Ok(follower)
}

/// Refuses a person who asked to follow the viewer; they are not told.
pub async fn decline(app: &App, viewer: &Viewer, follower_id: Uuid) -> Result<account::Model> {
    if app.done_before().is_some() {
        return people::visible_in(app.rows(), viewer, follower_id).await;
    }
    let mut tx = app.begin().await?;
    people::lock(&tx, &[viewer.id(), follower_id]).await?;
    visible_asker(&tx, viewer, follower_id).await?;
    let declined = follow::Entity::delete_many().filter(request(follower_id, viewer.id())).exec(tx.rows()).await?;
    if declined.rows_affected == 0 {
        return Err(Error::not_found("userId", "follow request"));
    }
    notification::withdraw(&mut tx, requested((follower_id, viewer.id()))).await?;
    let follower = people::visible_in(tx.rows(), viewer, follower_id).await?;
    tx.outcome(follower_id);
    tx.commit().await?;
    Ok(follower)
}

/// Refuses whoever the viewer does not see, in the words for those who never asked.
async fn visible_asker(tx: &Transaction<'_>, viewer: &Viewer, follower_id: Uuid) -> Result<()> {
    match people::visible_in(tx.rows(), viewer, follower_id).await {
        Err(error) if error.is_not_found() => Err(Error::not_found("userId", "follow request")),
        found => found.map(|_| ()),
    }
}

async fn insert(tx: &Transaction<'_>, (follower_id, followee_id): (Uuid, Uuid), state: State) -> Result<()> {
    let row = follow::ActiveModel {
        follower_id: Set(follower_id),
        followee_id: Set(followee_id),
        id: Set(tx.app().clock.new_id()),
        state: Set(state),
        created_at: Set(tx.app().clock.now()),
    };
    follow::Entity::insert(row).exec_without_returning(tx.rows()).await?;
    Ok(())
}

/// Turns a request into a follow; says whether there was one.
async fn grant(tx: &Transaction<'_>, follower_id: Uuid, followee_id: Uuid) -> Result<bool> {
    let granted = follow::Entity::update_many()
        .set(follow::ActiveModel { state: Set(State::Accepted), ..Default::default() })
        .filter(request(follower_id, followee_id))
        .exec(tx.rows())
        .await?;
    Ok(granted.rows_affected > 0)
}

/// What an accepted follow brings with it: both counters, and an epoch that makes the follower's timeline out of date, so
/// that the next look at their feed finds the new posts.
async fn begin(tx: &mut Transaction<'_>, follower_id: Uuid, followee_id: Uuid) -> Result<()> {
    count_both(tx, follower_id, followee_id, 1).await?;
    let (epoch, is_personalised) = timeline_epoch(tx, follower_id).await?;
    if is_personalised {
        ranking::note_author(tx.rows(), follower_id, Signal::Followed, followee_id, tx.app().clock.now()).await?;
    }
    tx.revise_timeline(Change::Begun { follower_id, followee_id, epoch });
    people::count(tx.rows(), follower_id, account::Column::TimelineEpoch, 1).await
}

/// A person's epoch, and whether what they do is noted.
async fn timeline_epoch(tx: &Transaction<'_>, account_id: Uuid) -> Result<(i64, bool)> {
    let row = account::Entity::find_by_id(account_id)
        .select_only()
        .columns([account::Column::TimelineEpoch, account::Column::IsPersonalised])
        .into_tuple();
    row.one(tx.rows()).await?.ok_or_else(|| Error::not_found("userId", "user"))
}

/// Removes a follow, whatever its state, what it counted for and what was told of it. Both people are locked already.
///
/// The timeline is tidied only: a feed's query shows posts of people who are followed at that moment.
pub(crate) async fn remove(tx: &mut Transaction<'_>, follower_id: Uuid, followee_id: Uuid) -> Result<()> {
    let pair = (follower_id, followee_id);
    let Some(row) = follow::Entity::find_by_id(pair).one(tx.rows()).await? else { return Ok(()) };
    follow::Entity::delete_by_id(pair).exec(tx.rows()).await?;
    match row.state {
        State::Accepted => {
            count_both(tx, follower_id, followee_id, -1).await?;
            let (epoch, _) = timeline_epoch(tx, follower_id).await?;
            ranking::forget_author(tx.rows(), follower_id, followee_id).await?;
            tx.revise_timeline(Change::Ended { follower_id, followee_id, epoch });
            notification::withdraw(tx, followed(pair)).await?;
            notification::withdraw(tx, accepted(pair)).await
        }
        State::Requested => notification::withdraw(tx, requested(pair)).await,
    }
}

/// Both people's counters, in the order of their ids: two who follow each other at once must not lock crosswise.
async fn count_both(tx: &Transaction<'_>, follower_id: Uuid, followee_id: Uuid, by: i64) -> Result<()> {
    let mut counters = [(follower_id, account::Column::FollowingCount), (followee_id, account::Column::FollowerCount)];
    counters.sort_by_key(|(id, _)| *id);
    for (id, counter) in counters {
        people::count(tx.rows(), id, counter, by).await?;
    }
    Ok(())
}

fn request(follower_id: Uuid, followee_id: Uuid) -> Condition {
    Condition::all()
        .add(follow::Column::FollowerId.eq(follower_id))
        .add(follow::Column::FolloweeId.eq(followee_id))
        .add(follow::Column::State.eq(State::Requested))
}

fn followed((follower_id, followee_id): (Uuid, Uuid)) -> Event {
    Event::Followed { follower_id, followee_id }
}

fn requested((follower_id, followee_id): (Uuid, Uuid)) -> Event {
    Event::FollowRequested { follower_id, followee_id }
}

fn accepted((follower_id, followee_id): (Uuid, Uuid)) -> Event {
    Event::FollowAccepted { follower_id, followee_id }
}

/// How the viewer stands to each of these people: a bounded number.
pub async fn states(app: &App, viewer: Uuid, people: &[Uuid]) -> Result<HashMap<Uuid, FollowState>> {
    let rows: Vec<(Uuid, State)> = follow::Entity::find()
        .select_only()
        .columns([follow::Column::FolloweeId, follow::Column::State])
        .filter(follow::Column::FollowerId.eq(viewer))
        .filter(follow::Column::FolloweeId.is_in(people.iter().copied()))
        .into_tuple()
        .all(app.rows())
        .await?;
    let mut states: HashMap<Uuid, FollowState> = rows
        .into_iter()
        .map(|(id, state)| match state {
            State::Requested => (id, FollowState::Requested),
            State::Accepted => (id, FollowState::Following),
        })
        .collect();
    for blocked in block::blocked_among(app, viewer, people).await? {
        states.insert(blocked, FollowState::Blocked);
    }
    if people.contains(&viewer) {
        states.insert(viewer, FollowState::Own);
    }
    Ok(states)
}

/// Which of these people follow the viewer: a bounded number.
pub async fn followers_among(app: &App, viewer: Uuid, people: &[Uuid]) -> Result<HashSet<Uuid>> {
    let rows: Vec<Uuid> = follow::Entity::find()
        .select_only()
        .column(follow::Column::FollowerId)
        .filter(follow::Column::FolloweeId.eq(viewer))
        .filter(follow::Column::FollowerId.is_in(people.iter().copied()))
        .filter(follow::Column::State.eq(State::Accepted))
        .into_tuple()
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().collect())
}

/// Which end of a follow a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Those who follow the person.
    Followers,
    /// Those whom the person follows.
    Following,
    /// Those who ask to follow the person: for that person only.
    Requests,
}

/// An entry of such a list: the person, and the follow's id, which is the list's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The follow.
    pub id: Uuid,
    /// The person at its other end.
    pub account_id: Uuid,
}

/// The followers, followees or requests of `subject`, newest first.
///
/// A private account shows its lists only to itself and its followers; to others they are empty.
pub async fn list(
    app: &App,
    viewer: Option<Uuid>,
    subject: Uuid,
    side: Side,
    page: PageRequest,
) -> Result<Page<Entry>> {
    if side == Side::Requests && viewer != Some(subject) {
        return Ok(Page::empty());
    }
    let (at, other, state) = match side {
        Side::Followers => (follow::Column::FolloweeId, follow::Column::FollowerId, State::Accepted),
        Side::Following => (follow::Column::FollowerId, follow::Column::FolloweeId, State::Accepted),
        Side::Requests => (follow::Column::FolloweeId, follow::Column::FollowerId, State::Requested),
    };
    let mut query = follow::Entity::find()
        .select_only()
        .columns([follow::Column::Id, other])
        .filter(at.eq(subject))
        .filter(follow::Column::State.eq(state))
        .filter(visibility::lists_of(subject, viewer))
        .filter(visibility::people(other, viewer))
        .order_by_desc(follow::Column::Id)
        .limit(page.first as u64 + 1);
    if let Some(after) = page.after {
        query = query.filter(follow::Column::Id.lt(after));
    }
    let rows: Vec<(Uuid, Uuid)> = query.into_tuple().all(app.rows()).await?;
    let entries = rows.into_iter().map(|(id, account_id)| Entry { id, account_id }).collect();
    Ok(Page::cut(entries, page.first))
}

/// One page of a fan-out: up to `limit` accepted followers of `author` after the follow `after`, oldest first.
pub(crate) async fn fan_out_page(app: &App, author: Uuid, after: Option<Uuid>, limit: usize) -> Result<Vec<Entry>> {
    let mut query = follow::Entity::find()
        .select_only()
        .columns([follow::Column::Id, follow::Column::FollowerId])
        .filter(follow::Column::FolloweeId.eq(author))
        .filter(follow::Column::State.eq(State::Accepted))
        .order_by_asc(follow::Column::Id)
        .limit(limit as u64);
    if let Some(after) = after {
        query = query.filter(follow::Column::Id.gt(after));
    }
    let rows: Vec<(Uuid, Uuid)> = query.into_tuple().all(app.rows()).await?;
    Ok(rows.into_iter().map(|(id, account_id)| Entry { id, account_id }).collect())
}
