//! What a child gives up before it sees the first byte of a photo, for good.
//!
//! | | against |
//! |---|---|
//! | `RLIMIT_AS` | more memory than the file may cost |
//! | `RLIMIT_CPU`, raised for each photo | loops without end, should nobody be left to end them |
//! | `RLIMIT_NOFILE` 0, `RLIMIT_FSIZE` 0 | any file, socket or pipe besides the channel; any byte on a disk |
//! | `RLIMIT_CORE` 0, not dumpable | somebody's photo in a core file; a look from other processes of the same user |
//! | no new privileges | set-user-id programs |
//! | `oom_score_adj` 1000 | the parent's end instead of its, when the machine is out of memory |
//! | death signal | a child without a parent |
//! | inherited files closed | what a shell or a test runner has left open |
//! | system call filter | everything else: see [`filter`] |
//!
//! The last five lines and `dumpable` are Linux's; elsewhere `RLIMIT_NPROC` 0 forbids new processes instead.

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
mod filter;

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

/// Signals that are meant for the parent, which decides what becomes of its children: a service manager sends them to
/// every process of a service at once, and a photo that is nearly done would be lost.
const FOR_THE_PARENT: [libc::c_int; 3] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP];

/// Lets this process die with its parent and with nobody else.
///
/// # Errors
/// When the parent is gone already, or the kernel refuses.
pub(crate) fn bind_to(parent: u32) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // The parent may have died before that call: then somebody else has adopted this process.
    if std::os::unix::process::parent_id() != parent {
        return Err(io::Error::other("it is started by darkroom itself, and that process is gone"));
    }
    for signal in FOR_THE_PARENT {
        #[expect(unsafe_code, reason = "signal has no safe form; it takes two numbers")]
        // SAFETY: no handler is installed: the signal is ignored.
        unsafe {
            libc::signal(signal, libc::SIG_IGN);
        }
    }
    Ok(())
}

/// Offers this process first to a kernel that is short of memory: its photo is tried again, the parent's requests and jobs
/// are not.
#[cfg(target_os = "linux")]
pub(crate) fn be_expendable() {
    // Where there is no /proc, the kernel chooses by size alone.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
}

/// Closes everything but the three standard streams: what the parent's own parent left open is none of a decoder's.
///
/// # Errors
/// When the kernel refuses; Linux before 5.9 does.
#[cfg(target_os = "linux")]
pub(crate) fn close_inherited() -> io::Result<()> {
    #[expect(unsafe_code, reason = "it has no safe form: descriptors that somebody owns would be closed under them")]
    // SAFETY: called first thing in main; nothing in this process has opened a file yet.
    let result = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Gives up what decoding does not need; says whether system calls are filtered. Called once every library is loaded.
///
/// # Errors
/// When a limit can't be set. That the kernel has no filters is no error.
pub(crate) fn confine(memory_bytes: u64) -> io::Result<bool> {
    // The first call looks for the clock, by means that are gone afterwards.
    grant_cpu(1)?;
    never_more(Resource::As, memory_bytes)?;
    never_more(Resource::Core, 0)?;
    never_more(Resource::Fsize, 0)?;
    never_more(Resource::Nofile, 0)?;
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
        rustix::thread::set_no_new_privs(true)?;
    }
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
    match filter::install() {
        Ok(()) => return Ok(true),
        Err(error) => eprintln!("system calls can't be filtered: {error}"),
    }
    // With the filter a library may have threads, which this limit counts as well.
    never_more(Resource::Nproc, 0)?;
    Ok(false)
}

/// Grants so many seconds of CPU time from now on; whoever exceeds them is ended by `SIGXCPU`.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn grant_cpu(seconds: u64) -> io::Result<()> {
    let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec.unsigned_abs();
    // The hard limit stays: without privileges it could not be raised for the next photo.
    let hard = rustix::process::getrlimit(Resource::Cpu).maximum;
    let soft = used.saturating_add(seconds).saturating_add(1);
    Ok(setrlimit(Resource::Cpu, Rlimit { current: Some(hard.map_or(soft, |hard| hard.min(soft))), maximum: hard })?)
}

/// Lowers a limit to `most`, or leaves it where it is lower already.
fn never_more(resource: Resource, most: u64) -> io::Result<()> {
    let hard = rustix::process::getrlimit(resource).maximum;
    let most = Some(hard.map_or(most, |hard| hard.min(most)));
    Ok(setrlimit(resource, Rlimit { current: most, maximum: most })?)
}
