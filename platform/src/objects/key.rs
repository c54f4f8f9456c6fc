//! Which texts are object keys.

use super::ObjectsError;

/// Longest key, bytes: S3 takes 1,024 with the bucket's prefix.
const MAX_BYTES: usize = 512;

/// Accepts `photos/ab/…`-like keys: parts of letters, digits, `_`, `-` and `.` between single slashes, none of them
/// empty or beginning with a dot. So no key leaves the folder, and each means the same in a folder and in a bucket.
pub(super) fn check(key: &str) -> Result<(), ObjectsError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain);
    if key.len() <= MAX_BYTES && !key.contains("..") && key.split('/').all(part) {
        return Ok(());
    }
    Err(ObjectsError::BadKey(key.chars().take(64).collect()))
}
