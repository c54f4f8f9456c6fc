//! Who blocks whom.

use sea_orm::entity::prelude::*;

/// One person blocks another: neither sees anything of the other.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "block")]
pub struct Model {
    /// Who decided it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub blocker_id: Uuid,
    /// Who is kept out, and is not told.
    #[sea_orm(primary_key, auto_increment = false)]
    pub blocked_id: Uuid,
    /// Time-ordered: the order of the list.
    pub id: Uuid,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
