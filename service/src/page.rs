//! Keyset pages: a list is read in pages of bounded length, each beginning after a known id.

use std::collections::HashMap;

use sea_orm::sea_query::{Asterisk, Query, UnionType};
use sea_orm::{ConnectionTrait, EntityTrait, QuerySelect, QueryTrait, Select};
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;

/// Lists that one statement reads: each brings the condition of its visibility along.
const LISTS: usize = 50;

/// Which page: `first` rows after the row `after`, in the list's own order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PageRequest {
    /// How many at most: 1 to the configured maximum (the edge checks it).
    pub first: usize,
    /// The id at which the last page ended.
    pub after: Option<Uuid>,
}

impl PageRequest {
    /// The first page.
    pub fn first(first: usize) -> Self {
        Self { first, after: None }
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// In the list's order.
    pub items: Vec<T>,
    /// Whether more come after the last of them.
    pub has_next: bool,
}

impl<T> Page<T> {
    /// A page without anything on it.
    pub fn empty() -> Self {
        Self { items: Vec::new(), has_next: false }
    }

    /// Makes a page of `first` from up to `first + 1` rows: the one too many only tells that there are more.
    pub fn cut(mut rows: Vec<T>, first: usize) -> Self {
        let has_next = rows.len() > first;
        rows.truncate(first);
        Self { items: rows, has_next }
    }

    /// The same page of something else.
    pub fn map<U>(self, with: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(with).collect(), has_next: self.has_next }
    }
}

/// In which direction a list goes along its ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    OldestFirst,
    NewestFirst,
}

/// One page of each of several lists: in one statement, whose parts each read their own list by its index, no further
/// than the page. Lists without entries are left out.
///
/// `list` makes the query of a list in its own order, after `page.after`, without a limit; `place` says to which list a
/// row belongs, and by which id it is ordered there.
pub(crate) async fn of_each<E: EntityTrait>(
    app: &App,
    lists: &[Uuid],
    page: PageRequest,
    order: Order,
    list: impl Fn(Uuid) -> Select<E>,
    place: impl Fn(&E::Model) -> (Uuid, Uuid),
) -> Result<HashMap<Uuid, Page<E::Model>>> {
    let mut rows: HashMap<Uuid, Vec<E::Model>> = HashMap::new();
    for lists in lists.chunks(LISTS) {
        let mut parts = lists.iter().map(|id| {
            // In a query of its own: SQLite takes no order and limit in the part of a union itself.
            let part = list(*id).limit(page.first as u64 + 1).into_query();
            Query::select().column(Asterisk).from_subquery(part, "part").to_owned()
        });
        let Some(mut all) = parts.next() else { break };
        all.unions(parts.map(|part| (UnionType::All, part)));
        let statement = app.rows().get_database_backend().build(&all);
        for row in E::find().from_raw_sql(statement).all(app.rows()).await? {
            rows.entry(place(&row).0).or_default().push(row);
        }
    }
    // A union promises no order.
    let sorted = |mut rows: Vec<E::Model>| {
        rows.sort_unstable_by_key(|row| place(row).1);
        if order == Order::NewestFirst {
            rows.reverse();
        }
        Page::cut(rows, page.first)
    };
    Ok(rows.into_iter().map(|(id, rows)| (id, sorted(rows))).collect())
}
