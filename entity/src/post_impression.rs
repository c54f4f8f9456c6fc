//! How often posts were seen, and for how long.

use sea_orm::entity::prelude::*;

/// What all who saw a post add up to. Nobody's name is in it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "post_impression")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub post_id: Uuid,
    /// How many people saw it; one counts once within some days.
    pub seen: i64,
    /// For how long, all together, milliseconds.
    pub dwell_ms: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
