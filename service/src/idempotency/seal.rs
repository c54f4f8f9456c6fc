//! What the table holds in place of keys, requests and answers.
//!
//! Answers hold tokens and requests hold passwords, so neither lies in the table in a form that a copy of it, or even a copy of
//! it with the server's secret, would open: everything is derived from the server's secret **and** the client's key by
//! HMAC-SHA-256 (RFC 2104), and answers are sealed by ChaCha20-Poly1305 (RFC 8439).

use hmac::{Hmac, Mac};
use rand::TryRngCore;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::Sha256;
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Result};

/// A request with a key, as the table knows it.
pub(super) struct Names {
    /// Of owner and key.
    pub(super) id: Uuid,
    /// Of owner, key and what is asked.
    pub(super) fingerprint: [u8; 32],
    /// The same, under another name: what the answer is sealed with.
    seal: [u8; 32],
}

impl Names {
    pub(super) fn of(app: &App, owner: Option<Uuid>, key: &str, digest: &[u8; 32]) -> Self {
        Self::derive(app.config.secret().expose().as_bytes(), owner, key, digest)
    }

    fn derive(secret: &[u8], owner: Option<Uuid>, key: &str, digest: &[u8; 32]) -> Self {
        // One secret serves several purposes: each has a key of its own, derived with its name.
        let secret = mac(secret, &[b"darkroom idempotency v1"]);
        // Who is signed out has no id, and no account has the nil one.
        let owner = owner.unwrap_or_default();
        let root = mac(&secret, &[owner.as_bytes(), key.as_bytes()]);
        let name = mac(&root, &[b"name"]);
        Self {
            id: Uuid::from_bytes(std::array::from_fn(|at| name[at])),
            fingerprint: mac(&root, &[b"asked", digest]),
            seal: mac(&root, &[b"seal", digest]),
        }
    }

    fn key(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&CHACHA20_POLY1305, &self.seal).ok().map(LessSafeKey::new)
    }

    /// The answer, sealed: nonce, ciphertext, tag.
    ///
    /// # Errors
    /// There are no random numbers.
    pub(super) fn seal(&self, answer: &[u8]) -> Result<Vec<u8>> {
        let key = self.key().ok_or_else(|| Error::internal("an answer can't be sealed"))?;
        // Random: the same request is sealed once or twice, never 2³² times.
        let mut nonce = [0_u8; NONCE_LEN];
        rand::rngs::OsRng.try_fill_bytes(&mut nonce).map_err(Error::internal)?;
        let mut text = answer.to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(self.id.as_bytes()), &mut text)
            .map_err(|_| Error::internal("an answer can't be sealed"))?;
        Ok([nonce.as_slice(), &text].concat())
    }

    /// The answer; none if it was sealed for another request, or changed.
    pub(super) fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let answer = self.key()?.open_in_place(nonce, Aad::from(self.id.as_bytes()), &mut text).ok()?;
        Some(answer.to_vec())
    }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of every length (RFC 2104, section 2), so this can't fail.
    let mut mac =
        <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of every length"));
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    const ASKED: [u8; 32] = [1; 32];

    fn names(owner: Option<Uuid>, key: &str, digest: &[u8; 32]) -> Names {
        Names::derive(b"secret", owner, key, digest)
    }

    #[test]
    fn an_answer_opens_with_owner_key_and_request_only() {
        let owner = Some(Uuid::from_u128(7));
        let mine = names(owner, "0123456789abcdef", &ASKED);
        let sealed = mine.seal(b"a token").unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"a token"));
        assert_eq!(mine.open(&sealed).unwrap(), b"a token");
        assert_ne!(mine.seal(b"a token").unwrap(), sealed, "each time another nonce");
        for other in [
            names(owner, "0123456789abcdeg", &ASKED),
            names(owner, "0123456789abcdef", &[2; 32]),
            names(None, "0123456789abcdef", &ASKED),
            names(Some(Uuid::from_u128(8)), "0123456789abcdef", &ASKED),
        ] {
            assert!(other.open(&sealed).is_none());
            assert_ne!(other.fingerprint, mine.fingerprint);
        }
        for broken in [&sealed[..5], &sealed[..sealed.len() - 1], &[]] {
            assert!(mine.open(broken).is_none());
        }
    }

    #[test]
    fn the_row_is_one_for_each_owner_and_key() {
        let (ada, ben) = (Some(Uuid::from_u128(7)), Some(Uuid::from_u128(8)));
        let id = |owner, key, digest| names(owner, key, digest).id;
        assert_eq!(id(ada, "0123456789abcdef", &ASKED), id(ada, "0123456789abcdef", &[2; 32]));
        assert_ne!(id(ada, "0123456789abcdef", &ASKED), id(ben, "0123456789abcdef", &ASKED));
        assert_ne!(id(ada, "0123456789abcdef", &ASKED), id(ada, "0123456789abcdeg", &ASKED));
    }
}
