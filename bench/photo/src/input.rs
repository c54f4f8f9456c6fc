//! The photos that every program gets: 12 and 24 megapixels and 2,400 pixels wide, as JPEG 4:2:0 without metadata.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use crate::drawn;
use crate::picture::Picture;
use crate::reference;

/// 4:3 throughout, so that the square in the middle begins at a whole pixel of every program's 200 × 150.
const TWELVE: (usize, usize) = (4032, 3024);
const TWENTY_FOUR: (usize, usize) = (5712, 4284);
const MID: (usize, usize) = (2400, 1800);

/// A phone's.
const QUALITY: u8 = 92;

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
    /// The corpus' photograph of exactly 4032 × 3024 pixels, if `DARKROOM_CORPUS` is set and has one.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let Some(corpus) = std::env::var_os("DARKROOM_CORPUS") else { return Ok(Source::Drawn) };
        let folder = Path::new(&corpus).join("photos");
        let mut paths = Vec::new();
        for entry in fs::read_dir(&folder).with_context(|| format!("no folder {}", folder.display()))? {
            paths.push(entry?.path());
        }
        paths.sort();
        for path in paths {
            if Picture::decode(&fs::read(&path)?).is_ok_and(|picture| (picture.width, picture.height) == TWELVE) {
                return Ok(Source::Photograph(path));
            }
        }
        Ok(Source::Drawn)
    }

    /// In a few words.
    pub(crate) fn describe(&self) -> String {
        match self {
            Source::Photograph(path) => {
                format!("photograph {}", path.file_name().unwrap_or_default().to_string_lossy())
            }
            Source::Drawn => "drawn (DARKROOM_CORPUS is not set or has no photograph of 4032 × 3024)".to_owned(),
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

/// The three inputs, made below `folder` unless they lie there already. `wanted` chooses by name.
pub(crate) fn make(source: &Source, folder: &Path, wanted: &[String]) -> anyhow::Result<Vec<Input>> {
    fs::create_dir_all(folder)?;
    let mut original: Option<Picture> = None;
    let mut inputs = Vec::new();
    for (name, (width, height)) in [("12 MP", TWELVE), ("24 MP", TWENTY_FOUR), ("2400 px", MID)] {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| name.starts_with(wanted.as_str())) {
            continue;
        }
        let path = folder.join(format!("{}-{width}x{height}.jpg", source.stem()));
        if !path.exists() {
            eprintln!("making {} …", path.display());
            let picture = match &original {
                Some(picture) => picture,
                None => original.insert(source.picture()?),
            };
            // 24 megapixels go on beyond the edge and keep the detail of each pixel; a picture of 2,400 pixels was
            // scaled down by somebody, and is as sharp as such a size can be.
            let picture = match name {
                "2400 px" => reference::whole(picture, width, height).rounded(),
                _ => picture.mirrored(width, height),
            };
            fs::write(&path, picture.encode(QUALITY)?)?;
        }
        inputs.push(open(name.to_owned(), path)?);
    }
    ensure!(!inputs.is_empty(), "no input has such a name");
    Ok(inputs)
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
    fn squares_begin_at_whole_pixels() {
        for (width, height) in [TWELVE, TWENTY_FOUR, MID] {
            let across = 150 * width / height;
            assert_eq!((across * height, (across - 150) % 2), (150 * width, 0), "{width} × {height}");
        }
    }
}
