//! The sizes made of a photo.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Which of the sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum Size {
    /// 150 × 150, cropped to cover.
    #[sea_orm(string_value = "thumbnail")]
    Thumbnail,
    /// Fits 640 × 640.
    #[sea_orm(string_value = "medium")]
    Medium,
    /// Fits 1080 × 1080.
    #[sea_orm(string_value = "large")]
    Large,
}

/// How its bytes are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum Format {
    #[sea_orm(string_value = "jpeg")]
    Jpeg,
    #[sea_orm(string_value = "webp")]
    WebP,
}

/// One size of a photo, in one format.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rendition")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub media_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub size: Size,
    #[sea_orm(primary_key, auto_increment = false)]
    pub format: Format,
    pub object_key: String,
    pub width: i32,
    pub height: i32,
    pub byte_size: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
