//! Collections: named shelves for saved posts, for their owner alone.
//!
//! What lies in a collection is saved too; what is unsaved leaves every collection.

use std::collections::HashMap;

use darkroom_entity::{account, collection, collection_post, post};
use sea_orm::sea_query::{LockType, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, DbErr, EntityTrait, PaginatorTrait, QueryFilter};
use sea_orm::{QueryOrder, QuerySelect, SqlErr};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Problem, Result, reject_if_any};
use crate::job::PurgeCollection;
use crate::page::{self, Order, Page, PageRequest};
use crate::session::Viewer;
use crate::transaction::Transaction;
use crate::{purge, save, text, visibility};

/// Characters of a collection's name.
pub const NAME_CHARS: usize = 100;

/// Collections of one person.
pub const COLLECTIONS_PER_ACCOUNT: u64 = 200;

/// Makes an empty collection.
///
/// # Errors
/// Refused if the name is empty, too long or that of another of theirs in whatever case, or if there are too many.
pub async fn create(app: &App, viewer: &Viewer, name: &str) -> Result<collection::Model> {
    if let Some(id) = app.done_before() {
        return by_ids(app, Some(viewer.id()), &[id]).await?.remove(&id).ok_or_else(missing);
    }
    let name = checked_name(name)?;
    let mut tx = app.begin().await?;
    // Of two made at once the second counts the first.
    account::Entity::find_by_id(viewer.id()).lock(LockType::NoKeyUpdate).one(tx.rows()).await?;
    let there = collection::Entity::find().filter(visibility::collections(Some(viewer.id()))).count(tx.rows()).await?;
    if there >= COLLECTIONS_PER_ACCOUNT {
        let most = format!("You have {COLLECTIONS_PER_ACCOUNT} collections, the most there can be. Delete one first.");
        return Err(Error::conflict("name", most));
    }
    let row = collection::Model {
        id: app.clock.new_id(),
        account_id: viewer.id(),
        name_key: key_of(&name),
        name,
        created_at: app.clock.now(),
    };
    collection::Entity::insert(collection::ActiveModel::from(row.clone()))
        .exec_without_returning(tx.rows())
        .await
        .map_err(name_taken)?;
    tx.outcome(row.id);
    tx.commit().await?;
    Ok(row)
}

/// Gives one of the viewer's collections another name, under the rules of [`create`].
pub async fn rename(app: &App, viewer: &Viewer, collection_id: Uuid, name: &str) -> Result<collection::Model> {
    let name = checked_name(name)?;
    let tx = app.begin().await?;
    own_in(&tx, viewer, collection_id).await?;
    let change = collection::ActiveModel {
        id: Set(collection_id),
        name_key: Set(key_of(&name)),
        name: Set(name),
        ..Default::default()
    };
    let row = collection::Entity::update(change).exec(tx.rows()).await.map_err(name_taken)?;
    tx.commit().await?;
    Ok(row)
}

/// Deletes one of the viewer's collections. The posts in it stay saved.
pub async fn delete(app: &App, viewer: &Viewer, collection_id: Uuid) -> Result<()> {
    if app.done_before().is_some() {
        return Ok(());
    }
    let mut tx = app.begin().await?;
    let removed = collection::Entity::delete_many()
        .filter(collection::Column::Id.eq(collection_id))
        .filter(visibility::collections(Some(viewer.id())))
        .exec(tx.rows())
        .await?;
    if removed.rows_affected == 0 {
        return Err(missing());
    }
    tx.enqueue(&PurgeCollection { collection_id }).await?;
    tx.outcome(collection_id);
    tx.commit().await
}

/// Removes what lay in a collection that is gone, in bounded batches. A second run changes nothing.
pub async fn purge(app: &App, collection_id: Uuid) -> Result<()> {
    if collection::Entity::find_by_id(collection_id).one(app.rows()).await?.is_some() {
        return Ok(());
    }
    let entries = Condition::all().add(collection_post::Column::CollectionId.eq(collection_id));
    purge::rows::<collection_post::Entity>(app, entries, collection_post::Column::PostId).await
}

/// Puts a post that the viewer may see into one of their collections, and saves it. Doing it twice changes nothing.
pub async fn add(
    app: &App,
    viewer: &Viewer,
    collection_id: Uuid,
    post_id: Uuid,
) -> Result<(collection::Model, post::Model)> {
    let tx = app.begin().await?;
    let collection = own_in(&tx, viewer, collection_id).await?;
    let post = save::keep(&tx, viewer, post_id).await?;
    let row = collection_post::ActiveModel {
        collection_id: Set(collection_id),
        post_id: Set(post_id),
        account_id: Set(viewer.id()),
        id: Set(app.clock.new_id()),
        created_at: Set(app.clock.now()),
    };
    collection_post::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([collection_post::Column::CollectionId, collection_post::Column::PostId])
                .do_nothing()
                .to_owned(),
        )
        .exec_without_returning(tx.rows())
        .await?;
    tx.commit().await?;
    Ok((collection, post))
}

