//! People, as far as operators deal with them.

use async_graphql::{ID, Object};
use chrono::{DateTime, Utc};
use darkroom_entity::account;

use crate::id::Kind;

#[derive(Debug, Clone)]
pub(crate) struct Person(pub(crate) account::Model);

/// A person, as far as operators deal with them.
#[Object]
impl Person {
    /// The id of the `User` of the product's API.
    async fn id(&self) -> ID {
        Kind::User.id(self.0.id)
    }

    /// As they typed it.
    async fn username(&self) -> &str {
        &self.0.username
    }

    /// Since when they are kept out; null if they are not.
    async fn suspended_at(&self) -> Option<DateTime<Utc>> {
        self.0.suspended_at
    }
}
