//! Real photographs, where the folder is there.

use std::path::PathBuf;

/// The corpus's folder, from `DARKROOM_CORPUS`; without it a test that needs it says so and passes.
pub fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("DARKROOM_CORPUS").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("DARKROOM_CORPUS is not set: the test of real photographs is left out");
    }
    folder
}

/// The files of one of its folders, in order.
pub fn files(of: &str) -> Vec<PathBuf> {
    let Some(folder) = folder() else { return Vec::new() };
    let entries = std::fs::read_dir(folder.join(of)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
