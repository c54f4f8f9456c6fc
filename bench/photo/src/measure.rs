//! One input through every program, turn by turn.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use darkroom_media::Size;
use serde::Serialize;

use crate::input::Input;
use crate::peer::Peer;
use crate::picture::{Exact, Picture};
use crate::program::{Contender, Place, Program};
use crate::{floor, quality, reference, serve};

/// How much is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Rounds over all programs, after a first one that doesn't count.
    pub(crate) rounds: usize,
    /// Photos a program makes in each round.
    pub(crate) photos: usize,
}

/// What one program needed for one input.
#[derive(Debug, Serialize)]
pub(crate) struct Measurement {
    pub(crate) program: Program,
    /// Threads a pipeline might use; `None` is the program's own choice.
    pub(crate) threads: Option<usize>,
    /// CPU seconds a photo in each round.
    pub(crate) cpu: Vec<f64>,
    /// Seconds a photo in each round.
    pub(crate) wall: Vec<f64>,
    /// The medians of both.
    pub(crate) median_cpu: f64,
    pub(crate) median_wall: f64,
    /// Memory with the libraries loaded, MiB.
    pub(crate) idle: f64,
    /// The most over it, MiB; the original's bytes are in it.
    pub(crate) over_idle: f64,
    /// Large, medium and thumbnail.
    pub(crate) renditions: Vec<Judged>,
}

/// A rendition beside its reference.
#[derive(Debug, Serialize)]
pub(crate) struct Judged {
    pub(crate) size: &'static str,
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) bytes: usize,
    pub(crate) ssim: f64,
    pub(crate) ssimulacra2: f64,
}

impl Measurement {
    /// What a contender's rounds and its renditions come to; memory is idle, and the most over it.
    pub(crate) fn new(
        contender: Contender,
        cpu: Vec<f64>,
        wall: Vec<f64>,
        (idle, over_idle): (f64, f64),
        renditions: Vec<Judged>,
    ) -> Self {
        let Contender { program, threads } = contender;
        let (median_cpu, median_wall) = (median(cpu.clone()), median(wall.clone()));
        Self { program, threads, cpu, wall, median_cpu, median_wall, idle, over_idle, renditions }
    }

    /// This program's CPU ÷ another's: the median over the rounds, in each of which both ran.
    pub(crate) fn ratio(&self, other: &Measurement) -> f64 {
        median(self.cpu.iter().zip(&other.cpu).map(|(own, other)| own / other).collect())
    }
}

/// A contender between rounds.
struct Running {
    contender: Contender,
    peer: Peer,
    /// Where it leaves its renditions.
    folder: PathBuf,
    /// CPU seconds, and seconds, a photo in each round so far.
    cpu: Vec<f64>,
    wall: Vec<f64>,
}

/// Measures the programs on one input. Of a program's contenders the cheapest is left.
pub(crate) fn measure(
    input: &Input,
    programs: &[Program],
    peers: &Path,
    scratch: &Path,
    effort: Effort,
) -> anyhow::Result<Vec<Measurement>> {
    let mut references = References::new(&input.picture);
    let mut running = Vec::new();
    for contender in programs.iter().flat_map(|program| program.contenders()) {
        let title = contender.program.title();
        let folder = scratch.join(format!("{:?}-{}", contender.program, contender.threads.unwrap_or(0)).to_lowercase());
        fs::create_dir_all(&folder)?;
        if contender.program == Program::Floor {
            floor::prepare(&mut references, &folder)?;
        }
        let place = Place { peers, input: &input.path, folder: &folder };
        let mut peer = Peer::start(contender.command(&place)?).with_context(|| format!("{title} does not start"))?;
        peer.run(1).with_context(|| format!("{title} fails"))?;
        running.push(Running { contender, peer, folder, cpu: Vec::new(), wall: Vec::new() });
    }
    for _ in 0..effort.rounds {
        for Running { contender, peer, cpu, wall, .. } in &mut running {
            let answer = peer.run(effort.photos).with_context(|| format!("{} fails", contender.program.title()))?;
            cpu.push(answer.cpu / effort.photos as f64);
            wall.push(answer.wall / effort.photos as f64);
        }
    }
    let mut measurements: Vec<Measurement> = Vec::new();
    for Running { contender, mut peer, folder, cpu, wall } in running {
        peer.write()?;
        let renditions = judge(&folder, &mut references).with_context(|| contender.program.title())?;
        measurements.push(Measurement::new(contender, cpu, wall, peer.memory()?, renditions));
    }
    measurements.sort_by(|a, b| a.program.cmp(&b.program).then(a.median_cpu.total_cmp(&b.median_cpu)));
    measurements.dedup_by_key(|measurement| measurement.program);
    Ok(measurements)
}

/// Reads what a program has left in its folder.
fn judge(folder: &Path, references: &mut References<'_>) -> anyhow::Result<Vec<Judged>> {
    let mut judged = Vec::new();
    for size in [Size::Large, Size::Medium, Size::Thumbnail] {
        let name = serve::name(size);
        let bytes = fs::read(folder.join(format!("{name}.jpg"))).with_context(|| format!("no rendition {name}"))?;
        judged.push(references.judge(size, &Picture::decode(&bytes)?, bytes.len())?);
    }
    Ok(judged)
}

/// The references of one input, each made once.
pub(crate) struct References<'a> {
    original: &'a Picture,
    made: BTreeMap<(bool, usize, usize), Exact>,
}

impl<'a> References<'a> {
    pub(crate) fn new(original: &'a Picture) -> Self {
        Self { original, made: BTreeMap::new() }
    }

    /// The reference of a rendition of this size in pixels.
    pub(crate) fn of(&mut self, size: Size, width: usize, height: usize) -> &Exact {
        let square = size == Size::Thumbnail;
        let original = self.original;
        self.made.entry((square, width, height)).or_insert_with(|| {
            if square { reference::middle(original, width) } else { reference::whole(original, width, height) }
        })
    }

    /// The reference of a rendition in the size that Darkroom gives it.
    pub(crate) fn standard(&mut self, size: Size) -> anyhow::Result<&Exact> {
        let (width, height) = size.of(u32::try_from(self.original.width)?, u32::try_from(self.original.height)?);
        Ok(self.of(size, width as usize, height as usize))
    }

    /// How near a rendition is to it, whose file has so many bytes.
    pub(crate) fn judge(&mut self, size: Size, picture: &Picture, bytes: usize) -> anyhow::Result<Judged> {
        let (width, height) = (picture.width, picture.height);
        let reference = self.of(size, width, height);
        Ok(Judged {
            size: serve::name(size),
            width,
            height,
            bytes,
            ssim: quality::ssim(reference, picture)?,
            ssimulacra2: quality::ssimulacra2(reference, picture)?,
        })
    }
}

/// The middle one, or the mean of the two in the middle. 0 of nothing.
fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    match samples.len() {
        0 => 0.0,
        count if count % 2 == 1 => samples[count / 2],
        count => (samples[count / 2 - 1] + samples[count / 2]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_ratios() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        let contender = Contender { program: Program::Darkroom, threads: None };
        let with = |cpu: &[f64]| Measurement::new(contender, cpu.to_vec(), Vec::new(), (0.0, 0.0), Vec::new());
        // The machine was twice as slow in the second round, for both.
        assert_eq!(with(&[1.0, 2.0, 1.1]).ratio(&with(&[4.0, 8.0, 4.0])), 0.25);
    }
}
