//! WebP beside JPEG: bytes, and nearness to the original, of the same renditions.
//!
//! Of every photograph the whole and its four quarters, so that sky, leaves and faces count apart. Each is written as a
//! phone writes it (as the other inputs are), goes through both pipelines, and both results are held against the same
//! reference.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use darkroom_media::{Limits, Rendition, Size};
use serde::Serialize;

use crate::input::QUALITY;
use crate::measure::{Judged, References};
use crate::picture::Picture;
use crate::usage::Meter;
use crate::{drawn, serve};

/// Photographs below that are no photographs of today.
const LEAST_PIXELS: usize = 500_000;

/// One rendition in both formats.
#[derive(Debug, Serialize)]
pub(crate) struct Pair {
    picture: String,
    jpeg: Judged,
    webp: Judged,
}

/// All of them, and what the WebP took.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    pairs: Vec<Pair>,
    /// CPU seconds a photo: decoding, scaling, and encoding three renditions.
    jpeg_cpu: f64,
    webp_cpu: f64,
}

/// Compares over the photographs of `DARKROOM_CORPUS`, or over a drawn one.
pub(crate) fn compare() -> anyhow::Result<Comparison> {
    let mut pairs = Vec::new();
    let (mut cpu, mut photos) = ((0.0, 0.0), 0.0);
    for (name, whole) in photographs()? {
        for (part, picture) in parts(whole) {
            eprintln!("{name}, {part} …");
            let original = picture.encode(QUALITY)?;
            let meter = Meter::start()?;
            let photo = serve::process(&original)?;
            let (jpeg_cpu, _) = meter.read()?;
            let meter = Meter::start()?;
            let webp = encode_webp(&original)?;
            cpu = (cpu.0 + jpeg_cpu, cpu.1 + meter.read()?.0);
            photos += 1.0;
            let mut references = References::new(&picture);
            for (jpeg, webp) in photo.renditions.iter().zip(&webp) {
                let decoded = [Picture::decode(&jpeg.bytes)?, Picture::decode_webp(&webp.bytes)?];
                let [jpeg, webp] = [(jpeg, &decoded[0]), (webp, &decoded[1])]
                    .map(|(made, picture)| references.judge(made.size, picture, made.bytes.len()));
                pairs.push(Pair { picture: format!("{name}, {part}"), jpeg: jpeg?, webp: webp? });
            }
        }
    }
    Ok(Comparison { pairs, jpeg_cpu: cpu.0 / photos, webp_cpu: cpu.1 / photos })
}

fn encode_webp(bytes: &[u8]) -> anyhow::Result<Vec<Rendition>> {
    match darkroom_media::encode_webp(bytes, &Limits::default()) {
        Ok(renditions) => Ok(renditions),
        Err(failure) => bail!("darkroom refuses the input: {failure:?}"),
    }
}

fn photographs() -> anyhow::Result<Vec<(String, Picture)>> {
    let Some(corpus) = std::env::var_os("DARKROOM_CORPUS") else {
        eprintln!("DARKROOM_CORPUS is not set: the picture is drawn");
        return Ok(vec![("drawn".to_owned(), drawn::photograph(4032, 3024))]);
    };
    let folder = Path::new(&corpus).join("photos");
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("no folder {}", folder.display()))? {
        files.push(entry?.path());
    }
    files.sort();
    let mut photographs = Vec::new();
    for path in files {
        let Ok(picture) = Picture::decode(&fs::read(&path)?) else { continue };
        if picture.width * picture.height >= LEAST_PIXELS {
            photographs.push((path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), picture));
        }
    }
    ensure!(!photographs.is_empty(), "no photograph in {}", folder.display());
    Ok(photographs)
}

/// A picture, and its quarters if they are larger than LARGE.
fn parts(whole: Picture) -> Vec<(&'static str, Picture)> {
    let (width, height) = (whole.width / 2, whole.height / 2);
    let corners =
        [("top left", 0, 0), ("top right", width, 0), ("bottom left", 0, height), ("bottom right", width, height)];
    let mut parts = Vec::new();
    if width.max(height) > Size::Large.edge() as usize {
        parts.extend(corners.map(|(name, x, y)| (name, whole.part(x, y, width, height))));
    }
    parts.insert(0, ("whole", whole));
    parts
}

impl Comparison {
    /// A table: means for each size, and the worst.
    pub(crate) fn table(&self) -> String {
        let mut table = String::from(
            "| size | pictures | JPEG | WebP | WebP ÷ JPEG | SSIM, JPEG | SSIM, WebP | worst difference | SSIMULACRA 2, JPEG | WebP | worst difference |\n\
             |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
        );
        for size in Size::all().map(serve::name) {
            let pairs: Vec<&Pair> = self.pairs.iter().filter(|pair| pair.jpeg.size == size).collect();
            let count = pairs.len() as f64;
            let mean = |value: &dyn Fn(&Pair) -> f64| pairs.iter().map(|pair| value(pair)).sum::<f64>() / count;
            let worst = |value: &dyn Fn(&Judged) -> f64| {
                pairs.iter().map(|pair| value(&pair.webp) - value(&pair.jpeg)).fold(f64::INFINITY, f64::min)
            };
            let [jpeg, webp] = [mean(&|pair| pair.jpeg.bytes as f64), mean(&|pair| pair.webp.bytes as f64)];
            table += &format!(
                "| {size} | {} | {:.1} KB | {:.1} KB | {:.3} | {:.4} | {:.4} | {:+.4} | {:.1} | {:.1} | {:+.1} |\n",
                pairs.len(),
                jpeg / 1000.0,
                webp / 1000.0,
                webp / jpeg,
                mean(&|pair| pair.jpeg.ssim),
                mean(&|pair| pair.webp.ssim),
                worst(&|judged| judged.ssim),
                mean(&|pair| pair.jpeg.ssimulacra2),
                mean(&|pair| pair.webp.ssimulacra2),
                worst(&|judged| judged.ssimulacra2),
            );
        }
        table += &format!("\nCPU a photo: JPEG {:.1} ms, WebP {:.1} ms\n", self.jpeg_cpu * 1e3, self.webp_cpu * 1e3);
        table
    }
}
