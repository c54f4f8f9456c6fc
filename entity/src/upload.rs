//! Large files on their way in.

use sea_orm::entity::prelude::*;

/// How far an upload is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum State {
    /// Parts are coming in.
    #[sea_orm(string_value = "open")]
    Open,
    /// Its media is made; its parts are gone or doomed.
    #[sea_orm(string_value = "finished")]
    Finished,
}

/// What a photo is for. A hint: it only chooses the folder of its objects, which operators give rules of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum Purpose {
    /// A post or a profile picture.
    #[sea_orm(string_value = "post")]
    Post,
    /// A story: its objects live for a day.
    #[sea_orm(string_value = "story")]
    Story,
}

/// A large file on its way in, part by part.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "upload")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Who sends it.
    pub account_id: Uuid,
    pub state: State,
    /// As announced; the content must be of this type.
    pub content_type: String,
    /// As announced, bytes.
    pub byte_size: i64,
    /// As announced: 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Bytes of every part but the last, as the settings said when it was begun.
    pub part_size: i64,
    /// A part's object key is this, `/` and the part's number from 1. Random.
    pub part_prefix: String,
    pub purpose: Purpose,
    pub alt_text: String,
    /// What it became. The media may be gone before this row.
    pub media_id: Option<Uuid>,
    pub created_at: DateTimeUtc,
    /// From this moment on it is as if it were not there. No link to a part outlives it.
    pub expires_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
