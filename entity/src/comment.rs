//! Comments.

use sea_orm::entity::prelude::*;

/// What a person says below a post, or in reply to another comment there.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "comment")]
pub struct Model {
    /// Time-ordered: the order of lists.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub post_id: Uuid,
    pub author_id: Uuid,
    /// The top comment that this is a reply below; none of a top comment.
    pub thread_id: Option<Uuid>,
    /// The comment that it answers: the thread's own, or another reply in it.
    pub reply_to_id: Option<Uuid>,
    pub text: String,
    pub like_count: i64,
    /// Replies in its thread; of a top comment only.
    pub reply_count: i64,
    /// When the post's author put it first.
    pub pinned_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
