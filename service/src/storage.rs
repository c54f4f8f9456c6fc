//! What lies in the object store, beside what the rows say: a report, and a comparison both ways.
//!
//! ```text
//!   1. the store is listed      2. rows are walked: photos, uploads, doomed objects      3. both sorted by key, side by side
//! ```
//!
//! In that order nothing that lives is taken for an orphan: a row stands before its object's first byte, so that whatever was
//! listed has one by the time rows are walked, or is doomed in the transaction that removed it. What is found is looked at once
//! more before it is told, since everything goes on meanwhile.

mod known;
mod sorted;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures::TryStreamExt;
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Result};
use crate::operator::{self, Actor};
use crate::{object, transaction::Transaction};

use sorted::{Entry, Fact, Sorter};

/// An object that was written within this may be one of something that has just begun.
const YOUNG: TimeDelta = TimeDelta::hours(1);

/// Orphans that one transaction dooms.
const BATCH: usize = 500;

/// The first parts of keys that are ours. An object elsewhere is somebody else's, and left alone.
const OURS: [&str; 5] = ["photos", "stories", "videos", "uploads", "probe"];

/// How many, and how much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Totals {
    fn add(&mut self, bytes: u64) {
        self.objects += 1;
        self.bytes += bytes;
    }
}

/// Totals of each kind of object: `photos/o` (originals), `photos/r/large.webp` (renditions) and so on, `stories/…` the same,
/// `uploads` (parts of large files), `other`.
pub type ByKind = BTreeMap<String, Totals>;

/// What there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// As the rows say: what must be there. Parts of large files have no rows of their own.
    pub rows: ByKind,
    /// As the store says.
    pub store: ByKind,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// An object that no row knows of, older than an hour.
    Orphan {
        /// Its key.
        key: String,
        /// Its bytes.
        bytes: u64,
    },
    /// A row says that there is an object, and there is none.
    Missing {
        /// Its key.
        key: String,
        /// The media whose it is.
        media_id: Uuid,
    },
    /// The object has other bytes than its row says.
    OtherSize {
        /// Its key.
        key: String,
        /// The media whose it is.
        media_id: Uuid,
        /// As the row says.
        expected: u64,
        /// As the store says.
        found: u64,
    },
}

/// What a comparison has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// What there is.
    pub report: Report,
    /// Objects that no row knows of.
    pub orphans: Totals,
    /// Of these, those that are listed to be removed now.
    pub doomed: u64,
    /// Objects that no row knows of and that are too young to tell.
    pub young: u64,
    /// Objects under names that are none of ours.
    pub foreign: u64,
    /// Rows without their objects.
    pub missing: u64,
    /// Objects with other bytes than their rows say.
    pub other_sizes: u64,
}

/// Bytes and numbers by kind, as the rows say. It reads every photo's row, a bounded number at a time: for operators, not for
/// people who wait.
pub async fn in_rows(app: &App) -> Result<ByKind> {
    let mut rows = ByKind::new();
    known::photos(app, |entry| {
        if let Fact::Required { bytes, .. } = entry.fact {
            rows.entry(kind(&entry.key)).or_default().add(bytes);
        }
        Ok(())
    })
    .await?;
    Ok(rows)
}

/// Bytes and numbers by kind, as the rows and as the store say: reads all of both.
pub async fn report(app: &App) -> Result<Report> {
    let mut store = ByKind::new();
    let mut listed = app.objects.entries("");
    while let Some((key, meta)) = listed.try_next().await? {
        store.entry(kind(&key)).or_default().add(meta.size);
    }
    Ok(Report { rows: in_rows(app).await?, store })
}

/// Compares what rows say with what the store has, both ways, in bounded memory: what is sorted waits in temporary files. `tell`
/// hears of each finding. With `repair`, orphans are listed to be removed by the job that removes objects; rows are never changed.
pub async fn verify(app: &App, repair: Option<Actor>, mut tell: impl FnMut(&Finding)) -> Result<Verification> {
    let mut found = Verification::default();
    let sorted = gather(app, &mut found).await?;
    let mut orphans = Vec::new();
    for group in sorted::by_key(sorted.finish().map_err(Error::internal)?) {
        let group = group.map_err(Error::internal)?;
        let Some(finding) = judge(app, &group, &mut found) else { continue };
        if !still_so(app, &finding).await? {
            continue;
        }
        tell(&finding);
        match finding {
            Finding::Orphan { key, bytes } => {
                found.orphans.add(bytes);
                orphans.push(key);
            }
            Finding::Missing { .. } => found.missing += 1,
            Finding::OtherSize { .. } => found.other_sizes += 1,
        }
        if orphans.len() >= BATCH {
            found.doomed += dispose(app, repair, std::mem::take(&mut orphans)).await?;
        }
    }
    found.doomed += dispose(app, repair, orphans).await?;
    Ok(found)
}

