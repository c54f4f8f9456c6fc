//! For whom something is.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// For whom a post or a story is. A private account narrows `Everyone` down to its followers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum Audience {
    /// All who may see the author's account, signed in or not.
    #[sea_orm(string_value = "everyone")]
    Everyone,
    /// Accepted followers.
    #[sea_orm(string_value = "followers")]
    Followers,
    /// Those whom the author put on their list of close friends.
    #[sea_orm(string_value = "close_friends")]
    CloseFriends,
}
