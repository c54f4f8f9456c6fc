//! The programs that are measured, and how each is started.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;
use serde::Serialize;

/// A program, or a way to use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Program {
    /// `darkroom_media::process` on one thread.
    Darkroom,
    /// sharp, three pipelines from the original.
    Sharp3,
    /// sharp, one decode to 1080 and the others from its raw pixels.
    Sharp1,
    /// pyvips, three thumbnails from the original.
    Pyvips,
    /// ImageMagick, one process a photo.
    Magick,
    /// libjpeg-turbo: one decode and three encodes, nothing between.
    Floor,
}

/// A program with a number of threads; of several with the same program the cheapest counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contender {
    pub(crate) program: Program,
    /// Threads a pipeline may use; `None` is the program's own choice.
    pub(crate) threads: Option<usize>,
}

/// Where a contender finds its input and leaves its output.
pub(crate) struct Place<'a> {
    /// The folder that `bench/photo/setup` fills.
    pub(crate) peers: &'a Path,
    /// The original.
    pub(crate) input: &'a Path,
    /// For the renditions.
    pub(crate) folder: &'a Path,
}

impl Program {
    /// Every program, in the order of tables.
    pub(crate) const ALL: [Program; 6] =
        [Program::Darkroom, Program::Sharp3, Program::Sharp1, Program::Pyvips, Program::Magick, Program::Floor];

    /// Its name in tables and pictures.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Program::Darkroom => "Darkroom",
            Program::Sharp3 => "sharp, three pipelines",
            Program::Sharp1 => "sharp, one decode",
            Program::Pyvips => "pyvips",
            Program::Magick => "ImageMagick",
            Program::Floor => "floor: libjpeg-turbo",
        }
    }

    /// The ways to run it that are tried.
    pub(crate) fn contenders(self) -> Vec<Contender> {
        let threads: &[Option<usize>] = match self {
            Program::Sharp3 | Program::Sharp1 => &[Some(1), None],
            _ => &[Some(1)],
        };
        threads.iter().map(|threads| Contender { program: self, threads: *threads }).collect()
    }

    /// Whether what it needs is there.
    pub(crate) fn is_there(self, peers: &Path) -> bool {
        let needed = match self {
            Program::Darkroom => return true,
            Program::Sharp3 | Program::Sharp1 => "sharp/node_modules/sharp/package.json",
            Program::Pyvips => "pyvips/versions",
            Program::Magick => "magick",
            Program::Floor => "floor",
        };
        peers.join(needed).exists()
    }
}

impl Contender {
    /// The command that starts it as a peer.
    pub(crate) fn command(self, place: &Place<'_>) -> anyhow::Result<Command> {
        let Place { peers, input, folder } = place;
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("peer");
        let threads = self.threads.unwrap_or(0).to_string();
        let command = match self.program {
            Program::Darkroom => {
                let mut command = Command::new(env::current_exe()?);
                command.args(["serve", "darkroom"]).args([input, folder]);
                command
            }
            Program::Sharp3 | Program::Sharp1 => {
                let pipelines = if self.program == Program::Sharp3 { "three" } else { "single" };
                let mut command = Command::new("node");
                command.arg(scripts.join("sharp.mjs")).args([pipelines, &threads]).args([input, folder]);
                command.current_dir(peers.join("sharp"));
                command
            }
            Program::Pyvips => {
                let mut command = Command::new(peers.join("pyvips/bin/python"));
                command.arg(scripts.join("vips.py")).args([input, folder]).env("VIPS_CONCURRENCY", &threads);
                command
            }
            Program::Magick => {
                let mut command = Command::new(env::current_exe()?);
                command.args(["serve", "magick"]).args([input, folder]).arg(peers.join("magick"));
                command
            }
            Program::Floor => {
                let mut command = Command::new(peers.join("floor"));
                command.args([input, folder]);
                command
            }
        };
        Ok(command)
    }
}

/// Where the peers lie: `DARKROOM_BENCH_PEERS`, or below the workspace.
pub(crate) fn peers() -> PathBuf {
    env::var_os("DARKROOM_BENCH_PEERS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench-peers"), PathBuf::from)
}
