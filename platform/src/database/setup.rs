//! How connections are opened, and what may be relied on between two statements.

use std::borrow::Cow;

/// What holds for all connections of a pool.
#[derive(Clone)]
pub(super) struct Setup<O> {
    /// How each is opened.
    pub(super) options: O,
    /// How one is opened for what needs a session of its own; `None` if everything goes through a pooler.
    pub(super) apart: Option<O>,
    /// What begins a transaction.
    pub(super) begin: Cow<'static, str>,
    /// Whether the next statement meets the same server process as the last one. If not, nothing may be left there: each
    /// statement that stands alone gets a transaction, within which the pooler stays with one process, and none gets a name.
    pub(super) stays: bool,
}

impl<O: Clone> Setup<O> {
    /// Connections to the engine itself.
    pub(super) fn direct(options: O, begin: &'static str) -> Self {
        Self { apart: Some(options.clone()), options, begin: Cow::Borrowed(begin), stays: true }
    }
}