async fn gather(app: &App, found: &mut Verification) -> Result<Sorter> {
    let mut sorter = Sorter::default();
    let mut listed = app.objects.entries("");
    while let Some((key, meta)) = listed.try_next().await? {
        found.report.store.entry(kind(&key)).or_default().add(meta.size);
        let fact = Fact::Object { bytes: meta.size, written: meta.last_modified.timestamp() };
        sorter.push(Entry { key, fact }).map_err(Error::internal)?;
    }
    let rows = &mut found.report.rows;
    let mut note = |entry: Entry| {
        if let Fact::Required { bytes, .. } = entry.fact {
            rows.entry(kind(&entry.key)).or_default().add(bytes);
        }
        sorter.push(entry).map_err(Error::internal)
    };
    known::photos(app, &mut note).await?;
    known::parts(app, &mut note).await?;
    // The last: what is removed meanwhile gets there.
    known::doomed(app, &mut note).await?;
    Ok(sorter)
}

/// What a key's entries say together; young and foreign objects are only counted.
fn judge(app: &App, group: &[Entry], found: &mut Verification) -> Option<Finding> {
    let key = group.first()?.key.clone();
    let mut object = None;
    let mut required = None;
    for entry in group {
        match entry.fact {
            Fact::Object { bytes, written } => object = Some((bytes, written)),
            Fact::Required { media_id, bytes } => required = Some((media_id, bytes)),
            Fact::Possible => {}
        }
    }
    match (object, required) {
        (Some((found, _)), Some((media_id, expected))) => {
            (found != expected).then_some(Finding::OtherSize { key, media_id, expected, found })
        }
        (None, Some((media_id, _))) => Some(Finding::Missing { key, media_id }),
        (Some((bytes, written)), None) if group.len() == 1 => {
            if !is_ours(&key) {
                found.foreign += 1;
                None
            } else if written > (app.clock.now() - YOUNG).timestamp() {
                found.young += 1;
                None
            } else {
                Some(Finding::Orphan { key, bytes })
            }
        }
        (Some(_) | None, None) => None,
    }
}

/// Whether it is so at this moment: what is removed while this goes on is no finding.
async fn still_so(app: &App, finding: &Finding) -> Result<bool> {
    let (key, media_id) = match finding {
        Finding::Orphan { key, .. } => return Ok(app.objects.size(key).await?.is_some()),
        Finding::Missing { key, media_id } | Finding::OtherSize { key, media_id, .. } => (key, *media_id),
    };
    let size = app.objects.size(key).await?;
    let differs = match finding {
        Finding::OtherSize { expected, .. } => size.is_some_and(|size| size != *expected),
        _ => size.is_none(),
    };
    Ok(differs && known::is_required(app, media_id, key).await?)
}

/// Lists objects to be removed, if that is wanted.
async fn dispose(app: &App, repair: Option<Actor>, keys: Vec<String>) -> Result<u64> {
    let Some(actor) = repair.filter(|_| !keys.is_empty()) else { return Ok(0) };
    let number = keys.len() as u64;
    let mut tx: Transaction<'_> = app.begin().await?;
    object::doom(&mut tx, keys, app.clock.now()).await?;
    operator::note(&tx, actor, "storage.repair", &format!("{number} objects")).await?;
    tx.commit().await?;
    Ok(number)
}

fn is_ours(key: &str) -> bool {
    key.split_once('/').is_some_and(|(first, _)| OURS.contains(&first))
}

/// Of which kind an object is, by its key.
fn kind(key: &str) -> String {
    let parts: Vec<&str> = key.split('/').collect();
    match parts.as_slice() {
        [of @ ("photos" | "stories"), "o", _] => format!("{of}/o"),
        [
            of @ ("photos" | "stories"),
            "r",
            _,
            name @ ("thumbnail.jpg" | "medium.jpg" | "large.jpg" | "thumbnail.webp" | "medium.webp" | "large.webp"),
        ] => {
            format!("{of}/r/{name}")
        }
        ["uploads", _, _] => "uploads".to_owned(),
        _ => "other".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_keys() {
        for (key, expected) in [
            ("photos/o/x.jpg", "photos/o"),
            ("stories/r/x/large.webp", "stories/r/large.webp"),
            ("photos/r/x/huge.jpg", "other"),
            ("uploads/x/12", "uploads"),
            ("backup/photos/o/x.jpg", "other"),
            ("x", "other"),
        ] {
            assert_eq!(kind(key), expected, "{key}");
        }
        assert!(is_ours("photos/o/x") && !is_ours("photos") && !is_ours("backup/photos/x"));
    }
}