/// Takes a post out of one of the viewer's collections; it stays saved. Doing it twice, or with what is not in it, changes
/// nothing.
pub async fn remove(app: &App, viewer: &Viewer, collection_id: Uuid, post_id: Uuid) -> Result<collection::Model> {
    let tx = app.begin().await?;
    let collection = own_in(&tx, viewer, collection_id).await?;
    collection_post::Entity::delete_by_id((collection_id, post_id)).exec(tx.rows()).await?;
    tx.commit().await?;
    Ok(collection)
}

/// The collections with these ids that this viewer may see: a bounded number, in no order.
pub async fn by_ids(app: &App, viewer: Option<Uuid>, ids: &[Uuid]) -> Result<HashMap<Uuid, collection::Model>> {
    let rows = collection::Entity::find()
        .filter(collection::Column::Id.is_in(ids.iter().copied()))
        .filter(visibility::collections(viewer))
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// The viewer's collections, newest first.
pub async fn list(app: &App, viewer: &Viewer, page: PageRequest) -> Result<Page<collection::Model>> {
    let mut query = collection::Entity::find()
        .filter(visibility::collections(Some(viewer.id())))
        .order_by_desc(collection::Column::Id)
        .limit(page.first as u64 + 1);
    if let Some(after) = page.after {
        query = query.filter(collection::Column::Id.lt(after));
    }
    Ok(Page::cut(query.all(app.rows()).await?, page.first))
}

/// A page of each of these collections, the last added first: the entry's id and the post's. The collections' ids come
/// from collections that were found visible; posts that the viewer may not see any more are left out.
pub async fn posts(
    app: &App,
    viewer: Option<Uuid>,
    collections: &[Uuid],
    page: PageRequest,
) -> Result<HashMap<Uuid, Page<(Uuid, Uuid)>>> {
    let list = |collection: Uuid| {
        let query = collection_post::Entity::find()
            .filter(collection_post::Column::CollectionId.eq(collection))
            .filter(visibility::of_posts(collection_post::Column::PostId, viewer))
            .order_by_desc(collection_post::Column::Id);
        match page.after {
            Some(after) => query.filter(collection_post::Column::Id.lt(after)),
            None => query,
        }
    };
    let place = |row: &collection_post::Model| (row.collection_id, row.id);
    let pages = page::of_each(app, collections, page, Order::NewestFirst, list, place).await?;
    Ok(pages.into_iter().map(|(id, rows)| (id, rows.map(|row| (row.id, row.post_id)))).collect())
}

fn checked_name(name: &str) -> Result<String> {
    let mut problems = Vec::new();
    let name = text::clean_line("name", name, NAME_CHARS, &mut problems);
    if name.is_empty() {
        problems.push(Problem::invalid("name", "A collection needs a name."));
    }
    reject_if_any(problems)?;
    Ok(name)
}

/// What makes a name unique: composed, in lower case.
fn key_of(name: &str) -> String {
    name.to_lowercase().nfc().collect()
}

fn name_taken(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Error::conflict("name", "You have a collection of this name."),
        _ => error.into(),
    }
}

/// One of the viewer's own collections, held against its end until the transaction ends.
async fn own_in(tx: &Transaction<'_>, viewer: &Viewer, collection_id: Uuid) -> Result<collection::Model> {
    collection::Entity::find_by_id(collection_id)
        .filter(visibility::collections(Some(viewer.id())))
        .lock(LockType::KeyShare)
        .one(tx.rows())
        .await?
        .ok_or_else(missing)
}

fn missing() -> Error {
    Error::not_found("collectionId", "collection")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_and_bounded() {
        assert_eq!(checked_name("  To \n print ").ok().as_deref(), Some("To print"));
        for bad in ["", " \t ", "a\0b", &"x".repeat(NAME_CHARS + 1)] {
            assert!(checked_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn one_name_has_one_key() {
        assert_eq!(key_of("ÉTÉ"), key_of("e\u{301}te\u{301}"));
        assert_ne!(key_of("a"), key_of("b"));
        // What lower case makes longest has room in its column.
        assert!(key_of(&"İ".repeat(NAME_CHARS)).chars().count() <= 300);
    }
}
