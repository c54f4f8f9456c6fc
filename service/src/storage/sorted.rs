//! Sorting what does not fit into memory: in runs that wait in temporary files, and are merged.
//!
//! Stores list in different orders, and databases sort text by their own rules. Here everything is sorted by the same: bytes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Entries of one run: some 20 MB.
const RUN: usize = 100_000;

/// Something that is said of a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) fact: Fact,
}

/// What is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Fact {
    /// The store has it.
    Object {
        bytes: u64,
        /// Unix time, seconds.
        written: i64,
    },
    /// A row says that it is there.
    Required { media_id: Uuid, bytes: u64 },
    /// A row says that it may be there.
    Possible,
}

/// Takes entries in any order.
#[derive(Debug, Default)]
pub(super) struct Sorter {
    run: Vec<Entry>,
    runs: Vec<File>,
}

impl Sorter {
    pub(super) fn push(&mut self, entry: Entry) -> io::Result<()> {
        self.run.push(entry);
        if self.run.len() >= RUN { self.put_aside() } else { Ok(()) }
    }

    fn put_aside(&mut self) -> io::Result<()> {
        self.run.sort_unstable();
        let mut file = BufWriter::new(tempfile::tempfile()?);
        for entry in self.run.drain(..) {
            serde_json::to_writer(&mut file, &entry)?;
            file.write_all(b"\n")?;
        }
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.runs.push(file);
        Ok(())
    }

    /// All entries, in order.
    pub(super) fn finish(mut self) -> io::Result<Sorted> {
        self.put_aside()?;
        let mut sorted = Sorted { runs: self.runs.into_iter().map(BufReader::new).collect(), next: BinaryHeap::new() };
        for run in 0..sorted.runs.len() {
            sorted.advance(run)?;
        }
        Ok(sorted)
    }
}

/// The runs, merged.
pub(super) struct Sorted {
    runs: Vec<BufReader<File>>,
    /// The first of each run that is left.
    next: BinaryHeap<Reverse<(Entry, usize)>>,
}

impl Sorted {
    fn advance(&mut self, run: usize) -> io::Result<()> {
        let mut line = String::new();
        if self.runs[run].read_line(&mut line)? > 0 {
            self.next.push(Reverse((serde_json::from_str(&line)?, run)));
        }
        Ok(())
    }
}

impl Iterator for Sorted {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((entry, run)) = self.next.pop()?;
        Some(self.advance(run).map(|()| entry))
    }
}

/// Everything that is said of one key, key by key: a handful of entries each.
pub(super) fn by_key(sorted: impl Iterator<Item = io::Result<Entry>>) -> impl Iterator<Item = io::Result<Vec<Entry>>> {
    let mut sorted = sorted.peekable();
    std::iter::from_fn(move || {
        let first = match sorted.next()? {
            Ok(first) => first,
            Err(error) => return Some(Err(error)),
        };
        let mut group = vec![first];
        while let Some(Ok(entry)) = sorted.next_if(|next| next.as_ref().is_ok_and(|next| next.key == group[0].key)) {
            group.push(entry);
        }
        Some(Ok(group))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn several_runs_come_back_as_one_in_order() {
        let mut sorter = Sorter::default();
        let number = 2 * RUN as u64 + 7;
        for at in 0..number {
            // A multiplier without a common factor: every number once, in no order.
            let key = format!("k{:08}\n\t\"é", at * 7919 % number);
            sorter.push(Entry { key: key.clone(), fact: Fact::Possible }).unwrap();
            if at % 1000 == 0 {
                sorter.push(Entry { key, fact: Fact::Object { bytes: at, written: -1 } }).unwrap();
            }
        }
        let groups: Vec<_> = by_key(sorter.finish().unwrap()).map(Result::unwrap).collect();
        assert_eq!(groups.len() as u64, number);
        assert!(groups.is_sorted_by(|one, other| one[0].key < other[0].key));
        assert_eq!(groups.iter().filter(|group| group.len() == 2).count() as u64, number.div_ceil(1000));
        assert!(by_key(Sorter::default().finish().unwrap()).next().is_none());
    }
}
