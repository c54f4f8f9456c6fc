//! Signatures of links: HMAC-SHA-256 (RFC 2104) under keys that are derived from the server's one secret.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use darkroom_platform::config::Config;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Bytes of a signature: 128 bits, which nobody guesses.
const SIGNATURE_BYTES: usize = 16;

/// Signs for one purpose. Holds its key; never printed.
pub(crate) struct Signer(Hmac<Sha256>);

impl Signer {
    /// With a key of its own, derived from the secret by the purpose's name: what was signed for one purpose is nothing for
    /// another.
    pub(crate) fn new(config: &Config, purpose: &str) -> Self {
        let mut derived = mac_of(config.secret().expose().as_bytes());
        derived.update(purpose.as_bytes());
        Self::of_key(&derived.finalize().into_bytes())
    }

    /// With this key.
    pub(crate) fn of_key(key: &[u8]) -> Self {
        Self(mac_of(key))
    }

    /// The signature under these parts one after the other, in base64url. Only the last may vary in length, or two messages
    /// would be signed as one.
    pub(crate) fn sign(&self, message: &[&[u8]]) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes(message))
    }

    /// Whether we signed it, in the same time for every wrong signature.
    pub(crate) fn is_genuine(&self, message: &[&[u8]], signature: &str) -> bool {
        let given = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        self.bytes(message).ct_eq(given.as_slice()).into()
    }

    fn bytes(&self, message: &[&[u8]]) -> [u8; SIGNATURE_BYTES] {
        let mut mac = self.0.clone();
        message.iter().for_each(|part| mac.update(part));
        let whole = mac.finalize().into_bytes();
        std::array::from_fn(|at| whole[at])
    }
}

fn mac_of(key: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of every length (RFC 2104, section 2), so this can't fail.
    <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of every length"))
}
