//! Work in a task of its own.

use std::future::{Future, pending};
use std::panic::resume_unwind;

use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

/// Does something in a task of its own, which is given up when nobody waits for it any more.
///
/// A socket that is busy with something else (it sends to a slow client, or asks whether its session stands) does not go on
/// with what its operations are about. What holds something that others wait for, a place or a lock of the loader that all
/// listeners share, must go on whatever its socket does: one that does not would stop everybody.
pub(crate) async fn apart<T: Send + 'static>(what: impl Future<Output = T> + Send + 'static) -> T {
    match AbortOnDropHandle::new(tokio::spawn(what.in_current_span())).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime ends, and whoever waits here with it.
            Err(_) => pending().await,
        },
    }
}
