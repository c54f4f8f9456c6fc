//! Why a configuration was refused.

/// A setting that does not exist or cannot work; the message names the key and the fix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct ConfigError {
    /// The key (`worker.queues`), the variable, or the file.
    key: String,
    /// What is wrong and what to do.
    problem: String,
}

impl ConfigError {
    pub(crate) fn new(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { key: key.into(), problem: problem.into() }
    }

    /// The key, variable or file that is wrong.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}
