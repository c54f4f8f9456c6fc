//! What people choose for their feed.

use darkroom_entity::{account, account_habit, account_setting, affinity, impression};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::score::Weights;
use crate::app::App;
use crate::error::{Error, Result};
use crate::purge;
use crate::session::Viewer;

/// What holds for a person's feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Whether what they do is noted for their feed.
    pub is_personalised: bool,
    /// How much each factor counts: the installation's where they chose nothing.
    pub weights: Weights,
}

/// What a person changes; `None` leaves it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SettingsChange {
    /// Whether what they do is to be noted. Whichever it becomes, what was noted before is forgotten.
    pub is_personalised: Option<bool>,
    /// The weights.
    pub weights: Option<WeightsChange>,
}

/// What a person changes of their weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightsChange {
    /// The installation's from now on.
    Reset,
    /// These, 0–100 each, in the order of [`Factor::ALL`](super::Factor::ALL); `None` leaves one.
    To([Option<i32>; 5]),
}

/// What holds for the viewer's feed.
pub async fn settings(app: &App, viewer: &Viewer) -> Result<Settings> {
    of_account(app, &viewer.account).await
}

async fn of_account(app: &App, account: &account::Model) -> Result<Settings> {
    Ok(Settings { is_personalised: account.is_personalised, weights: weights(app, account).await? })
}

/// How much each factor counts for a person. No statement for those who never chose.
pub(super) async fn weights(app: &App, account: &account::Model) -> Result<Weights> {
    let defaults = Weights::of(&app.config.ranking);
    if account.setting_revision == 0 {
        return Ok(defaults);
    }
    let Some(row) = account_setting::Entity::find_by_id(account.id).one(app.rows()).await? else {
        return Ok(defaults);
    };
    let own = [row.relationship, row.interest, row.recency, row.quality, row.activity];
    let chosen = |at: usize| own[at].and_then(|weight| u8::try_from(weight).ok()).unwrap_or(defaults.0[at]);
    Ok(Weights(std::array::from_fn(chosen)))
}

/// Changes what holds for the viewer's feed, from the next look at its beginning; returns it with the account's row.
///
/// # Errors
/// Invalid is a weight that is not 0–100.
pub async fn update_settings(app: &App, viewer: &Viewer, change: SettingsChange) -> Result<(account::Model, Settings)> {
    if let Some(WeightsChange::To(weights)) = change.weights
        && weights.iter().flatten().any(|weight| !(0..=100).contains(weight))
    {
        return Err(Error::invalid("weights", "A weight is 0 to 100."));
    }
    let tx = app.begin().await?;
    let mut row = account::ActiveModel::default();
    if let Some(is_personalised) = change.is_personalised {
        row.is_personalised = Set(is_personalised);
    }
    let changed = account::Entity::update_many()
        .set(row)
        .col_expr(account::Column::SettingRevision, Expr::col(account::Column::SettingRevision).add(1))
        .filter(account::Column::Id.eq(viewer.id()))
        .exec_with_returning(tx.rows())
        .await?;
    let account = changed.into_iter().next().ok_or(Error::Unauthenticated)?;
    if let Some(weights) = change.weights {
        write(tx.rows(), viewer.id(), weights).await?;
    }
    let forgets = change.is_personalised.is_some_and(|wanted| wanted != viewer.account.is_personalised);
    if forgets {
        let of = |column: affinity::Column| column.eq(viewer.id());
        affinity::Entity::delete_many().filter(of(affinity::Column::AccountId)).exec(tx.rows()).await?;
        account_habit::Entity::delete_many()
            .filter(account_habit::Column::AccountId.eq(viewer.id()))
            .exec(tx.rows())
            .await?;
    }
    tx.commit().await?;
    if forgets {
        // They may be some thousands.
        let seen = Condition::all().add(impression::Column::AccountId.eq(viewer.id()));
        purge::rows::<impression::Entity>(app, seen, impression::Column::PostId).await?;
    }
    let settings = of_account(app, &account).await?;
    Ok((account, settings))
}

async fn write(rows: &impl ConnectionTrait, account_id: Uuid, change: WeightsChange) -> Result<()> {
    let WeightsChange::To(weights) = change else {
        account_setting::Entity::delete_by_id(account_id).exec(rows).await?;
        return Ok(());
    };
    let columns = [
        account_setting::Column::Relationship,
        account_setting::Column::Interest,
        account_setting::Column::Recency,
        account_setting::Column::Quality,
        account_setting::Column::Activity,
    ];
    let [relationship, interest, recency, quality, activity] = weights.map(Set);
    let row = account_setting::ActiveModel {
        account_id: Set(account_id),
        relationship,
        interest,
        recency,
        quality,
        activity,
    };
    let chosen = columns.into_iter().zip(weights).filter(|(_, weight)| weight.is_some()).map(|(column, _)| column);
    let chosen: Vec<account_setting::Column> = chosen.collect();
    if chosen.is_empty() {
        return Ok(());
    }
    account_setting::Entity::insert(row)
        .on_conflict(OnConflict::column(account_setting::Column::AccountId).update_columns(chosen).to_owned())
        .exec_without_returning(rows)
        .await?;
    Ok(())
}
