//! The child: reads a file, decodes it, answers, and again, until its parent closes the channel.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use darkroom_media::{Failure, Limits};
use serde::{Deserialize, Serialize};

use crate::frame::{self, Caps};
use crate::{Made, Task, answer, restrict};

/// The first argument of a child: no command of any program may have this name.
pub const ARGUMENT: &str = "media-child";

/// Changes with what is said between parent and child; both are normally the same file.
pub(crate) const PROTOCOL: u32 = 2;

/// The most that a child takes of a request: the parent has checked it, and memory is limited.
const CAPS: Caps = Caps { head: 64 << 10, body: u64::MAX };

/// What a child says first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub(crate) protocol: u32,
    /// Whether system calls are filtered.
    pub(crate) filtered: bool,
}

/// The head of a request; the file is its body.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request<L> {
    pub(crate) task: Task,
    pub(crate) limits: L,
    /// CPU time that this file may take.
    pub(crate) cpu_seconds: u64,
}

/// Decodes photos and never returns, if this process was started as a child. The first line of a `main`: no thread runs
/// yet, and no setting, log or connection is there to be found by a decoder that somebody has taken over.
pub fn serve_if_child() {
    let load_libraries = || {
        darkroom_media::heif_support();
    };
    serve_if_child_with(load_libraries, Task::run);
}

/// As [`serve_if_child`], with a decoder of one's own. `prepare` runs while files may still be opened: it loads what
/// `decode` would load later.
pub fn serve_if_child_with(prepare: impl FnOnce(), decode: impl FnMut(Task, &[u8], &Limits) -> Result<Made, Failure>) {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(ARGUMENT) {
        return;
    }
    let mut number = || arguments.next().and_then(|text| text.parse::<u64>().ok());
    let served = match (number(), number()) {
        (Some(parent), Some(memory_bytes)) => serve(parent, memory_bytes, prepare, decode),
        _ => Err(io::Error::other("it is started by darkroom itself")),
    };
    match served {
        Ok(()) => std::process::exit(0),
        Err(error) => {
            eprintln!("{ARGUMENT}: {error}");
            std::process::exit(1)
        }
    }
}

fn serve(
    parent: u64,
    memory_bytes: u64,
    prepare: impl FnOnce(),
    mut decode: impl FnMut(Task, &[u8], &Limits) -> Result<Made, Failure>,
) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        if let Err(error) = restrict::close_inherited() {
            eprintln!("inherited files stay open: {error}");
        }
        restrict::be_expendable();
        // Started by way of /proc/self/exe, it would be called "exe" in lists of processes.
        rustix::thread::set_name(c"media-child")?;
    }
    restrict::bind_to(u32::try_from(parent).map_err(io::Error::other)?)?;
    prepare();
    let mut channel = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let filtered = restrict::confine(memory_bytes)?;
    frame::write(&mut channel, &serde_json::to_vec(&Hello { protocol: PROTOCOL, filtered })?, &[])?;
    while let Some(request) = frame::read(&mut channel, CAPS)? {
        let Request { task, limits, cpu_seconds } = serde_json::from_slice(&request.head)?;
        restrict::grant_cpu(cpu_seconds)?;
        let result = decode(task, &request.body, &limits);
        drop(request);
        answer::write(&mut channel, result)?;
    }
    Ok(())
}
