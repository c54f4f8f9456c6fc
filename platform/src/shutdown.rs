//! The orderly end: what the operating system's signals mean to every binary.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that the first SIGTERM or SIGINT cancels: stop taking in, finish or hand back, close. A second signal ends
/// the process at once, with 128 and the signal's number; leases recover what ran.
///
/// # Errors
/// When the operating system refuses to deliver signals.
pub fn on_signal() -> io::Result<CancellationToken> {
    let shutdown = CancellationToken::new();
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let token = shutdown.clone();
    tokio::spawn(async move {
        loop {
            let number = tokio::select! {
                _ = term.recv() => 15,
                _ = interrupt.recv() => 2,
            };
            if token.is_cancelled() {
                tracing::warn!("second signal: ending at once; what runs is taken over when its leases end");
                std::process::exit(128 + number);
            }
            tracing::info!("stopping: nothing new is taken in, what runs is finished or handed back");
            token.cancel();
        }
    });
    Ok(shutdown)
}
