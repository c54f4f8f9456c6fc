//! What people care for.

use sea_orm::entity::prelude::*;

/// What kind of thing somebody cares for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum Kind {
    /// A person, by the 32 hexadecimal digits of their id.
    #[sea_orm(string_value = "author")]
    Author,
    /// A hashtag in its comparable form.
    #[sea_orm(string_value = "hashtag")]
    Hashtag,
    /// A kind of media, by its name in the table `media`.
    #[sea_orm(string_value = "media")]
    Media,
}

/// How much one person cares for one thing.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "affinity")]
pub struct Model {
    /// Who cares.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: Kind,
    /// Which of its kind.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
    /// The sum of the signals, each larger the later it was: only compared with others, or decayed to a moment.
    pub score: f64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
