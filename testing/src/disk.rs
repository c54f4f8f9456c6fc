//! A disk that fills up.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A file system of a given size in memory; unmounted with this value.
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// Mounts one. `None`, and a notice, where that is not allowed: it takes root on Linux.
    pub fn mount(kibibytes: u32) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let size = format!("size={kibibytes}k");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        eprintln!("no file system can be mounted here: the test of a full disk is left out");
        None
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a file that is still open must not keep the folder from being cleaned up.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}
