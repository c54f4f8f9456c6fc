//! Groups of what people were told.

use sea_orm::entity::prelude::*;

/// What is shown to one person as one: where it stands in their list.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notification_group")]
pub struct Model {
    /// Who was told.
    #[sea_orm(primary_key, auto_increment = false)]
    pub recipient_id: Uuid,
    /// As in the notifications of the group.
    #[sea_orm(primary_key, auto_increment = false)]
    pub group_key: String,
    /// The newest notification that was ever written to the group, shown or not.
    pub newest_id: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
