//! Links to media bytes: signed, expiring, the same for everyone inside a window so that caches can keep them.
//!
//! `{public_url}/media/{key}?exp={unix seconds}&sig={base64url of 16 bytes of HMAC-SHA-256}`

use chrono::{DateTime, Utc};
use darkroom_entity::{media, rendition};
use darkroom_platform::config::Config;

use crate::app::App;
use crate::session::Viewer;
use crate::signature::Signer;

/// Makes and checks links. Holds the key; never printed.
pub(crate) struct UrlSigner {
    signer: Signer,
    window: i64,
    public_url: String,
}

/// What a link allows: to read one object until a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The object.
    pub key: String,
    /// From this moment on the link says nothing.
    pub expires_at: DateTime<Utc>,
    /// From the key's ending, which we chose.
    pub content_type: &'static str,
    /// It is an original, for its owner only: no shared cache may keep it.
    pub is_original: bool,
}

impl UrlSigner {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            signer: Signer::new(config, "darkroom media url v1"),
            window: i64::try_from(config.media.url_window_seconds).unwrap_or(3600).max(60),
            public_url: config.public_url(),
        }
    }

    /// A link to `key` that lives for one to two windows, and never past `deadline`.
    fn sign(&self, key: &str, now: DateTime<Utc>, deadline: Option<DateTime<Utc>>) -> String {
        let rounded = self.window_end(now);
        self.link(key, deadline.map_or(rounded, |deadline| rounded.min(deadline.timestamp())))
    }

    /// When a link ends that is made now: the same moment for a whole window.
    pub(crate) fn window_end(&self, now: DateTime<Utc>) -> i64 {
        (now.timestamp().div_euclid(self.window) + 2) * self.window
    }

    /// A link to `key` that lives until then.
    pub(crate) fn link(&self, key: &str, expires: i64) -> String {
        let signature = self.signer.sign(&[&expires.to_be_bytes(), key.as_bytes()]);
        format!("{}/media/{key}?exp={expires}&sig={signature}", self.public_url)
    }

    fn check(&self, key: &str, expires: &str, signature: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let expires: i64 = expires.parse().ok()?;
        let genuine = self.signer.is_genuine(&[&expires.to_be_bytes(), key.as_bytes()], signature);
        let until = DateTime::from_timestamp(expires, 0)?;
        (genuine && now < until).then_some(until)
    }
}

/// A link to a rendition.
pub fn rendition_url(app: &App, media: &media::Model, rendition: &rendition::Model) -> String {
    app.signer.sign(&rendition.object_key, app.clock.now(), media.expires_at)
}

/// A link to the bytes as uploaded: for their owner only, and only while they are there.
pub fn original_url(app: &App, viewer: Option<&Viewer>, media: &media::Model) -> Option<String> {
    let is_owner = viewer.is_some_and(|viewer| viewer.id() == media.account_id);
    let stored = !media.original_key.is_empty() && media.status != media::Status::Uploading;
    (is_owner && stored).then(|| app.signer.sign(&media.original_key, app.clock.now(), media.expires_at))
}

/// What a link allows now; `None` if it was not signed by us, or its time is over.
pub fn grant(app: &App, key: &str, expires: &str, signature: &str) -> Option<Grant> {
    let expires_at = app.signer.check(key, expires, signature, app.clock.now())?;
    let content_type = match key.rsplit_once('.').map(|(_, ending)| ending) {
        Some("jpg") => "image/jpeg",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        Some("gif") => "image/gif",
        _ => "application/octet-stream",
    };
    let is_original = key.split('/').nth(1) == Some("o");
    Some(Grant { key: key.to_owned(), expires_at, content_type, is_original })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> UrlSigner {
        UrlSigner { signer: Signer::of_key(b"secret"), window: 3600, public_url: "http://x.test".into() }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("a moment")
    }

    fn parts(url: &str) -> (&str, &str) {
        let (_, query) = url.split_once("?exp=").expect("exp");
        query.split_once("&sig=").expect("sig")
    }

    #[test]
    fn stable_inside_its_window_and_valid_for_one_to_two() {
        let signer = signer();
        let first = signer.sign("photos/r/a/large.jpg", at(7200), None);
        assert_eq!(first, signer.sign("photos/r/a/large.jpg", at(10_799), None));
        assert_ne!(first, signer.sign("photos/r/a/large.jpg", at(10_800), None));
        let (exp, sig) = parts(&first);
        assert_eq!(exp, "14400");
        assert!(signer.check("photos/r/a/large.jpg", exp, sig, at(14_399)).is_some());
        assert!(signer.check("photos/r/a/large.jpg", exp, sig, at(14_400)).is_none());
    }

    #[test]
    fn never_past_its_deadline() {
        let url = signer().sign("stories/r/a/large.jpg", at(7200), Some(at(7300)));
        assert_eq!(parts(&url).0, "7300");
    }

    #[test]
    fn nothing_in_it_can_be_changed() {
        let signer = signer();
        let url = signer.sign("photos/r/a/large.jpg", at(0), None);
        let (exp, sig) = parts(&url);
        assert!(signer.check("photos/r/b/large.jpg", exp, sig, at(0)).is_none());
        assert!(signer.check("photos/r/a/large.jpg", "99999", sig, at(0)).is_none());
        for bad in ["", "AAAAAAAAAAAAAAAAAAAAAA", "*", &sig[1..]] {
            assert!(signer.check("photos/r/a/large.jpg", exp, bad, at(0)).is_none(), "{bad:?}");
        }
    }
}
