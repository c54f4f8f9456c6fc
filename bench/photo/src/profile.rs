//! Darkroom's pipeline again and again in one process: for `perf record` and the like.

use std::fs;
use std::path::Path;

use anyhow::ensure;
use darkroom_media::Photo;

use crate::serve;
use crate::usage::{Meter, memory};

/// Makes one photo `iterations` times after a first one that doesn't count, and says what each cost.
pub(crate) fn run(input: &Path, iterations: usize) -> anyhow::Result<()> {
    ensure!(iterations > 0, "--iterations 0 measures nothing");
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
