//! Whose posts are pulled by their followers, because they are too many to push to.

use sea_orm::entity::prelude::*;

/// How far it has got. Of authors without a row, posts are pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum State {
    /// Followers' timelines are being marked; posts are pushed meanwhile.
    #[sea_orm(string_value = "marking")]
    Marking,
    /// Posts are not pushed.
    #[sea_orm(string_value = "pulled")]
    Pulled,
    /// Posts are pushed again; followers' timelines are being made out of date.
    #[sea_orm(string_value = "unmarking")]
    Unmarking,
}

/// A person with very many followers.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pulled_author")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    pub state: State,
    /// Of the walk over the followers that was begun last: jobs of an earlier one change nothing.
    pub walk_id: Uuid,
    pub changed_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
