//! Rows that were changed, as the database itself notes them, for about an hour.

use sea_orm::entity::prelude::*;

/// A post or a person looks another way, or one person's mark on a post does.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change")]
pub struct Model {
    /// Counted by the database. `SQLite` writes in this order.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// On PostgreSQL the number of the transaction that wrote it, by which it is found; 0 on `SQLite`.
    pub position: i64,
    /// The post or the person.
    pub about: Uuid,
    /// For whom alone, if it is their mark on the post, or they are the person's close friend no more.
    pub whose: Option<Uuid>,
    /// In seconds since 1970, by the clock of the database.
    pub made_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
