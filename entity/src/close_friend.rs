//! Close friends.

use sea_orm::entity::prelude::*;

/// One person counts another among their close friends.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "close_friend")]
pub struct Model {
    /// Whose list it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// Who is on it, and is not told.
    #[sea_orm(primary_key, auto_increment = false)]
    pub friend_id: Uuid,
    /// Time-ordered: the order of the list.
    pub id: Uuid,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
