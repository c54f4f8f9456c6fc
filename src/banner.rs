//! What a person sees at start: where it is, where data lies, what to try next, and what is missing.

use std::process::Stdio;

use darkroom_service::App;

/// Prints it to standard output; the log goes to standard error.
pub(crate) fn print(app: &App) {
    let url = app.config.public_url();
    let data = std::path::absolute(&app.config.data_dir).unwrap_or_else(|_| app.config.data_dir.clone());
    println!();
    println!("  Darkroom {} is serving at  {url}", env!("CARGO_PKG_VERSION"));
    println!("  Data lies in               {}", data.display());
    println!();
    println!("  Next: open {url} in a browser: GraphiQL, with tabs that sign up, upload and read the feed.");
    println!("        `darkroom demo` (cargo run -- demo) fills an empty data folder with people and pictures.");
    println!("        `darkroom doctor` checks what is configured. Ctrl-C ends it in order.");
    if let Some(missing) = missing() {
        println!();
        println!("  {missing}");
    }
    println!();
}

/// What would add to it if it were there: one line, once.
fn missing() -> Option<String> {
    (!has_ffmpeg()).then(|| "ffmpeg is not installed: photos work, videos will need it.".to_owned())
}

/// Whether ffmpeg can be started.
pub(crate) fn has_ffmpeg() -> bool {
    std::process::Command::new("ffmpeg")
        .arg("-version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
