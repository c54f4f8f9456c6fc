//! One child, as its parent sees it.

use std::io::{self, PipeReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as Channel;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use darkroom_media::{Failure, Limits};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::frame::{self, Caps};
use crate::keeper::Keeper;
use crate::serve::{ARGUMENT, Hello, PROTOCOL, Request};
use crate::{Bounds, Lost, Made, Task, answer};

/// How long a child may take until it is ready: milliseconds, on a machine that has any left.
const START: Duration = Duration::from_secs(10);

/// The most that is taken of a child's first message.
const HELLO: Caps = Caps { head: 256, body: 0 };

/// Photos after which a child is replaced: what a decoder leaves behind, by leaks or on purpose, ends with it.
const PHOTOS: u32 = 200;

/// What a child may hold more than at its start, in bytes, and still be kept.
const GROWTH: u64 = 64 << 20;

/// The most that is kept of what a child writes to standard error for one photo, in bytes.
const WORDS: usize = 4096;

/// What holds a child back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confinement {
    /// Nothing: photos are decoded on a thread of this process.
    None,
    /// Limits of its resources.
    Limits,
    /// Limits of its resources and a filter of its system calls.
    LimitsAndFilter,
}

/// A running child without work. Dropped, it is killed and reaped.
#[derive(Debug)]
pub(crate) struct Child {
    channel: UnixStream,
    /// None only while it is being ended.
    process: Option<std::process::Child>,
    words: PipeReader,
    keeper: Keeper,
    confinement: Confinement,
    photos: u32,
    /// Its resident memory at the start, in bytes, where the kernel tells.
    resident: Option<u64>,
}

impl Child {
    /// Starts one and waits until it is ready.
    pub(crate) async fn start(keeper: Keeper, program: &Path, bounds: &Bounds) -> io::Result<Self> {
        let (channel, theirs) = Channel::pair()?;
        channel.set_nonblocking(true)?;
        let (words, their_words) = io::pipe()?;
        // Neither side ever waits for the other here: what does not fit is lost.
        rustix::io::ioctl_fionbio(&words, true)?;
        rustix::io::ioctl_fionbio(&their_words, true)?;

        let mut command = Command::new(program);
        command.arg0(ARGUMENT).arg(ARGUMENT).arg(std::process::id().to_string()).arg(bounds.memory_bytes.to_string());
        command.env_clear().current_dir("/").process_group(0);
        command.stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).stderr(their_words);
        let process = keeper.start(command).await?;
        let mut child = Self {
            channel: UnixStream::from_std(channel)?,
            process: Some(process),
            words,
            keeper,
            confinement: Confinement::Limits,
            photos: 0,
            resident: None,
        };
        match timeout(START, child.hello()).await {
            Ok(Ok(())) => Ok(child),
            Ok(Err(error)) => {
                let ended = child.ended().await;
                Err(io::Error::other(format!("{error}; {ended}")))
            }
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "it was not ready in time")),
        }
    }

    async fn hello(&mut self) -> io::Result<()> {
        let frame = frame::receive(&mut self.channel, HELLO).await?;
        let hello: Hello = serde_json::from_slice(&frame.head)?;
        if hello.protocol != PROTOCOL {
            return Err(io::Error::other(format!("it speaks protocol {}, not {PROTOCOL}", hello.protocol)));
        }
        if hello.filtered {
            self.confinement = Confinement::LimitsAndFilter;
        } else if cfg!(target_os = "linux") {
            tracing::warn!(reason = self.words().trim(), "decoders run without a filter of system calls");
        }
        self.resident = self.resident();
        Ok(())
    }

    /// What holds it back.
    pub(crate) fn confinement(&self) -> Confinement {
        self.confinement
    }

    /// Whether it has ended, or said something that nobody asked for, while it had no work.
    pub(crate) fn is_spent(&self) -> bool {
        !matches!(self.channel.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Decodes a file, and gives the child back unless it is worn out. When this future is dropped the child is killed.
    pub(crate) async fn decode(
        mut self,
        task: Task,
        bytes: &[u8],
        limits: &Limits,
        time: Duration,
    ) -> Result<(Result<Made, Failure>, Option<Self>), Lost> {
        let Ok(answered) = timeout(time, self.ask(task, bytes, limits, time)).await else {
            // Its last words may tell what it hangs in.
            let _ = self.ended().await;
            return Err(Lost::TimedOut);
        };
        let Ok(frame) = answered else { return Err(self.ended().await) };
        match answer::read(task, &frame, limits) {
            Err(problem) => {
                let _ = self.ended().await;
                Err(Lost::Crashed { how: format!("an answer that no decoder gives: {problem}") })
            }
            Ok(result) => {
                let words = self.words();
                if !words.is_empty() {
                    tracing::warn!(words = words.trim(), "a decoder complained");
                }
                self.photos += 1;
                Ok((result, (!self.is_worn()).then_some(self)))
            }
        }
    }

    async fn ask(&mut self, task: Task, bytes: &[u8], limits: &Limits, time: Duration) -> io::Result<frame::Frame> {
        let head = serde_json::to_vec(&Request { task, limits, cpu_seconds: time.as_secs() + 1 })?;
        frame::send(&mut self.channel, &head, bytes).await?;
        frame::receive(&mut self.channel, answer::CAPS).await
    }

    /// Ends it, and says what it died of.
    async fn ended(&mut self) -> Lost {
        let Some(process) = self.process.take() else { return Lost::Crashed { how: "nothing".to_owned() } };
        let status = self.keeper.end(process).await;
        Lost::of(status, &self.words())
    }

    /// What it has written to standard error since the last look; what is too much is dropped.
    fn words(&mut self) -> String {
        let mut words = vec![0; WORDS];
        let read = self.words.read(&mut words).unwrap_or_default();
        words.truncate(read);
        while self.words.read(&mut [0; WORDS]).is_ok_and(|more| more > 0) {}
        String::from_utf8_lossy(&words).into_owned()
    }

    fn is_worn(&self) -> bool {
        let grown = self.resident().zip(self.resident).is_some_and(|(now, start)| now > start + GROWTH);
        self.photos >= PHOTOS || grown
    }

    /// Its resident memory, in bytes.
    fn resident(&self) -> Option<u64> {
        let id = self.process.as_ref()?.id();
        let pages = std::fs::read_to_string(format!("/proc/{id}/statm")).ok()?;
        let pages: u64 = pages.split(' ').nth(1)?.parse().ok()?;
        Some(pages * rustix::param::page_size() as u64)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            self.keeper.end_soon(process);
        }
    }
}
