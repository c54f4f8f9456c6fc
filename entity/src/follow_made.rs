//! Follows as they were made, for the limit an hour.

use sea_orm::entity::prelude::*;

/// Somebody followed somebody, or asked to: whether it lasted or not.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "follow_made")]
pub struct Model {
    /// Tells the time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Who followed.
    pub account_id: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
