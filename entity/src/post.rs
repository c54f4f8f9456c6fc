//! Posts.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::audience::Audience;

/// Who sees a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum State {
    /// Its author only: a media is not ready, or failed.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// Everyone for whom it is.
    #[sea_orm(string_value = "published")]
    Published,
    /// Its author only, who put it aside and may bring it back.
    #[sea_orm(string_value = "archived")]
    Archived,
}

/// Who may comment on a post, of those who see it. Its author always may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum Commenters {
    #[sea_orm(string_value = "everyone")]
    Everyone,
    /// Accepted followers of the author.
    #[sea_orm(string_value = "followers")]
    Followers,
    /// Comments are off: those that are there stay.
    #[sea_orm(string_value = "nobody")]
    Nobody,
}

/// One to ten photos with words. The id's order is the feed's order.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "post")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub author_id: Uuid,
    pub state: State,
    pub audience: Audience,
    pub commenters: Commenters,
    pub caption: String,
    pub location: Option<String>,
    pub like_count: i64,
    pub comment_count: i64,
    pub created_at: DateTimeUtc,
    pub published_at: Option<DateTimeUtc>,
    pub edited_at: Option<DateTimeUtc>,
    /// When its author put it first on their profile.
    pub pinned_at: Option<DateTimeUtc>,
    /// Rises whenever what its card holds changes, in the transaction of the change: a card of another revision is not used.
    pub card_revision: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
