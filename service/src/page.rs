//! Keyset pages: a list is read in pages of bounded length, each beginning after a known id.

use uuid::Uuid;

/// Which page: `first` rows after the row `after`, in the list's own order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
