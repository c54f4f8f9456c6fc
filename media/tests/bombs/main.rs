//! Files that are built to cost time or memory: each is refused in less than a second, with less than 64 MiB.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../allocation/mod.rs"]
mod allocation;
mod directory;
mod heif;
#[path = "../picture/mod.rs"]
mod picture;
mod pixel;

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use darkroom_media::{Failure, FailureCode, Inspector, Limits, process};

#[global_allocator]
static ALLOCATOR: allocation::Counting = allocation::Counting;

/// One bomb at a time, or they would be measured together.
static ALONE: Mutex<()> = Mutex::new(());

const MOST_TIME: Duration = Duration::from_secs(1);
const MOST_MEMORY: usize = 64 << 20;

/// Time that this thread spent on a processor, where the system tells: others may be at work on the same machine.
fn thread_time() -> Option<Duration> {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(times.split(' ').next()?.parse().ok()?))
}

/// Runs code and checks what it costs.
fn within_bounds<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let (started, cpu) = (Instant::now(), thread_time());
    let (result, memory) = allocation::most(run);
    let time = thread_time().zip(cpu).map_or(started.elapsed(), |(now, before)| now - before);
    assert!(time < MOST_TIME, "{what} took {time:?}");
    assert!(memory < MOST_MEMORY, "{what} took {} MiB", memory >> 20);
    result
}

fn inspect(bytes: &[u8]) -> Result<(), Failure> {
    let mut inspector = Inspector::new(Limits::default());
    bytes.chunks(64 << 10).try_for_each(|chunk| inspector.feed(chunk))?;
    inspector.finish().map(|_| ())
}

/// Fails unless a file is refused cheaply: while it streams by, and by the pipeline, with the same code.
fn defused(what: &str, bytes: impl FnOnce() -> Vec<u8>, code: FailureCode) {
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let bytes = bytes();
    let inspected = within_bounds(what, || inspect(&bytes)).expect_err(what);
    assert_eq!(inspected.code, code, "{what}: {inspected}");
    let processed = within_bounds(what, || process(&bytes, &Limits::default())).unwrap_err();
    assert_eq!(processed, inspected, "{what}");
}

/// Fails unless the pipeline refuses a file cheaply that only decoding can tell from a sound one.
fn defused_by_decoding(what: &str, bytes: impl FnOnce() -> Vec<u8>, code: FailureCode) {
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let bytes = bytes();
    within_bounds(what, || inspect(&bytes)).unwrap();
    let processed = within_bounds(what, || process(&bytes, &Limits::default())).unwrap_err();
    assert_eq!(processed.code, code, "{what}: {processed}");
}

/// Fails unless a sound picture is shown cheaply without the metadata that is built to exhaust a reader.
fn shown_without(what: &str, bytes: impl FnOnce() -> Vec<u8>) {
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let bytes = bytes();
    let photo = within_bounds(what, || process(&bytes, &Limits::default())).unwrap();
    assert_eq!(photo.facts, Default::default(), "{what}");
}
