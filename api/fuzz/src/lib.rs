//! What must hold for any bytes that strangers send, as functions that panic where it does not.

/// The check of documents: never a panic, never a stack that is too small, and what it lets through the parser and the walk
/// take in their stride.
///
/// # Panics
///
/// If the check is wrong.
#[cfg(fuzzing)]
pub fn document(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        darkroom_api::fuzz::document(text);
    }
}

/// Ids and cursors: never a panic, and what is read is written the same again.
///
/// # Panics
///
/// If one of them is wrong.
#[cfg(fuzzing)]
pub fn name(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        darkroom_schema::fuzz::id(text);
        darkroom_schema::fuzz::cursor(text);
    }
}

/// Multipart bodies: never a panic, and the same is read however the bytes arrive.
///
/// # Panics
///
/// If the reading is wrong.
#[cfg(fuzzing)]
pub fn multipart(bytes: &[u8]) {
    darkroom_api::fuzz::multipart(bytes);
}
