//! Who mutes whom.

use sea_orm::entity::prelude::*;

/// One person keeps another out of their feed or their story tray.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mute")]
pub struct Model {
    /// Who decided it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub muter_id: Uuid,
    /// Who is muted, and is not told.
    #[sea_orm(primary_key, auto_increment = false)]
    pub muted_id: Uuid,
    /// Time-ordered: the order of the list.
    pub id: Uuid,
    pub created_at: DateTimeUtc,
    /// Not in the feed.
    pub posts: bool,
    /// Not in the story tray.
    pub stories: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
