//! What people want to be told.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::notification::Kind;

/// By whose doings a person wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum Senders {
    /// Anybody's. What holds without a row.
    #[sea_orm(string_value = "everyone")]
    Everyone,
    /// Those of people whom the person follows.
    #[sea_orm(string_value = "following")]
    Following,
    /// Nobody's: this kind is off.
    #[sea_orm(string_value = "nobody")]
    Nobody,
}

/// One person's choice for one kind.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notification_setting")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: Kind,
    pub senders: Senders,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
