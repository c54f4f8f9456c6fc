//! The parts of an upload: which there are, where each stands, and which have come.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use darkroom_entity::upload::{self, State};
use futures::TryStreamExt;

use super::link::PartLink;
use super::link_end;
use crate::app::App;
use crate::error::Result;

/// Where a part stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// From 1.
    pub(super) number: u32,
    /// Its first byte.
    pub(super) offset: u64,
    /// Its bytes: those of every part, or what is left for the last.
    pub(super) byte_size: u64,
}

/// A part, and where it is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// From 1.
    pub number: u32,
    /// Its first byte in the file.
    pub offset: u64,
    /// Its bytes.
    pub byte_size: u64,
    /// To be sent there by PUT, as often as need be: the last one counts.
    pub url: String,
    /// When that link ends.
    pub url_expires_at: DateTime<Utc>,
    /// Whether as many bytes are there.
    pub is_stored: bool,
}

/// The parts of an upload, in order, each with a fresh link: at most 320, by the settings. None once it is finished.
pub async fn parts(app: &App, row: &upload::Model) -> Result<Vec<Part>> {
    if row.state == State::Finished {
        return Ok(Vec::new());
    }
    let sizes = stored(app, row).await?;
    let url_expires_at = link_end(row, app.clock.now());
    let mut parts = Vec::new();
    for place in places(row) {
        let Place { number, offset, byte_size } = place;
        let is_stored = sizes.get(&key(row, number)) == Some(&byte_size);
        let url = url(app, row, place, url_expires_at).await?;
        parts.push(Part { number, offset, byte_size, url, url_expires_at, is_stored });
    }
    Ok(parts)
}

/// Where a part is to be sent: to the bucket, or to our own route.
async fn url(app: &App, row: &upload::Model, place: Place, expires_at: DateTime<Utc>) -> Result<String> {
    if app.config.media.direct_uploads {
        let life = (expires_at - app.clock.now()).to_std().unwrap_or_default();
        if let Some(url) = app.objects.presign_put(&key(row, place.number), life).await? {
            return Ok(url.into());
        }
    }
    let Place { number, byte_size, .. } = place;
    Ok(app.part_signer.url(&PartLink { upload_id: row.id, number, byte_size, expires_at }))
}

/// Numbers of the parts that are not there, or not with as many bytes as they should have.
pub(super) async fn lacking(app: &App, row: &upload::Model) -> Result<Vec<u32>> {
    let sizes = stored(app, row).await?;
    let lacks = |place: &Place| sizes.get(&key(row, place.number)) != Some(&place.byte_size);
    Ok(places(row).filter(lacks).map(|place| place.number).collect())
}

/// The bytes of every part that has come, by its key.
async fn stored(app: &App, row: &upload::Model) -> Result<HashMap<String, u64>> {
    Ok(app.objects.sizes(&format!("{}/", row.part_prefix)).try_collect().await?)
}

/// A part's object key.
pub(super) fn key(row: &upload::Model, number: u32) -> String {
    format!("{}/{number}", row.part_prefix)
}

/// Every key that a part may have.
pub(crate) fn keys(row: &upload::Model) -> Vec<String> {
    places(row).map(|place| key(row, place.number)).collect()
}

/// The parts in order.
pub(super) fn places(row: &upload::Model) -> impl Iterator<Item = Place> + use<> {
    cut(row.byte_size as u64, row.part_size as u64)
}

/// Cuts a file into parts of one size and a last one of what is left.
fn cut(byte_size: u64, part_size: u64) -> impl Iterator<Item = Place> {
    let part_size = part_size.max(1);
    (1..)
        .zip((0..byte_size).step_by(usize::try_from(part_size).unwrap_or(usize::MAX)))
        .map(move |(number, offset)| Place { number, offset, byte_size: part_size.min(byte_size - offset) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(byte_size: u64, part_size: u64) -> Vec<u64> {
        cut(byte_size, part_size).map(|place| place.byte_size).collect()
    }

    #[test]
    fn all_parts_are_alike_but_the_last() {
        assert_eq!(sizes(10, 4), [4, 4, 2]);
        assert_eq!(sizes(8, 4), [4, 4]);
        assert_eq!(sizes(3, 4), [3]);
        assert_eq!(sizes(4, 4), [4]);
        assert_eq!(sizes(5 << 30, 16 << 20).len(), 320);
    }

    #[test]
    fn they_follow_one_another_without_a_gap() {
        for byte_size in 1..200_u64 {
            for part_size in 1..50 {
                let mut end = 0;
                for (place, number) in cut(byte_size, part_size).zip(1..) {
                    assert_eq!((place.number, place.offset), (number, end));
                    end += place.byte_size;
                }
                assert_eq!(end, byte_size);
            }
        }
    }
}
