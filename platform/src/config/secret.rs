//! Values that no log, message or print-out may show.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize, Serializer};

use super::ConfigError;

/// Shortest secret that is accepted, characters.
pub(super) const MIN_CHARS: usize = 32;

/// What stands in place of a secret wherever it could be read.
pub(super) const MASK: &str = "********";

/// Text that only [`Secret::expose`] shows: `Debug` and serde print a mask.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes the text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for the code that signs with it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether none is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_empty() { "Secret(empty)" } else { "Secret(********)" })
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.is_empty() { "" } else { MASK })
    }
}

/// Reads the secret that an embedded server keeps in its data folder, and makes it the first time: 32 random bytes.
pub(super) fn keep_in(data_dir: &Path) -> Result<Secret, ConfigError> {
    let path = data_dir.join("secret");
    let refuse = |problem: String| ConfigError::new("secret", problem);
    match fs::read_to_string(&path) {
        Ok(text) if text.trim().len() >= MIN_CHARS => return Ok(Secret(text.trim().to_owned())),
        Ok(_) => {
            return Err(refuse(format!(
                "{} is too short; delete it and a new one is made (media URLs given out before stop working)",
                path.display()
            )));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(refuse(format!("{} cannot be read: {error}", path.display()))),
    }
    make(data_dir, &path).map_err(|error| refuse(format!("{} cannot be made: {error}", path.display())))
}

/// Written aside and linked into place: of two processes that start at once one wins and both use its secret.
fn make(data_dir: &Path, path: &Path) -> std::io::Result<Secret> {
    crate::database::make_private_dir(data_dir)?;
    let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let aside = data_dir.join(format!("secret.{}", uuid::Uuid::new_v4().simple()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&aside)?;
    let linked = writeln!(file, "{secret}").and_then(|()| file.sync_all()).and_then(|()| fs::hard_link(&aside, path));
    fs::remove_file(&aside)?;
    match linked {
        Ok(()) => Ok(Secret(secret)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Ok(Secret(fs::read_to_string(path)?.trim().to_owned()))
        }
        Err(error) => Err(error),
    }
}
