//! The real programs, as processes of their own.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::time::Instant;

use crate::stores::{Stores, World};

/// How long a program may take to begin to serve, or to end after SIGTERM.
const PATIENCE: Duration = Duration::from_secs(40);

/// Pause between two looks at it.
const PAUSE: Duration = Duration::from_millis(20);

/// The programs that are measured, by package.
const PACKAGES: [&str; 3] = ["darkroom", "darkroom-api", "darkroom-worker"];

/// A running program. Dropped, it is killed.
pub(crate) struct Program {
    /// What it is called.
    pub(crate) name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts one with these variables and no other settings, on this core alone if one is given.
    pub(crate) fn start(
        name: &'static str,
        file: &Path,
        arguments: &[String],
        variables: &[(String, String)],
        folder: &Path,
        core: Option<usize>,
    ) -> anyhow::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let output = File::create(&log)?;
        let child = on_core(file, core)
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("{} was not started", file.display()))?;
        Ok(Self { name, child, log })
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it listens.
    pub(crate) async fn listens(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        self.wait(|_| std::net::TcpStream::connect(address).is_ok()).await
    }

    /// Waits until its log holds a word.
    pub(crate) async fn says(&mut self, word: &str) -> anyhow::Result<()> {
        self.wait(|log| fs::read_to_string(log).is_ok_and(|text| text.contains(word))).await
    }

    async fn wait(&mut self, condition: impl Fn(&Path) -> bool) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !condition(&self.log) {
            if self.child.try_wait()?.is_some() || Instant::now() > deadline {
                bail!("{} does not serve: {}", self.name, fs::read_to_string(&self.log).unwrap_or_default());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Ends one that knows no signals: what it holds are sockets.
    pub(crate) fn end(self) {
        drop(self);
    }

    /// Asks it to end, by its process id, and waits until it has.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let asked = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status()?;
        ensure!(asked.success(), "{} ended before it was asked to", self.name);
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() {
            ensure!(Instant::now() < deadline, "{} does not end", self.name);
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Everything that runs for one world: the API first, then a worker if it is a process of its own.
pub(crate) struct Deployment {
    /// The processes.
    pub(crate) programs: Vec<Program>,
}

impl Deployment {
    /// Starts what the world's kind of stores asks for and waits until it serves. The tables must be there.
    pub(crate) async fn start(world: &World) -> anyhow::Result<Self> {
        Self::start_on(world, [None, None]).await
    }

    /// The same, the server that answers on the first core and the worker on the second: each begins there, so that it starts as many
    /// threads as it has use for.
    pub(crate) async fn start_apart(world: &World) -> anyhow::Result<Self> {
        Self::start_on(world, [Some(0), Some(1)]).await
    }

    async fn start_on(world: &World, cores: [Option<usize>; 2]) -> anyhow::Result<Self> {
        let front = if world.stores == Stores::Embedded { "darkroom" } else { "darkroom-api" };
        let start = |name, core| Program::start(name, &beside(name)?, &[], &world.variables, world.folder(), core);
        let mut programs = vec![start(front, cores[0])?];
        programs[0].listens(world.address).await?;
        if world.stores == Stores::Clustered {
            let mut worker = start("darkroom-worker", cores[1])?;
            worker.says("darkroom-worker started").await?;
            programs.push(worker);
        }
        Ok(Self { programs })
    }

    /// The process ids, in order.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.programs.iter().map(Program::pid).collect()
    }

    /// Ends them in order.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        for program in self.programs {
            program.stop().await?;
        }
        Ok(())
    }
}

/// A command that runs a program on this core alone, if one is given and there are several.
fn on_core(file: &Path, core: Option<usize>) -> Command {
    match core {
        Some(core) if cores() > 1 => {
            // It becomes the program, and keeps its process id.
            let mut command = Command::new("taskset");
            command.args(["-c", &core.to_string()]).arg(file);
            command
        }
        _ => Command::new(file),
    }
}

/// A program that was built into the same folder as this one.
pub(crate) fn beside(name: &str) -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(name))
}

/// Builds the programs in this program's profile, by cargo, so that what is measured is the code as it stands.
pub(crate) fn build() -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--bins", "--profile", &profile()?]);
    for package in PACKAGES {
        command.args(["--package", package]);
    }
    ensure!(command.status()?.success(), "the programs were not built");
    Ok(())
}

/// This program's profile, after which cargo names the folder that it lies in.
pub(crate) fn profile() -> anyhow::Result<String> {
    let program = std::env::current_exe()?;
    let folder = program.parent().and_then(Path::file_name).context("the program lies in no folder")?;
    Ok(match folder.to_string_lossy().as_ref() {
        "debug" => "dev".to_owned(),
        other => other.to_owned(),
    })
}

/// Cores of this machine, as they were before anything was kept on one of them.
fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, NonZero::get))
}

/// Keeps all threads of a process, and those that they start, on one core; so it does with processes that it starts.
///
/// A core that is not there is no error: then there is nothing to keep apart.
pub(crate) fn pin(pid: u32, core: usize) -> anyhow::Result<()> {
    if cores() > 1 { keep_on(pid, &core.to_string()) } else { Ok(()) }
}

/// Lets a process run everywhere again.
pub(crate) fn unpin(pid: u32) -> anyhow::Result<()> {
    keep_on(pid, &format!("0-{}", cores() - 1))
}

fn keep_on(pid: u32, cores: &str) -> anyhow::Result<()> {
    let kept = Command::new("taskset").args(["-a", "-c", "-p", cores, &pid.to_string()]).output()?;
    ensure!(kept.status.success(), "process {pid} is not kept on {cores}: {}", String::from_utf8_lossy(&kept.stderr));
    Ok(())
}
