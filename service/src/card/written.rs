//! What was written of a post's photos, kept with its card: one piece of text in one place, where its parts lie in hundreds.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::content::{LinkWindow, PostCard};

/// The most bytes that are kept for each of a post's photos: several links, and all that is said beside them. What is longer is
/// written each time.
const MOST_PER_PHOTO: usize = 1024;

/// The text that was last written of a card's photos.
#[derive(Default)]
pub(super) struct Written(Mutex<Option<Text>>);

struct Text {
    links: LinkWindow,
    /// Where in `bytes` the selection ends of which the rest was written: both lie side by side, as they are read.
    selection_ends: usize,
    bytes: Box<[u8]>,
}

/// A copy writes its own.
impl Clone for Written {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Written")
    }
}

impl Written {
    /// Appends what was written for the same selection with the same links.
    fn append(&self, selection: &str, links: LinkWindow, out: &mut Vec<u8>) -> bool {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = kept.as_ref().filter(|text| text.links == links);
        let Some((of, json)) = text.and_then(|text| text.bytes.split_at_checked(text.selection_ends)) else {
            return false;
        };
        let same = of == selection.as_bytes();
        if same {
            out.extend_from_slice(json);
        }
        same
    }

    fn keep(&self, selection: &str, links: LinkWindow, json: &[u8]) {
        let bytes = [selection.as_bytes(), json].concat().into_boxed_slice();
        let text = Text { links, selection_ends: selection.len(), bytes };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }
}

impl PostCard {
    /// Appends what `write` makes of the photos. It is asked once for all who select the same, until links are signed anew or
    /// somebody selects something else; so it may depend on nothing but the photos, `selection` and `links`. What it says is not
    /// whole (`false`) is not kept.
    pub fn write_photos(
        &self,
        selection: &str,
        links: LinkWindow,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>) -> bool,
    ) {
        if self.written.append(selection, links, out) {
            return;
        }
        let start = out.len();
        let whole = write(out);
        let json = out.get(start..).unwrap_or_default();
        if whole && selection.len() + json.len() <= self.written_max() {
            self.written.keep(selection, links, json);
        }
    }

    /// The most bytes that are kept of what was written.
    pub(super) fn written_max(&self) -> usize {
        self.media.len() * MOST_PER_PHOTO
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    /// A post with so many photos.
    fn card(photos: usize) -> PostCard {
        let photo = json!({ "id": Uuid::nil(), "kind": "Photo", "status": "Ready", "width": 4, "height": 3, "placeholder": null,
            "dominant_color": null, "alt_text": "", "renditions": [] });
        let card = json!({ "id": Uuid::nil(), "revision": 1, "author_id": Uuid::nil(), "state": "Published", "audience": "Everyone",
            "commenters": "Everyone", "caption": "", "location": null, "created_at": "2026-01-02T03:04:05Z",
            "published_at": null, "edited_at": null, "pinned_at": null, "hashtags": [], "media": vec![photo; photos] });
        serde_json::from_value(card).unwrap()
    }

    /// What is appended when `said` would be written, and whether that was asked for.
    fn written(card: &PostCard, selection: &str, links: i64, said: &str, whole: bool) -> (String, bool) {
        let (mut out, mut asked) = (b"before,".to_vec(), false);
        card.write_photos(selection, LinkWindow(links), &mut out, |out| {
            asked = true;
            out.extend_from_slice(said.as_bytes());
            whole
        });
        (String::from_utf8(out).unwrap(), asked)
    }

    #[test]
    fn what_was_written_is_copied_for_the_same_selection_and_links_only() {
        let card = card(1);
        let copied = ("before,one".to_owned(), false);
        assert_eq!(written(&card, "{url}", 7, "one", true), ("before,one".to_owned(), true));
        assert_eq!(written(&card, "{url}", 7, "never", true), copied);
        assert_eq!(written(&card, "{id}", 7, "two", true), ("before,two".to_owned(), true), "another selection");
        assert_eq!(written(&card, "{id}", 8, "three", true), ("before,three".to_owned(), true), "links signed anew");
        assert_eq!(written(&card, "{id}", 8, "never", true), ("before,three".to_owned(), false), "the last is kept");
        assert_eq!(written(&card, "{id", 8, "}four", true), ("before,}four".to_owned(), true), "not where it ends");
        let copy = card.clone();
        assert_eq!(written(&copy, "{id", 8, "five", true), ("before,five".to_owned(), true), "a copy writes its own");
        assert_eq!(
            written(&card, "{id", 8, "never", true),
            ("before,}four".to_owned(), false),
            "and changes no other's"
        );
    }

    #[test]
    fn what_is_not_whole_or_long_is_written_each_time() {
        let (card, selection) = (card(2), "{url}");
        let room = 2 * MOST_PER_PHOTO - selection.len();
        assert!(written(&card, selection, 7, "half", false).1);
        assert_eq!(written(&card, selection, 7, "all", true), ("before,all".to_owned(), true), "half was not kept");
        let other = "{id,}";
        for _ in 0..2 {
            assert!(written(&card, other, 7, &"x".repeat(room + 1), true).1, "a byte too long");
        }
        assert!(written(&card, other, 7, &"x".repeat(room), true).1);
        assert!(!written(&card, other, 7, "never", true).1, "as long as may be");
    }
}
