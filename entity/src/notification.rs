//! What people are told.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))")]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Somebody likes the recipient's post.
    #[sea_orm(string_value = "post_like")]
    PostLike,
    /// Somebody likes the recipient's comment.
    #[sea_orm(string_value = "comment_like")]
    CommentLike,
    /// Somebody commented on the recipient's post.
    #[sea_orm(string_value = "comment")]
    Comment,
    /// Somebody answered the recipient's comment.
    #[sea_orm(string_value = "reply")]
    Reply,
    /// A caption or comment mentions the recipient.
    #[sea_orm(string_value = "mention")]
    Mention,
    /// Somebody follows the recipient.
    #[sea_orm(string_value = "follow")]
    Follow,
    /// Somebody asks to follow the recipient.
    #[sea_orm(string_value = "follow_request")]
    FollowRequest,
    /// Somebody let the recipient follow them.
    #[sea_orm(string_value = "follow_accepted")]
    FollowAccepted,
}

/// One event that concerns one person.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notification")]
pub struct Model {
    /// Time-ordered: the order of the list.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Who is told.
    pub recipient_id: Uuid,
    pub kind: Kind,
    /// Whose doing it was.
    pub actor_id: Uuid,
    pub post_id: Option<Uuid>,
    pub comment_id: Option<Uuid>,
    /// What is shown as one: events of one kind about one thing on one day.
    pub group_key: String,
    /// What makes it one row however often its job runs; unique for the recipient.
    pub unique_key: String,
    pub created_at: DateTimeUtc,
    pub read_at: Option<DateTimeUtc>,
    /// Since when it is so no longer, and not shown: a like that was taken back. Kept so that liking again and again tells
    /// once.
    pub withdrawn_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
