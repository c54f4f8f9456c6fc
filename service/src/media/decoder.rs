//! Where photos are decoded, from the settings.

use std::time::Duration;

use darkroom_platform::config::{Config, Isolation};
use darkroom_sandbox::{Bounds, Lost, Sandbox};

use crate::error::Error;

/// The place that the settings ask for. Child processes run this very program: its `main` begins with
/// [`darkroom_sandbox::serve_if_child`].
///
/// # Errors
/// When the system does not say which program this is.
pub fn sandbox(config: &Config) -> std::io::Result<Sandbox> {
    match config.media.isolation {
        Isolation::Process => Sandbox::this_program(bounds(config)),
        Isolation::Thread => Ok(Sandbox::in_process(bounds(config).children)),
    }
}

/// What decoding one photo may take, and how many at once: one a core.
pub fn bounds(config: &Config) -> Bounds {
    Bounds {
        children: std::thread::available_parallelism().map_or(2, usize::from),
        memory_bytes: config.media.decode_memory_max_bytes,
        time: Duration::from_secs(config.media.decode_timeout_seconds),
    }
}

/// That there is no answer about a file. If the file may be to blame that counts as one of its few tries; that no decoder
/// can be started does not, as if a store were away.
pub(super) fn lost(lost: Lost) -> Error {
    match lost {
        Lost::Unavailable(_) => {
            let message = "Photos can't be processed right now. Try again soon.";
            Error::Unavailable { message, source: lost.into() }
        }
        Lost::Crashed { .. } | Lost::TimedOut | Lost::OutOfMemory => Error::internal(lost),
    }
}
