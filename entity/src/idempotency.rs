//! Requests that carry a key, and what was answered.

use sea_orm::entity::prelude::*;

/// A request that may come again. It names neither the key nor what was asked, and its answer opens with both only.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency")]
pub struct Model {
    /// 128 bits of a keyed hash of the owner and the key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// A keyed hash of what was asked.
    pub fingerprint: Vec<u8>,
    /// Attempts so far. With the id it fences one that has lost its lease.
    pub run: i32,
    /// What was committed already: response keys of the operation's fields, with what came of each.
    #[sea_orm(column_type = "JsonBinary")]
    pub steps: Json,
    /// An attempt is under way until then.
    pub lease_until: Option<DateTimeUtc>,
    /// The sealed answer, once there is one.
    pub answer: Option<Vec<u8>>,
    pub expires_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
