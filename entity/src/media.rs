//! Uploaded photos.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// What a media is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum Kind {
    #[sea_orm(string_value = "photo")]
    Photo,
    #[sea_orm(string_value = "video")]
    Video,
}

/// How far a media is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum Status {
    /// Bytes are still coming in.
    #[sea_orm(string_value = "uploading")]
    Uploading,
    /// Every byte is stored; the job that makes its renditions is in the ledger.
    #[sea_orm(string_value = "processing")]
    Processing,
    /// Renditions are there.
    #[sea_orm(string_value = "ready")]
    Ready,
    /// It can't be used; `failure_code` says why.
    #[sea_orm(string_value = "failed")]
    Failed,
}

/// What refers to a media. It is one thing at the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum Attachment {
    /// Nothing yet: it is purged after a day.
    #[sea_orm(string_value = "none")]
    None,
    #[sea_orm(string_value = "post")]
    Post,
    #[sea_orm(string_value = "story")]
    Story,
    #[sea_orm(string_value = "avatar")]
    Avatar,
}

/// An uploaded photo.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "media")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Its owner: the only one who may attach it, and who may see the original.
    pub account_id: Uuid,
    pub kind: Kind,
    pub status: Status,
    pub attachment: Attachment,
    /// Object key of the bytes as uploaded. Random; empty once the original is gone.
    pub original_key: String,
    /// Every rendition's object key begins with this. Random, and unrelated to `original_key`.
    pub rendition_prefix: String,
    /// Recognised from the content.
    pub content_type: String,
    /// Bytes of the original.
    pub byte_size: i64,
    /// Pixels, upright.
    pub width: Option<i32>,
    /// Pixels, upright.
    pub height: Option<i32>,
    /// ThumbHash in base64.
    pub placeholder: Option<String>,
    /// `#rrggbb`.
    pub dominant_color: Option<String>,
    /// For finding duplicates; the bits of an unsigned number.
    pub perceptual_hash: Option<i64>,
    pub alt_text: String,
    pub failure_code: Option<String>,
    pub failure_message: Option<String>,
    /// What the camera wrote: for the owner only.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub facts: Option<Json>,
    /// No URL outlives this moment: set when it becomes a story.
    pub expires_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
