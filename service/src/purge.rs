//! Removing what can be much: a bounded batch a transaction, each in its turn to write.

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, Value};
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;

/// Rows that one transaction removes.
const BATCH: u64 = 1000;

/// Removes every row of `scope`, of which `key` tells one from the other.
///
/// It is for what nobody adds to any more. A second run, or one beside it, removes what is left.
pub(crate) async fn rows<E: EntityTrait>(app: &App, scope: Condition, key: E::Column) -> Result<()> {
    while batch::<E>(app, E::find().filter(scope.clone()), scope.clone(), key).await? {}
    Ok(())
}

/// Removes a bounded number of the rows that are below a bound in a column with an index, the lowest first; `key` tells one
/// from the other. Says whether there may be more.
///
/// Without the order PostgreSQL reads the table from its beginning where it expects nearly all rows to be below.
pub(crate) async fn below<E: EntityTrait>(
    app: &App,
    column: E::Column,
    bound: impl Into<Value>,
    key: E::Column,
) -> Result<bool> {
    let scope = Condition::all().add(column.lt(bound));
    batch::<E>(app, E::find().filter(scope.clone()).order_by_asc(column), scope, key).await
}

/// Removes the first of these rows, as far as they are still in the scope; says whether there may be more.
async fn batch<E: EntityTrait>(app: &App, rows: Select<E>, scope: Condition, key: E::Column) -> Result<bool> {
    let mut keys: Vec<Uuid> = rows.select_only().column(key).limit(BATCH).into_tuple().all(app.rows()).await?;
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
