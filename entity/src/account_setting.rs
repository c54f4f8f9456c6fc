//! What people chose for the ranking of their feed.

use sea_orm::entity::prelude::*;

/// One person's weights, 0–100 each. Without a value, the installation's.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_setting")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    pub relationship: Option<i32>,
    pub interest: Option<i32>,
    pub recency: Option<i32>,
    pub quality: Option<i32>,
    pub activity: Option<i32>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
