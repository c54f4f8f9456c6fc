//! At which hours people come, to prepare their feeds beforehand.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use darkroom_entity::account_habit::{self, Column};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::decay::grown;
use super::note::once_an_hour;
use crate::app::App;
use crate::error::Result;
use crate::session::Viewer;

/// Who was not there for so long is not expected.
const ACTIVE: TimeDelta = TimeDelta::days(7);

/// Notes that the viewer opened their feed: at most once an hour, behind the request. Not of those who have opted out.
pub(crate) fn opened(app: &App, viewer: &Viewer) {
    let account_id = viewer.id();
    if viewer.account.is_personalised {
        once_an_hour(app, "habit", [account_id, Uuid::nil()], move |app, at| async move {
            note(&app, account_id, at).await
        });
    }
}

async fn note(app: &App, account_id: Uuid, at: DateTime<Utc>) -> Result<()> {
    let row = account_habit::ActiveModel {
        account_id: Set(account_id),
        hour: Set(hour(at)),
        score: Set(grown(at)),
        last_at: Set(at),
    };
    let sum = Expr::col((account_habit::Entity, Column::Score)).add(Expr::col((Alias::new("excluded"), Column::Score)));
    let tx = app.begin().await?;
    account_habit::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([Column::AccountId, Column::Hour])
                .update_column(Column::LastAt)
                .value(Column::Score, sum)
                .to_owned(),
        )
        .exec_without_returning(tx.rows())
        .await?;
    tx.commit().await
}

fn hour(at: DateTime<Utc>) -> i32 {
    at.hour().cast_signed()
}

/// People who are likely to come in this hour or the next, up to `most`, in no order: those who came most at these hours lately,
/// of all who came within a week.
pub(super) async fn likely(app: &App, most: u64) -> Result<Vec<Uuid>> {
    let now = app.clock.now();
    let mut likely: Vec<(f64, Uuid)> = Vec::new();
    // One after the other: each reads an index in its order, no further than so many.
    for hour in [hour(now), hour(now + TimeDelta::hours(1))] {
        let visit = Alias::new("visit");
        let was_there = Query::select()
            .expr(Expr::value(1))
            .from_as(account_habit::Entity, visit.clone())
            .and_where(
                Expr::col((visit.clone(), Column::AccountId)).eq(Expr::col((account_habit::Entity, Column::AccountId))),
            )
            .and_where(Expr::col((visit, Column::LastAt)).gt(now - ACTIVE))
            .to_owned();
        let rows: Vec<(f64, Uuid)> = account_habit::Entity::find()
            .select_only()
            .columns([Column::Score, Column::AccountId])
            .filter(Column::Hour.eq(hour))
            .filter(Expr::exists(was_there))
            .order_by_desc(Column::Score)
            .limit(most)
            .into_tuple()
            .all(app.rows())
            .await?;
        likely.extend(rows);
    }
    likely.sort_by(|(one, a), (other, b)| other.total_cmp(one).then(a.cmp(b)));
    let mut people = Vec::new();
    for (_, person) in likely {
        if people.len() as u64 == most {
            break;
        }
        if !people.contains(&person) {
            people.push(person);
        }
    }
    Ok(people)
}
