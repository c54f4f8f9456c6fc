//! Passwords: Argon2id, off the async threads, a bounded number at once.

use std::sync::Arc;

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OnceCell, Semaphore};

use crate::error::{Error, Result};

/// 19 MiB, two passes, one lane: OWASP's first recommendation for Argon2id (Password Storage Cheat Sheet).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// Hashes and verifies, as many at once as there are cores: each takes 19 MiB and some 20 ms of one core.
pub(crate) struct Hasher {
    permits: Arc<Semaphore>,
    /// The hash of nobody's password, verified when the login is unknown so that both answers take as long.
    nobody: OnceCell<String>,
}

impl Hasher {
    pub(crate) fn new(cores: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(cores)), nobody: OnceCell::new() }
    }

    /// The PHC string to store.
    pub(crate) async fn hash(&self, password: String) -> Result<String> {
        self.off_thread(move || {
            let salt = SaltString::generate(&mut OsRng);
            argon2()?.hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string()).map_err(Error::internal)
        })
        .await
    }

    /// Whether `password` is the one behind `stored`. Without a stored hash it takes as long and answers no.
    pub(crate) async fn verify(&self, password: String, stored: Option<String>) -> Result<bool> {
        let known = stored.is_some();
        let stored = match stored {
            Some(stored) => stored,
            None => self.nobody.get_or_try_init(|| self.hash("nobody's password".to_owned())).await?.clone(),
        };
        let matches = self
            .off_thread(move || {
                let parsed = PasswordHash::new(&stored).map_err(Error::internal)?;
                Ok(argon2()?.verify_password(password.as_bytes(), &parsed).is_ok())
            })
            .await?;
        Ok(matches && known)
    }

    /// Prepares the answer for unknown logins, so that the first of them takes no longer than the others.
    pub(crate) async fn warm_up(&self) -> Result<()> {
        self.nobody.get_or_try_init(|| self.hash("nobody's password".to_owned())).await.map(|_| ())
    }

    async fn off_thread<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let permit = self.permits.clone().acquire_owned().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        })
        .await
        .map_err(Error::internal)?
    }
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(Error::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn verifies_only_the_right_password() {
        let hasher = Hasher::new(1);
        let stored = hasher.hash("correct horse".into()).await.expect("hashes");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(hasher.verify("correct horse".into(), Some(stored.clone())).await.expect("verifies"));
        assert!(!hasher.verify("correct hors".into(), Some(stored)).await.expect("verifies"));
        assert!(!hasher.verify("nobody's password".into(), None).await.expect("verifies"));
    }
}
