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
