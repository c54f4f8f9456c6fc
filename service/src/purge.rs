//! Removing what can be much: a bounded batch a transaction, each in its turn to write.

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;

/// Rows that one transaction removes.
const BATCH: u64 = 1000;

/// Removes every row of `scope`, of which `key` tells one from the other.
///
/// It is for what nobody adds to any more. A second run, or one beside it, removes what is left.
pub(crate) async fn rows<E: EntityTrait>(app: &App, scope: Condition, key: E::Column) -> Result<()> {
    while batch::<E>(app, scope.clone(), key).await? {}
    Ok(())
}

/// Removes a bounded number of such rows; says whether there may be more.
pub(crate) async fn batch<E: EntityTrait>(app: &App, scope: Condition, key: E::Column) -> Result<bool> {
    let mut keys: Vec<Uuid> =
        E::find().select_only().column(key).filter(scope.clone()).limit(BATCH).into_tuple().all(app.rows()).await?;
    if keys.is_empty() {
        return Ok(false);
    }
    let more = keys.len() as u64 == BATCH;
    keys.sort_unstable();
    let tx = app.begin().await?;
    E::delete_many().filter(scope).filter(key.is_in(keys)).exec(tx.rows()).await?;
    tx.commit().await?;
    Ok(more)
}
