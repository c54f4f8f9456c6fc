//! The system calls that are left: what computing on memory takes, and reading and writing what is open.
//!
//! Three answers. What decoding needs is allowed, some of it only with these arguments. What libraries try on the way
//! without depending on it (counting processors in `/sys`, a locale) is refused with an error. Everything else ends the
//! process with `SIGSYS`: nothing that only decodes would ask.
//!
//! A filter of `seccompiler` has two answers, so there are three of them; of what they answer the kernel takes the
//! hardest.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;
type Error = Box<dyn std::error::Error>;

/// What computing takes, whatever the arguments.
const ALLOWED: &[i64] = &[
    // The channel, which is all that is open.
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fstat,
    // Memory; what could make it executable is below.
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    // Threads of a library, and locks.
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_sysinfo,
    libc::SYS_getpid,
    libc::SYS_gettid,
    // Time and randomness (hash maps).
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_restart_syscall,
    // Signals to oneself: a stack that overflows, an abort.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    // The end.
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// What is answered with `EACCES`.
const REFUSED: &[i64] = &[
    libc::SYS_openat,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_getcwd,
    libc::SYS_ioctl,
    libc::SYS_fcntl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_access,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_stat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lstat,
];

/// A thread, and no process.
const THREAD: u64 = (libc::CLONE_VM | libc::CLONE_THREAD) as u64;

/// Names a mapping, which allocators do; missing in libc for some targets.
const PR_SET_VMA: u64 = 0x5356_4d41;

/// Installs the filters for this process, for good.
///
/// # Errors
/// When the kernel has none, or forbids them.
pub(super) fn install() -> Result<(), Error> {
    // Compiled before the first one is in force.
    let programs = [
        // Its arguments lie in memory, where no filter sees them; libraries fall back to clone.
        program([(libc::SYS_clone3, vec![])].into(), SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32))?,
        program(any(REFUSED), SeccompAction::Allow, SeccompAction::Errno(libc::EACCES as u32))?,
        program(known()?, SeccompAction::KillProcess, SeccompAction::Allow)?,
    ];
    for program in &programs {
        seccompiler::apply_filter(program)?;
    }
    Ok(())
}

fn program(rules: Rules, otherwise: SeccompAction, matched: SeccompAction) -> Result<BpfProgram, Error> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    Ok(SeccompFilter::new(rules, otherwise, matched, architecture)?.try_into()?)
}

fn any(calls: &[i64]) -> Rules {
    calls.iter().map(|call| (*call, vec![])).collect()
}

/// Every call that does not end the process; the other two programs refuse some of them.
fn known() -> Result<Rules, Error> {
    let mut rules = any(ALLOWED);
    rules.append(&mut any(REFUSED));
    rules.insert(libc::SYS_clone3, vec![]);
    let no_code = masked(2, libc::PROT_EXEC as u64, 0)?;
    rules.insert(libc::SYS_mmap, vec![SeccompRule::new(vec![no_code.clone()])?]);
    rules.insert(libc::SYS_mprotect, vec![SeccompRule::new(vec![no_code])?]);
    rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![masked(0, THREAD, THREAD)?])?]);
    let own = equal(0, u64::from(std::process::id()))?;
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![own])?]);
    #[cfg(target_env = "musl")] // its abort
    rules.insert(libc::SYS_tkill, vec![]);
    let cpu = vec![equal(0, 0)?, equal(1, libc::RLIMIT_CPU as u64)?];
    rules.insert(libc::SYS_prlimit64, vec![SeccompRule::new(cpu)?]);
    let names = [libc::PR_SET_NAME as u64, PR_SET_VMA];
    let names = names.map(|option| SeccompRule::new(vec![equal(0, option)?]).map_err(Error::from));
    rules.insert(libc::SYS_prctl, names.into_iter().collect::<Result<_, _>>()?);
    Ok(rules)
}

fn equal(argument: u8, value: u64) -> Result<SeccompCondition, Error> {
    Ok(SeccompCondition::new(argument, Width::Dword, SeccompCmpOp::Eq, value)?)
}

/// The bits of `mask` in an argument are exactly these.
fn masked(argument: u8, mask: u64, bits: u64) -> Result<SeccompCondition, Error> {
    Ok(SeccompCondition::new(argument, Width::Dword, SeccompCmpOp::MaskedEq(mask), bits)?)
}
