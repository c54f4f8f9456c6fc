//! The statements that a test's application sends to its database.

use std::sync::{Arc, Mutex};

use sea_orm::Statement;

/// Keeps statements while it is told to.
#[derive(Clone, Default)]
pub struct Statements {
    kept: Arc<Mutex<Option<Vec<Statement>>>>,
}

impl Statements {
    pub(crate) fn note(&self, statement: &Statement) {
        if let Some(kept) = self.kept.lock().unwrap().as_mut() {
            kept.push(statement.clone());
        }
    }

    /// Starts anew.
    pub fn start(&self) {
        *self.kept.lock().unwrap() = Some(Vec::new());
    }

    /// Everything since the start, in order; from now on nothing is kept. Beginning and ending a transaction is no
    /// statement.
    #[must_use]
    pub fn stop(&self) -> Vec<Statement> {
        self.kept.lock().unwrap().take().unwrap_or_default()
    }
}
