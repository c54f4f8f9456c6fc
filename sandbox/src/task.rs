//! What is made of a file.

use darkroom_media::{Failure, Limits, Photo, Rendition};
use serde::{Deserialize, Serialize};

/// What is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Task {
    /// Renditions in JPEG, and everything that is known of the photo.
    Photo,
    /// Renditions in WebP.
    Webp,
}

/// What was made.
#[derive(Clone, Debug, PartialEq)]
pub enum Made {
    /// By [`Task::Photo`].
    Photo(Box<Photo>),
    /// By [`Task::Webp`].
    Webp(Vec<Rendition>),
}

impl Task {
    /// Does it, in this process.
    ///
    /// # Errors
    /// A [`Failure`] if the file can't be used.
    pub fn run(self, bytes: &[u8], limits: &Limits) -> Result<Made, Failure> {
        match self {
            Task::Photo => darkroom_media::process(bytes, limits).map(|photo| Made::Photo(Box::new(photo))),
            Task::Webp => darkroom_media::encode_webp(bytes, limits).map(Made::Webp),
        }
    }

    /// Whether somebody waits for it.
    pub(crate) fn is_urgent(self) -> bool {
        self == Task::Photo
    }
}
