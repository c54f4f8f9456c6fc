//! How freed memory goes back to the system.

/// Blocks of this size and above are mapped one by one, and unmapped as soon as they are freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED_FROM: libc::c_int = 1 << 20;

/// Makes every large block go back to the system when it is freed. Called first in each binary, before other threads.
///
/// glibc raises the size from which it maps blocks to that of the largest one freed so far, so that after one password
/// hash (19 MiB) the next ones come from the heaps of the threads that happened to run them, which keep them: 24 sign-ins
/// at once left 495 MiB resident, with this 28 MiB (mallopt(3), `M_MMAP_THRESHOLD`). Elsewhere it does nothing.
pub fn return_large_blocks() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "mallopt has no safe form; it takes two numbers and no other thread runs yet")]
    // SAFETY: mallopt reads two integers and sets the allocator's own state under its lock.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_FROM);
    }
}
