//! How a photo can be lost: no answer of a decoder, but the end of one.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// What Rust says before it aborts for want of memory.
const NO_MEMORY: &str = "memory allocation of ";

/// Longest part of a dead child's last words that is kept, in characters.
const WORDS: usize = 300;

/// Why there is no answer about a file.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// Its decoder died of it, or answered what no decoder answers.
    #[error("the process that decoded it ended with {how}")]
    Crashed {
        /// The end, and the last words, for the log.
        how: String,
    },
    /// Its decoder did not end in time and was killed.
    #[error("the process that decoded it ran out of time")]
    TimedOut,
    /// Its decoder wanted more memory than it may have.
    #[error("the process that decoded it ran out of memory")]
    OutOfMemory,
    /// No decoder could be started: our fault, and not the file's.
    #[error("no process that decodes photos can be started: {0}")]
    Unavailable(#[source] io::Error),
}

impl Lost {
    /// Whether the file may be to blame, so that it is not to be tried for ever.
    #[must_use]
    pub fn blames_file(&self) -> bool {
        !matches!(self, Self::Unavailable(_))
    }

    /// What a dead child's end and last words say.
    pub(crate) fn of(status: io::Result<ExitStatus>, words: &str) -> Self {
        let status = match status {
            Ok(status) => status,
            Err(error) => return Self::Crashed { how: format!("an unknown status ({error})") },
        };
        if status.signal() == Some(libc::SIGXCPU) {
            return Self::TimedOut;
        }
        if words.contains(NO_MEMORY) {
            return Self::OutOfMemory;
        }
        let words: String = words.trim().chars().take(WORDS).collect();
        let how = if words.is_empty() { status.to_string() } else { format!("{status}: {words}") };
        Self::Crashed { how }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_tells_the_reason() {
        let of = |status: i32, words: &str| Lost::of(Ok(ExitStatus::from_raw(status)), words);
        assert!(matches!(of(libc::SIGXCPU, ""), Lost::TimedOut));
        assert!(matches!(of(libc::SIGABRT, "memory allocation of 9 bytes failed\n"), Lost::OutOfMemory));
        let Lost::Crashed { how } = of(libc::SIGSEGV, &"x".repeat(1000)) else { panic!("a crash") };
        assert!(how.contains("SIGSEGV") && how.len() < 350, "{how}");
        assert!(of(1 << 8, "").blames_file());
        assert!(!Lost::Unavailable(io::ErrorKind::NotFound.into()).blames_file());
    }
}
