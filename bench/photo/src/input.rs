//! The photos that every program gets: 12 and 24 megapixels and 2,400 pixels wide, as JPEG 4:2:0 without metadata.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use crate::drawn;
use crate::picture::Picture;
use crate::reference;

/// 4:3 throughout, so that the square in the middle begins at a whole pixel of every program's 200 × 150.
const TWELVE: (usize, usize) = (4032, 3024);
const TWENTY_FOUR: (usize, usize) = (5712, 4284);
const MID: (usize, usize) = (2400, 1800);

/// A phone's.
pub(crate) const QUALITY: u8 = 92;

/// Smaller photographs are of another time.
const LEAST_PIXELS: usize = 6_000_000;

/// One photo.
pub(crate) struct Input {
    /// What it is called in tables.
    pub(crate) name: String,
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// Its pixels.
    pub(crate) picture: Picture,
    /// The size of its file.
    pub(crate) bytes: usize,
}

/// What the three are made of.
pub(crate) enum Source {
    /// A real photograph.
    Photograph(PathBuf),
    /// Numbers.
    Drawn,
}

impl Source {
    /// Of the photographs in `DARKROOM_CORPUS` that are as large as a phone's of today, the one with the most bytes a
    /// pixel: denoised and recompressed ones are easier than what people upload. `wanted` is a part of another one's
    /// name.
    pub(crate) fn find(wanted: Option<&str>) -> anyhow::Result<Self> {
        let Some(corpus) = std::env::var_os("DARKROOM_CORPUS") else {
            ensure!(wanted.is_none(), "DARKROOM_CORPUS is not set");
            return Ok(Source::Drawn);
        };
        let folder = Path::new(&corpus).join("photos");
        let mut best: Option<(f64, PathBuf)> = None;
        for entry in fs::read_dir(&folder).with_context(|| format!("no folder {}", folder.display()))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let file = fs::read(&path)?;
            let Ok((width, height)) = Picture::size(&file) else { continue };
            let (pixels, density) = (width * height, file.len() as f64 / (width * height) as f64);
            let fits = wanted.map_or(pixels >= LEAST_PIXELS, |wanted| name.contains(wanted));
            if fits && best.as_ref().is_none_or(|(most, _)| density > *most) {
                best = Some((density, path));
            }
        }
        match best {
            Some((_, path)) => Ok(Source::Photograph(path)),
            None if wanted.is_some() => bail!("no such photograph in {}", folder.display()),
            None => Ok(Source::Drawn),
        }
    }

    /// In a few words.
    pub(crate) fn describe(&self) -> String {
        match self {
            Source::Photograph(path) => {
                format!("photograph {}", path.file_name().unwrap_or_default().to_string_lossy())
            }
            Source::Drawn => "numbers: DARKROOM_CORPUS is not set, or has no large photograph".to_owned(),
        }
    }

    fn stem(&self) -> String {
        match self {
            Source::Photograph(path) => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            Source::Drawn => "drawn".to_owned(),
        }
    }

    fn picture(&self) -> anyhow::Result<Picture> {
        match self {
            Source::Photograph(path) => Picture::decode(&fs::read(path)?),
            Source::Drawn => Ok(drawn::photograph(TWELVE.0, TWELVE.1)),
        }
    }
}

/// The three inputs, made below `folder` unless they lie there already. `wanted` chooses by the numbers in
/// their names; all, if it is empty.
pub(crate) fn make(source: &Source, folder: &Path, wanted: &[String]) -> anyhow::Result<Vec<Input>> {
    fs::create_dir_all(folder)?;
    let mut original: Option<Picture> = None;
    let mut inputs = Vec::new();
    for (name, (width, height)) in [("12 MP", TWELVE), ("24 MP", TWENTY_FOUR), ("2400 px", MID)] {
        if !is_wanted(name, wanted) {
            continue;
        }
        let path = folder.join(format!("{}-{width}x{height}.jpg", source.stem()));
        if !path.exists() {
            eprintln!("making {} …", path.display());
            let picture = match &original {
                Some(picture) => picture,
                None => original.insert(source.picture()?),
            };
            // The large ones go on beyond the photograph's edge and so keep the detail of its pixels; one of 2,400
            // pixels was scaled down by somebody, and is as sharp as such a size can be.
            let picture = match name {
                "2400 px" => reference::whole(picture, width, height).rounded(),
                _ => picture.mirrored(width, height),
            };
            // By way of a second file: one that was interrupted must not be taken for done.
            let unfinished = path.with_extension("part");
            fs::write(&unfinished, picture.encode(QUALITY)?)?;
            fs::rename(&unfinished, &path)?;
        }
        inputs.push(open(name.to_owned(), path)?);
    }
    ensure!(!inputs.is_empty(), "no input has such a name");
    Ok(inputs)
}

fn is_wanted(name: &str, wanted: &[String]) -> bool {
    let number = name.split(' ').next().unwrap_or(name);
    wanted.is_empty() || wanted.iter().any(|wanted| wanted == number)
}

/// A photo of one's own.
pub(crate) fn open(name: String, path: PathBuf) -> anyhow::Result<Input> {
    let file = fs::read(&path).with_context(|| format!("{} can't be read", path.display()))?;
    let picture = Picture::decode(&file).with_context(|| format!("{}", path.display()))?;
    Ok(Input { name, path: fs::canonicalize(path)?, picture, bytes: file.len() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn inputs_are_chosen_by_their_whole_number() {
        assert!(is_wanted("24 MP", &["12".to_owned(), "24".to_owned()]) && is_wanted("24 MP", &[]));
        assert!(!is_wanted("2400 px", &["24".to_owned()]));
    }

    #[test]
    fn squares_begin_at_whole_pixels() {
        for (width, height) in [TWELVE, TWENTY_FOUR, MID] {
            let across = 150 * width / height;
            assert_eq!((across * height, (across - 150) % 2), (150 * width, 0), "{width} × {height}");
        }
    }
}
