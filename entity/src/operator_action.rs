//! What operators did.

use sea_orm::entity::prelude::*;

/// One thing that an operator did: written in the transaction that did it. When is what its id begins with.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "operator_action")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The person; none if it was done on the machine.
    pub operator_id: Option<Uuid>,
    /// What, in a word that is stable for ever: `job.retry`.
    pub action: String,
    /// To what: an id or a name.
    pub subject: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
