//! A private account becomes public: whoever had asked to be let in is.

use darkroom_entity::account;
use darkroom_entity::follow::{self, State};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::account as people;
use crate::app::App;
use crate::error::Result;
use crate::job::AcceptFollowRequests;
use crate::notification;

/// Requests that one transaction answers.
const BATCH: u64 = 100;

/// Batches of one run of the job.
const BATCHES: usize = 50;

/// Lets in everyone who asked to follow this account, as long as it is public, the longest waiting first: a bounded number
/// a run, and a job for the rest. A second run changes nothing.
pub async fn accept_all(app: &App, account_id: Uuid) -> Result<()> {
    for _ in 0..BATCHES {
        if !accept_batch(app, account_id).await? {
            return Ok(());
        }
    }
    let mut tx = app.begin().await?;
    tx.enqueue(&AcceptFollowRequests { account_id }).await?;
    tx.commit().await
}

/// Says whether there may be more.
async fn accept_batch(app: &App, followee_id: Uuid) -> Result<bool> {
    let mut tx = app.begin().await?;
    let requests = || {
        follow::Entity::find()
            .select_only()
            .column(follow::Column::FollowerId)
            .filter(follow::Column::FolloweeId.eq(followee_id))
            .filter(follow::Column::State.eq(State::Requested))
    };
    let asking: Vec<Uuid> =
        requests().order_by_asc(follow::Column::Id).limit(BATCH).into_tuple().all(tx.rows()).await?;
    if asking.is_empty() {
        return Ok(false);
    }
    let mut everyone = asking.clone();
    everyone.push(followee_id);
    people::lock(&tx, &everyone).await?;
    // Asked again under the lock: the account may have gone private and requests may have been taken back.
    let public = account::Entity::find_by_id(followee_id).filter(account::Column::IsPrivate.eq(false));
    if public.one(tx.rows()).await?.is_none() {
        return Ok(false);
    }
    let asking: Vec<Uuid> =
        requests().filter(follow::Column::FollowerId.is_in(asking)).into_tuple().all(tx.rows()).await?;
    follow::Entity::update_many()
        .set(follow::ActiveModel { state: Set(State::Accepted), ..Default::default() })
        .filter(follow::Column::FolloweeId.eq(followee_id))
        .filter(follow::Column::FollowerId.is_in(asking.iter().copied()))
        .exec(tx.rows())
        .await?;
    let one_more = |counter: account::Column| Expr::col(counter).add(1);
    account::Entity::update_many()
        .col_expr(account::Column::FollowingCount, one_more(account::Column::FollowingCount))
        .col_expr(account::Column::TimelineEpoch, one_more(account::Column::TimelineEpoch))
        .filter(account::Column::Id.is_in(asking.iter().copied()))
        .exec(tx.rows())
        .await?;
    people::count(tx.rows(), followee_id, account::Column::FollowerCount, asking.len() as i64).await?;
    for follower_id in asking {
        let pair = (follower_id, followee_id);
        notification::withdraw(&mut tx, super::requested(pair)).await?;
        notification::tell(&mut tx, super::accepted(pair)).await?;
    }
    tx.commit().await?;
    Ok(true)
}
