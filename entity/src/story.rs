//! Stories.

use sea_orm::entity::prelude::*;

use crate::audience::Audience;

/// A photo that lives for a day.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "story")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub author_id: Uuid,
    pub media_id: Uuid,
    pub viewer_count: i64,
    pub created_at: DateTimeUtc,
    pub audience: Audience,
    /// From this moment on no query and no URL shows it.
    pub expires_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
