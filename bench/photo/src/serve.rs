//! The other end of [`crate::peer`]: programs that run inside a process of this very binary.
//!
//! The protocol, which the programs in `peer/` speak too: a line `{"ready":true}` once the libraries are loaded and
//! before the input is read; then to `run N` (make the renditions N times) and `write` (put the last ones into the
//! folder as `large.jpg`, `medium.jpg`, `thumbnail.jpg`) a line `{"cpu":…,"wall":…}` each, in seconds. Who measures its
//! own memory adds `idle` to the first line and `peak` to the others, MiB. The end of the input is the end.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use anyhow::{Context, bail, ensure};
use darkroom_media::{Limits, Photo, Size};
use serde_json::json;

use crate::peer::{Answer, Greeting};
use crate::usage::{Meter, children_peak};

/// A rendition's name in files and tables.
pub(crate) fn name(size: Size) -> &'static str {
    match size {
        Size::Large => "large",
        Size::Medium => "medium",
        Size::Thumbnail => "thumbnail",
    }
}

/// Darkroom's pipeline, on this one thread.
pub(crate) fn darkroom(input: &Path, folder: &Path) -> anyhow::Result<()> {
    let mut original: Option<Vec<u8>> = None;
    let mut photo: Option<Photo> = None;
    answer(Greeting { ready: true, idle: None }, |command| match command {
        Request::Run(count) => {
            let bytes = match original.take() {
                Some(bytes) => bytes,
                None => fs::read(input)?,
            };
            let meter = Meter::start()?;
            for _ in 0..count {
                photo = Some(process(&bytes)?);
            }
            let (cpu, wall) = meter.read()?;
            original = Some(bytes);
            Ok(Answer { cpu, wall, peak: None })
        }
        Request::Write => {
            for rendition in photo.iter().flat_map(|photo| &photo.renditions) {
                fs::write(folder.join(format!("{}.jpg", name(rendition.size))), &rendition.bytes)?;
            }
            Ok(Answer::default())
        }
    })
}

/// One photo through the product's pipeline.
pub(crate) fn process(bytes: &[u8]) -> anyhow::Result<Photo> {
    match darkroom_media::process(bytes, &Limits::default()) {
        Ok(photo) => Ok(photo),
        Err(failure) => bail!("darkroom refuses the input: {failure:?}"),
    }
}

/// ImageMagick, a process a photo: 1080 from the original, the others from it; from file to files.
pub(crate) fn magick(program: &Path, input: &Path, folder: &Path) -> anyhow::Result<()> {
    ensure!(
        Command::new(program).arg("-version").stdout(Stdio::null()).status()?.success(),
        "ImageMagick does not run"
    );
    let idle = children_peak()?;
    let path = |name: &str| folder.join(name);
    let arguments: Vec<PathBuf> = vec![
        "-limit".into(),
        "thread".into(),
        "1".into(),
        // As small as the decoder can give it at 1.8 × the size that is wanted, or more.
        "-define".into(),
        "jpeg:size=1944x1944".into(),
        input.into(),
        "-strip".into(),
        "-quality".into(),
        "80".into(),
        "-sampling-factor".into(),
        "4:2:0".into(),
        "-resize".into(),
        "1080x1080>".into(),
        "-write".into(),
        path("large.jpg"),
        "-resize".into(),
        "640x640>".into(),
        "-write".into(),
        path("medium.jpg"),
        "-resize".into(),
        "150x150^".into(),
        "-gravity".into(),
        "center".into(),
        "-extent".into(),
        "150x150".into(),
        path("thumbnail.jpg"),
    ];
    answer(Greeting { ready: true, idle: Some(idle) }, |command| match command {
        Request::Run(count) => {
            let meter = Meter::start()?;
            for _ in 0..count {
                ensure!(Command::new(program).args(&arguments).status()?.success(), "ImageMagick failed");
            }
            let (cpu, wall) = meter.read()?;
            Ok(Answer { cpu, wall, peak: Some(children_peak()?) })
        }
        Request::Write => Ok(Answer { peak: Some(children_peak()?), ..Answer::default() }),
    })
}

enum Request {
    Run(usize),
    Write,
}

/// Greets, then answers every line of standard input.
fn answer(greeting: Greeting, mut serve: impl FnMut(Request) -> anyhow::Result<Answer>) -> anyhow::Result<()> {
    say(&json!(greeting))?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let request = match line.split_once(' ') {
            Some(("run", count)) => Request::Run(count.parse().context("run how often?")?),
            None if line == "write" => Request::Write,
            _ => bail!("a request that nobody knows: {line}"),
        };
        say(&json!(serve(request)?))?;
    }
    Ok(())
}

fn say(line: &serde_json::Value) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()?;
    Ok(())
}
