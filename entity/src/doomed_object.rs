//! Objects that are to disappear.

use sea_orm::entity::prelude::*;

/// An object that no row refers to any longer: written in the transaction that removed the row, removed once the object
/// store has confirmed that the object is gone. What is listed here can't be forgotten.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "doomed_object")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub object_key: String,
    /// What the purging job is told.
    pub batch_id: Uuid,
    pub doomed_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
