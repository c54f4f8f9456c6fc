//! At which hours people come.

use sea_orm::entity::prelude::*;

/// How often one person comes at one hour of the day.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "account_habit")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// 0–23, UTC.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hour: i32,
    /// The sum of the visits, each larger the later it was: only compared with others, or decayed to a moment.
    pub score: f64,
    /// The last visit at that hour.
    pub last_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
