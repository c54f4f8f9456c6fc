//! Where a test's photos are decoded: as in production, in child processes, where there is a program for them.

use std::path::PathBuf;

use darkroom_sandbox::Sandbox;
use darkroom_service::{App, media};

/// Variables in which Cargo and nextest tell a test where the program lies that was built with it.
const PROGRAM: [&str; 2] = ["CARGO_BIN_EXE_darkroom", "NEXTEST_BIN_EXE_darkroom"];

/// The application with children of `darkroom`, if this run has built it; a test program can't be its own child.
pub(crate) fn decoding(app: App) -> App {
    match program() {
        Some(program) => {
            let bounds = media::bounds(&app.config);
            app.decoding_in(Sandbox::children(program, bounds))
        }
        None => app,
    }
}

fn program() -> Option<PathBuf> {
    let told = PROGRAM.into_iter().find_map(std::env::var_os).map(PathBuf::from);
    let built = || Some(PathBuf::from(std::env::var_os("DARKROOM_TEST_BIN_DIR")?).join("darkroom"));
    told.or_else(built).filter(|program| program.is_file())
}
