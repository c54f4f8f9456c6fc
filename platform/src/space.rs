//! How much room there is where a folder lies.

use std::io;
use std::path::Path;

/// Bytes of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Free for this program.
    pub free: u64,
    /// In all.
    pub size: u64,
}

/// The file system in which the folder lies.
///
/// # Errors
/// When the folder is not there, or the system does not say.
pub fn of(folder: &Path) -> io::Result<Space> {
    let system = rustix::fs::statvfs(folder)?;
    let bytes = |blocks: u64| blocks.saturating_mul(system.f_frsize);
    Ok(Space { free: bytes(system.f_bavail), size: bytes(system.f_blocks) })
}

#[cfg(test)]
mod tests {
    #[test]
    fn there_is_some_room_and_no_more_than_there_is() {
        let space = super::of(&std::env::temp_dir()).expect("the folder for temporary files");
        assert!(space.free <= space.size && space.size > 0, "{space:?}");
        assert!(super::of(std::path::Path::new("/nowhere/at/all")).is_err());
    }
}
