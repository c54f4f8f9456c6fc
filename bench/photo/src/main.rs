//! `darkroom-bench-photo`: what a photo costs, beside sharp, pyvips, ImageMagick and a floor, in one interleaved run.
//!
//! ```text
//!   bench/photo/setup                                    install the others, once
//!   darkroom-bench-photo                                 12 MP, 24 MP and 2,400 px, about three minutes
//!   darkroom-bench-photo --only darkroom,sharp3          some programs only
//!   darkroom-bench-photo --webp                          WebP beside JPEG, bytes and quality
//!   darkroom-bench-photo --only darkroom --input FILE --iterations 50        a loop to profile, nothing beside it
//! ```
//!
//! Progress goes to standard error, tables to standard output; the same as JSON and as a plot below
//! `target/bench-photo`. How to read the figures: `docs/performance.md`.

mod bound;
mod drawn;
mod floor;
mod input;
mod measure;
mod peer;
mod picture;
mod plot;
mod profile;
mod program;
mod quality;
mod reference;
mod report;
mod serve;
mod usage;
mod webp;

use std::fs;
use std::path::PathBuf;

use anyhow::ensure;
use clap::{Parser, Subcommand};

use input::Source;
use measure::Effort;
use program::Program;
use report::{Report, Section};

/// Measures the photo pipeline beside other programs.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// These programs only, with commas between.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Program>,
    /// These inputs only: 12, 24, 2400, with commas between.
    #[arg(long, value_delimiter = ',')]
    size: Vec<String>,
    /// Makes them of the photograph in DARKROOM_CORPUS that has this in its name; without it, of the most detailed.
    #[arg(long, value_name = "PART", conflicts_with = "input")]
    photo: Option<String>,
    /// A JPEG of your own instead.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Rounds over all programs.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Photos a program makes in each round.
    #[arg(long, default_value_t = 3)]
    photos: usize,
    /// Only run Darkroom's pipeline this often in this process, to be profiled.
    #[arg(long, value_name = "N", requires = "input")]
    iterations: Option<usize>,
    /// Only compare Darkroom's WebP with its JPEG, in bytes and nearness to the original.
    #[arg(long, conflicts_with_all = ["only", "size", "photo", "input"])]
    webp: bool,
    /// Where the plot goes [default: photo.svg in the folder].
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Where everything that is made goes.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/bench-photo"))]
    folder: PathBuf,
    #[command(subcommand)]
    serve: Option<Serve>,
}

#[derive(Debug, Subcommand)]
enum Serve {
    /// Runs as a program under measurement.
    #[command(hide = true, subcommand)]
    Serve(Served),
}

#[derive(Debug, Subcommand)]
enum Served {
    /// Darkroom's pipeline.
    Darkroom { input: PathBuf, folder: PathBuf },
    /// ImageMagick's.
    Magick { input: PathBuf, folder: PathBuf, program: PathBuf },
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match &arguments.serve {
        Some(Serve::Serve(Served::Darkroom { input, folder })) => return serve::darkroom(input, folder),
        Some(Serve::Serve(Served::Magick { input, folder, program })) => return serve::magick(program, input, folder),
        None => {}
    }
    if let (Some(iterations), Some(input)) = (arguments.iterations, &arguments.input) {
        ensure!(matches!(arguments.only[..], [] | [Program::Darkroom]), "--iterations runs Darkroom alone");
        return profile::run(input, iterations);
    }
    if arguments.webp {
        let comparison = webp::compare()?;
        println!("{}", comparison.table());
        let path = arguments.folder.join("webp.json");
        fs::create_dir_all(&arguments.folder)?;
        fs::write(&path, serde_json::to_string_pretty(&comparison)?)?;
        eprintln!("as JSON: {}", path.display());
        return Ok(());
    }
    let report = measure(&arguments)?;
    println!("{}", report.tables());
    let path = arguments.folder.join("report.json");
    fs::write(&path, serde_json::to_string_pretty(&report)?)?;
    eprintln!("as JSON: {}", path.display());
    let path = arguments.plot.clone().unwrap_or_else(|| arguments.folder.join("photo.svg"));
    fs::write(&path, plot::draw(&report))?;
    eprintln!("as a plot: {}", path.display());
    Ok(())
}

fn measure(arguments: &Arguments) -> anyhow::Result<Report> {
    let peers = program::peers();
    let mut programs = Vec::new();
    for program in Program::ALL {
        if !arguments.only.is_empty() && !arguments.only.contains(&program) {
            continue;
        }
        if program.is_there(&peers) {
            programs.push(program);
        } else {
            eprintln!("without {}: bench/photo/setup installs it into {}", program.title(), peers.display());
        }
    }
    let effort = Effort { rounds: arguments.rounds.max(1), photos: arguments.photos.max(1) };
    let mut setting = report::machine();
    let inputs = match &arguments.input {
        Some(path) => vec![input::open(path.to_string_lossy().into_owned(), path.clone())?],
        None => {
            let source = Source::find(arguments.photo.as_deref())?;
            setting.push(("inputs made of", source.describe()));
            input::make(&source, &arguments.folder.join("inputs"), &arguments.size)?
        }
    };
    setting.push(("rounds × photos", format!("{} × {}", effort.rounds, effort.photos)));
    let mut sections = Vec::new();
    for (at, input) in inputs.iter().enumerate() {
        eprintln!("{} …", input.name);
        let scratch = arguments.folder.join("renditions").join(at.to_string());
        let measurements = measure::measure(input, &programs, &peers, &scratch, effort)?;
        let size = (input.picture.width, input.picture.height);
        sections.push(Section::new(input.name.clone(), size, input.bytes, measurements));
    }
    Ok(Report { setting, inputs: sections })
}
