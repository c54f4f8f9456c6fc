//! How memory is taken from the system and given back.
//!
//! Servers hold many small things for long (a listener's socket) beside bursts of short-lived ones (5,000 listeners who begin at
//! once). glibc keeps what a burst has taken, torn into pieces that no page of is free: a listening socket of 11 KiB cost 23.
//! jemalloc keeps sizes apart and gives free pages back within a second, and takes less CPU for it (decision 0026).

/// What the programs allocate with: `#[global_allocator] static MEMORY: memory::Allocator = memory::ALLOCATOR;`.
#[cfg(target_os = "linux")]
pub type Allocator = tikv_jemallocator::Jemalloc;
/// The value of it.
#[cfg(target_os = "linux")]
pub const ALLOCATOR: Allocator = tikv_jemallocator::Jemalloc;

/// What the programs allocate with: the system's.
#[cfg(not(target_os = "linux"))]
pub type Allocator = std::alloc::System;
/// The value of it.
#[cfg(not(target_os = "linux"))]
pub const ALLOCATOR: Allocator = std::alloc::System;

/// What jemalloc reads before `main`:
///
/// - Two arenas: each is a heap of its own, which a busy moment may leave half empty.
/// - Free pages go back to the system within a second.
/// - Address space, too (`retain`): the children that decode photos have a limit of it, and an allocator that hoards it
///   reaches that limit sooner than the photo does.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "jemalloc looks for its settings under this name")]
#[unsafe(export_name = "malloc_conf")]
pub static SETTINGS: Option<&'static std::ffi::c_char> =
    Some(first(c"narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0,retain:false"));

#[cfg(target_os = "linux")]
const fn first(text: &'static std::ffi::CStr) -> &'static std::ffi::c_char {
    #[expect(unsafe_code, reason = "a C string has no other form for a static")]
    // SAFETY: the pointer is that of a string that lives for ever, and is never null.
    unsafe {
        &*text.as_ptr()
    }
}

/// Has free pages given back also while a server does nothing, by a thread that does so. Called by the programs that serve
/// when they begin, and not by the children that decode, which live shortly. Elsewhere it does nothing.
pub fn return_free_pages() {
    #[cfg(target_os = "linux")]
    if let Err(error) = tikv_jemalloc_ctl::background_thread::write(true) {
        tracing::debug!(%error, "free memory goes back when the next is freed, and not before");
    }
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)]
mod tests {
    /// The settings are found under the name that the linker sees.
    #[test]
    fn the_settings_hold() {
        assert_eq!(tikv_jemalloc_ctl::opt::narenas::read().unwrap(), 2);
        super::return_free_pages();
        assert!(tikv_jemalloc_ctl::background_thread::read().unwrap());
    }
}
