//! What a process holds in memory, by the kernel's account.

use super::Process;

/// Resident memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Now.
    pub now: u64,
    /// The most since its start, or since [`Process::forget_peak`].
    pub peak: u64,
}

impl Process {
    /// Its resident memory, where there is `/proc`.
    pub fn memory(&self) -> Option<Memory> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
        };
        Some(Memory { now: field("VmRSS:")?, peak: field("VmHWM:")? })
    }

    /// Lets the peak begin anew at what it holds now; false if the kernel does not allow it.
    pub fn forget_peak(&self) -> bool {
        std::fs::write(format!("/proc/{}/clear_refs", self.id()), "5").is_ok()
    }
}
