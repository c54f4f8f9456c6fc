//! Darkroom's pipeline again and again in one process: for `perf record` and the like.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use anyhow::ensure;
use darkroom_media::Photo;

use crate::usage::{Meter, memory};
use crate::{program, serve};

/// Makes one photo `iterations` times after a first one that doesn't count, and says what each cost.
pub(crate) fn run(input: &Path, iterations: usize) -> anyhow::Result<()> {
    ensure!(iterations > 0, "--iterations 0 measures nothing");
    let (name, value) = program::allocator_setting();
    if env::var_os(name).is_none() {
        // The allocator reads it once, when a process starts.
        let error = Command::new(env::current_exe()?).args(env::args_os().skip(1)).env(name, value).exec();
        return Err(error.into());
    }
    let bytes = fs::read(input)?;
    let before = memory(std::process::id())?;
    let mut photo: Photo = serve::process(&bytes)?;
    let meter = Meter::start()?;
    for _ in 0..iterations {
        photo = serve::process(&bytes)?;
    }
    let (cpu, wall) = meter.read()?;
    let each = 1e3 / iterations as f64;
    println!("{} × {}: {:.2} ms CPU, {:.2} ms a photo", photo.width, photo.height, cpu * each, wall * each);
    let peak = memory(std::process::id())?.peak;
    println!(
        "memory: {:.1} MiB before, without the original {:.1} MiB more at the peak",
        before.resident,
        peak - before.resident
    );
    for rendition in &photo.renditions {
        let name = serve::name(rendition.size);
        println!("{name}: {} × {}, {} bytes", rendition.width, rendition.height, rendition.bytes.len());
    }
    Ok(())
}
