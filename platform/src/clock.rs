//! The only source of time and of identifiers, so that tests can move it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use chrono::{DateTime, Duration, SubsecRound, Utc};
use uuid::Uuid;

/// Tells the time and makes identifiers. Clones share their state.
#[derive(Debug, Clone)]
pub struct Clock {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    source: Source,
    /// The newest identifier's time: 48 bits of milliseconds and 12 bits below.
    last: AtomicU64,
}

#[derive(Debug)]
enum Source {
    System,
    /// Microseconds since 1970.
    Manual(AtomicI64),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self { inner: Arc::new(Inner { source: Source::System, last: AtomicU64::new(0) }) }
    }

    /// A clock for tests: it stands still at `start` until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(start: DateTime<Utc>) -> Self {
        let source = Source::Manual(AtomicI64::new(start.timestamp_micros()));
        Self { inner: Arc::new(Inner { source, last: AtomicU64::new(0) }) }
    }

    /// The time, in whole microseconds: what PostgreSQL can keep, so that a value read back equals the one written.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.inner.source {
            Source::System => system_now(),
            Source::Manual(micros) => {
                DateTime::from_timestamp_micros(micros.load(Ordering::SeqCst)).unwrap_or(DateTime::<Utc>::MIN_UTC)
            }
        }
    }

    /// Whether it is the machine's, and so ought to agree with other machines'.
    #[must_use]
    pub fn is_system(&self) -> bool {
        matches!(self.inner.source, Source::System)
    }

    /// Moves a manual clock, back too if `by` is negative.
    ///
    /// # Panics
    /// On the system's clock: nobody can move that.
    pub fn advance(&self, by: Duration) {
        match &self.inner.source {
            Source::System => panic!("only a clock made by Clock::manual can be moved"),
            Source::Manual(micros) => {
                micros.fetch_add(by.num_microseconds().unwrap_or(i64::MAX), Ordering::SeqCst);
            }
        }
    }

    /// A UUIDv7 of this clock's time, greater than every one this clock made before.
    ///
    /// The 12 bits below the millisecond carry the fraction of it (RFC 9562, method 3), so that identifiers of several
    /// processes sort by time as well as their clocks agree. Within one process they are also the counter: when they
    /// are used up, or the clock stepped back, the embedded time runs ahead of the clock until that catches up.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        let now = self.now();
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
        let fraction = u64::from(now.timestamp_subsec_micros() % 1000) * 4096 / 1000;
        let wanted = millis << 12 | fraction;
        let step = |last: u64| wanted.max(last + 1);
        let mut last = self.inner.last.load(Ordering::Relaxed);
        let stamp = loop {
            let next = step(last);
            match self.inner.last.compare_exchange_weak(last, next, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => break next,
                Err(newer) => last = newer,
            }
        };
        let mut below: [u8; 10] = rand::random();
        below[..2].copy_from_slice(&((stamp & 0xfff) as u16).to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(stamp >> 12, &below).into_uuid()
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
fn system_now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use chrono::TimeZone;

    use super::*;

    fn noon() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 5, 4, 12, 0, 0).single().unwrap_or_default()
    }

    fn millis_of(id: Uuid) -> i64 {
        (id.as_u128() >> 80) as i64
    }

    #[test]
    fn time_has_whole_microseconds() {
        let now = Clock::system().now();
        assert_eq!(now.timestamp_subsec_nanos() % 1000, 0);
        let fine = noon() + Duration::nanoseconds(1_234_567);
        assert_eq!(Clock::manual(fine).now(), noon() + Duration::microseconds(1_234));
    }

    #[test]
    fn a_manual_clock_stands_still_and_moves_with_its_clones() {
        let clock = Clock::manual(noon());
        assert_eq!(clock.now(), noon());
        let other = clock.clone();
        other.advance(Duration::hours(24));
        assert_eq!(clock.now(), noon() + Duration::hours(24));
        assert_eq!(other.now(), clock.now());
    }

    #[test]
    #[should_panic(expected = "Clock::manual")]
    fn the_systems_clock_cannot_be_moved() {
        Clock::system().advance(Duration::seconds(1));
    }

    #[test]
    fn ids_carry_the_clocks_time_and_the_right_version() {
        let id = Clock::manual(noon()).new_id();
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        assert_eq!(millis_of(id), noon().timestamp_millis());
    }

    #[test]
    fn ids_increase_while_the_clock_stands_still() {
        let clock = Clock::manual(noon());
        let ids: Vec<Uuid> = (0..20_000).map(|_| clock.new_id()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        // 20,000 identifiers in no time use up less than five milliseconds of embedded time.
        assert!(millis_of(ids[19_999]) < noon().timestamp_millis() + 5);
    }

    #[test]
    fn ids_increase_when_the_clock_steps_back() {
        let clock = Clock::manual(noon());
        let before = clock.new_id();
        clock.advance(Duration::hours(-1));
        let after = clock.new_id();
        assert!(after > before);
        clock.advance(Duration::hours(2));
        assert_eq!(millis_of(clock.new_id()), (noon() + Duration::hours(1)).timestamp_millis());
    }

    #[test]
    fn ids_follow_the_fraction_of_a_millisecond() {
        let early = Clock::manual(noon() + Duration::microseconds(100)).new_id();
        let late = Clock::manual(noon() + Duration::microseconds(900)).new_id();
        assert!(early < late);
    }

    #[test]
    fn threads_never_share_an_id_and_each_sees_its_own_increase() {
        let clock = Clock::system();
        let makers: Vec<_> = (0..4)
            .map(|_| {
                let clock = clock.clone();
                std::thread::spawn(move || (0..5_000).map(|_| clock.new_id()).collect::<Vec<_>>())
            })
            .collect();
        let mut all = HashSet::new();
        for maker in makers {
            let ids = maker.join().unwrap_or_default();
            assert!(ids.is_sorted_by(|a, b| a < b));
            all.extend(ids);
        }
        assert_eq!(all.len(), 20_000);
    }
}
