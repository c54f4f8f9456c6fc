//! Asking for the server itself.

use async_graphql::Object;

use crate::object::Instance;

#[derive(Default)]
pub(crate) struct InstanceQuery;

#[Object]
impl InstanceQuery {
    /// This server: its version and what it takes.
    async fn instance(&self) -> Instance {
        Instance
    }
}
