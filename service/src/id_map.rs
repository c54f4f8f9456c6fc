//! Maps by ids of rows, for what is done some hundred times a page.
//!
//! The standard hasher withstands keys that somebody chose so that they fall together. Ids are made here, of random bits for the
//! most part, and nobody chooses them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use uuid::Uuid;

/// A map by the ids of rows that exist.
pub type IdMap<T> = HashMap<Uuid, T, BuildHasherDefault<IdHasher>>;

/// A map with room for so many.
pub(crate) fn with_capacity<T>(capacity: usize) -> IdMap<T> {
    IdMap::with_capacity_and_hasher(capacity, BuildHasherDefault::default())
}

/// Hashes ids. The end of one is random: multiplication carries it to the topmost bits, by which a map tells entries apart, and
/// folding brings these down to those by which it places them.
#[derive(Debug, Clone, Copy, Default)]
pub struct IdHasher(u64);

/// Odd, with as many ones as noughts: 2⁶⁴ divided by the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for bytes in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            self.0 = (self.0.rotate_left(29) ^ u64::from_le_bytes(word)).wrapping_mul(SPREAD);
        }
    }

    /// Of an id its length, which all have.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::{BuildHasher, Hash};

    use darkroom_platform::Clock;

    use super::*;

    fn hash(id: Uuid) -> u64 {
        BuildHasherDefault::<IdHasher>::default().hash_one(id)
    }

    #[test]
    fn ids_made_at_one_moment_fall_apart() {
        let clock = Clock::system();
        let ids: Vec<Uuid> = (0..4096).map(|_| clock.new_id()).collect();
        // By the low bits a map places entries, by the topmost seven it tells apart those that meet.
        let places: HashSet<u64> = ids.iter().map(|id| hash(*id) & 0xfff).collect();
        // Of as many balls as bins, 37 % of the bins stay empty.
        assert!(places.len() > 2400, "{} places", places.len());
        let tags: HashSet<u64> = ids.iter().map(|id| hash(*id) >> 57).collect();
        assert_eq!(tags.len(), 128);
    }

    #[test]
    fn every_bit_counts() {
        let id = Uuid::from_u128(0x0190_aaaa_bbbb_7ccc_8ddd_eeee_ffff_0000);
        let flipped = |bit: u32| Uuid::from_u128(id.as_u128() ^ (1 << bit));
        assert!((0..128).all(|bit| hash(flipped(bit)) != hash(id)));
    }

    #[test]
    fn what_is_put_in_is_found() {
        let mut map = with_capacity(4);
        let ids: Vec<Uuid> = (0..1000).map(Uuid::from_u128).collect();
        ids.iter().enumerate().for_each(|(at, id)| assert_eq!(map.insert(*id, at), None));
        assert!(ids.iter().enumerate().all(|(at, id)| map.get(id) == Some(&at)));
        let mut hasher = IdHasher::default();
        ids[1].hash(&mut hasher);
        assert_eq!(hasher.finish(), hash(ids[1]));
    }
}
