//! Links to parts at our own route: who holds one may send that part, until it expires.
//!
//! `{public_url}/uploads/{upload}/{number}?size={bytes}&exp={unix seconds}&sig={base64url of 16 bytes of HMAC-SHA-256}`
//!
//! What makes it a right stands in the query, since the paths of requests are logged.

use chrono::{DateTime, Utc};
use darkroom_platform::config::Config;
use uuid::Uuid;

use crate::app::App;
use crate::signature::Signer;

/// What a link allows: to send one part, of exactly this size, until a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartLink {
    /// Of which upload.
    pub upload_id: Uuid,
    /// Which part, from 1.
    pub number: u32,
    /// Its bytes.
    pub byte_size: u64,
    /// From this moment on the link says nothing. Whole seconds count.
    pub expires_at: DateTime<Utc>,
}

/// Makes and checks links. Holds the key; never printed.
pub(crate) struct PartSigner {
    signer: Signer,
    public_url: String,
}

impl PartSigner {
    pub(crate) fn new(config: &Config) -> Self {
        Self { signer: Signer::new(config, "darkroom upload url v1"), public_url: config.public_url() }
    }

    /// Where the part is to be sent.
    pub(super) fn url(&self, link: &PartLink) -> String {
        let PartLink { upload_id, number, byte_size, expires_at } = link;
        let signature = self.signer.sign(&[&message(link)]);
        let (upload, expires) = (upload_id.simple(), expires_at.timestamp());
        format!("{}/uploads/{upload}/{number}?size={byte_size}&exp={expires}&sig={signature}", self.public_url)
    }

    fn is_genuine(&self, link: &PartLink, signature: &str) -> bool {
        self.signer.is_genuine(&[&message(link)], signature)
    }
}

/// What is signed: each field has one length, so that no two links are signed as one.
fn message(link: &PartLink) -> Vec<u8> {
    let PartLink { upload_id, number, byte_size, expires_at } = link;
    let expires = expires_at.timestamp();
    [upload_id.as_bytes().as_slice(), &number.to_be_bytes(), &byte_size.to_be_bytes(), &expires.to_be_bytes()].concat()
}

/// Whether a link says what it seems to say: it was signed by us, and its time is not over.
pub fn grant(app: &App, link: &PartLink, signature: &str) -> bool {
    app.part_signer.is_genuine(link, signature) && app.clock.now() < link.expires_at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> PartSigner {
        PartSigner { signer: Signer::of_key(b"secret"), public_url: "http://x.test".into() }
    }

    fn link() -> PartLink {
        let expires_at = DateTime::from_timestamp(7200, 0).expect("a moment");
        PartLink { upload_id: Uuid::from_u128(7), number: 2, byte_size: 1000, expires_at }
    }

    #[test]
    fn a_link_names_its_part_and_hides_its_right_in_the_query() {
        let url = signer().url(&link());
        let (path, query) = url.split_once('?').expect("a query");
        assert_eq!(path, "http://x.test/uploads/00000000000000000000000000000007/2");
        let signature = query.strip_prefix("size=1000&exp=7200&sig=").expect("the fields in order");
        assert_eq!(signature.len(), 22);
        assert!(signer().is_genuine(&link(), signature));
    }

    #[test]
    fn nothing_in_it_can_be_changed() {
        let url = signer().url(&link());
        let (_, signature) = url.split_once("&sig=").expect("a signature");
        let later = DateTime::from_timestamp(7201, 0).expect("a moment");
        for other in [
            PartLink { upload_id: Uuid::from_u128(8), ..link() },
            PartLink { number: 3, ..link() },
            PartLink { byte_size: 1001, ..link() },
            PartLink { expires_at: later, ..link() },
        ] {
            assert!(!signer().is_genuine(&other, signature), "{other:?}");
        }
        for bad in ["", "AAAAAAAAAAAAAAAAAAAAAA", "*", &signature[1..]] {
            assert!(!signer().is_genuine(&link(), bad), "{bad:?}");
        }
    }
}
