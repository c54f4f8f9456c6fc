//! The child processes of a program, by the kernel's account.

use std::process::Command;

use darkroom_testing::process::Process;

/// Clock ticks of CPU time after which a child is surely in the middle of a photo: starting takes one or two.
const IN_THE_MIDDLE: u64 = 10;

/// A child that decodes, as it was when it was looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decoder {
    id: u32,
    state: char,
    ticks: u64,
}

/// Children of a program.
pub(crate) fn decoders(parent: &Process) -> Vec<Decoder> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let of_parent = |id: u32| look(id).filter(|(of, _)| *of == parent.id()).map(|(_, decoder)| decoder);
    numbers.filter_map(of_parent).collect()
}

/// One that has worked on a photo for a while.
pub(crate) fn busy(parent: &Process) -> Option<Decoder> {
    decoders(parent).into_iter().find(|decoder| decoder.state != 'Z' && decoder.ticks >= IN_THE_MIDDLE)
}

fn look(id: u32) -> Option<(u32, Decoder)> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks = fields[11].parse::<u64>().ok()? + fields[12].parse::<u64>().ok()?;
    Some((fields[1].parse().ok()?, Decoder { id, state: fields[0].chars().next()?, ticks }))
}

impl Decoder {
    /// Sends it a signal, by name; it may have ended in the meantime.
    pub(crate) fn signal(self, name: &str) {
        let _ = Command::new("kill").arg(format!("-{name}")).arg(self.id.to_string()).output().unwrap();
    }

    /// Whether it has ended.
    pub(crate) fn is_gone(self) -> bool {
        look(self.id).is_none_or(|(_, now)| now.state == 'Z')
    }
}
