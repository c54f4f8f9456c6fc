//! Requests that may come again: with a key, an operation is carried out once, and answered the same for a day.
//!
//! ```text
//!   claim ──► no row, or one whose attempt has ended without an answer ──► Begun: an attempt with a lease
//!     │                                                                      │  each step's change notes itself,
//!     ├──► answered ──► Answered                                             │  in its own transaction
//!     ├──► under way ──► Running                                             ▼
//!     └──► asked for something else ──► Differs                 answer kept, or lease given back
//! ```
//!
//! After a crash the lease ends, and the next attempt finds what was committed: such a step is not done again, and its
//! answer is made of what came of it. An attempt that lost its lease can't commit a step any more. See decision 0021.

mod attempt;
mod seal;

use chrono::{DateTime, TimeDelta, Utc};
use darkroom_entity::idempotency;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use serde_json::json;
use subtle::ConstantTimeEq;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub use attempt::{Attempt, Step};
use seal::Names;

use crate::app::App;
use crate::error::Result;
use crate::purge;

/// Characters of a key: enough for 128 random bits in any usual spelling, and a bound.
pub const KEY_CHARS: std::ops::RangeInclusive<usize> = 16..=128;

/// An answer stands for so long.
fn kept_for() -> TimeDelta {
    TimeDelta::days(1)
}

/// A key that a client made up.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// Takes [`KEY_CHARS`] visible ASCII characters; none if it is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = KEY_CHARS.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.to_owned()))
    }
}

/// A key opens an answer, so it is not shown.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(********)")
    }
}

/// Keeps the keys of one person, or of all who are signed out.
#[derive(Debug, Clone)]
pub struct Keeper {
    app: App,
    owner: Option<Uuid>,
}

/// What became of a request with a key.
pub enum Claim {
    /// It is the caller's to carry out.
    Begun(Attempt),
    /// It was carried out: the answer's bytes, as they went out.
    Answered(Vec<u8>),
    /// The key stands for another request.
    Differs,
    /// Another attempt is under way.
    Running,
}

/// What a row says of a request.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Differs,
    Running,
    Answered,
    /// Nobody carries it out. The steps are those of an earlier attempt, or none if its day is over.
    Free {
        anew: bool,
    },
}

impl Keeper {
    /// Keys of this person, or of those who are signed out: theirs are told apart by the keys alone.
    pub fn new(app: &App, owner: Option<Uuid>) -> Self {
        Self { app: app.clone(), owner }
    }

    /// Whether somebody is signed in.
    pub fn is_signed_in(&self) -> bool {
        self.owner.is_some()
    }

    /// Where attempts run, so that neither a client who hangs up nor an orderly end of the server cuts one off.
    pub fn tasks(&self) -> &TaskTracker {
        &self.app.tasks
    }

    /// Asks once what became of the request with this key, which `digest` (SHA-256) tells from every other one, and begins it
    /// if nobody does.
    ///
    /// # Errors
    /// The database is away.
    pub async fn claim(&self, key: &Key, digest: &[u8; 32]) -> Result<Claim> {
        let names = Names::of(&self.app, self.owner, &key.0, digest);
        let now = self.app.clock.now();
        let Some(row) = idempotency::Entity::find_by_id(names.id).one(self.app.rows()).await? else {
            return self.insert(names).await;
        };
        match judge(&row, &names.fingerprint, now) {
            Verdict::Differs => Ok(Claim::Differs),
            Verdict::Running => Ok(Claim::Running),
            Verdict::Free { anew } => self.take_over(names, &row, anew).await,
            Verdict::Answered => match row.answer.as_deref().and_then(|answer| names.open(answer)) {
                Some(answer) => Ok(Claim::Answered(answer)),
                // Sealed under another secret of the server's: it is made again from what was done.
                None => self.take_over(names, &row, false).await,
            },
        }
    }

    async fn insert(&self, names: Names) -> Result<Claim> {
        let now = self.app.clock.now();
        let row = idempotency::ActiveModel {
            id: Set(names.id),
            fingerprint: Set(names.fingerprint.to_vec()),
            run: Set(1),
            steps: Set(json!({})),
            lease_until: Set(Some(now + attempt::lease())),
            answer: Set(None),
            expires_at: Set(now + kept_for()),
        };
        let tx = self.app.begin().await?;
        let written = idempotency::Entity::insert(row)
            .on_conflict(OnConflict::column(idempotency::Column::Id).do_nothing().to_owned())
            .exec_without_returning(tx.rows())
            .await?;
        tx.commit().await?;
        if written == 0 {
            return Ok(Claim::Running);
        }
        Ok(Claim::Begun(Attempt::new(&self.app, names, 1, &json!({}))))
    }

    async fn take_over(&self, names: Names, row: &idempotency::Model, anew: bool) -> Result<Claim> {
        let now = self.app.clock.now();
        let run = row.run.wrapping_add(1);
        let change = idempotency::ActiveModel {
            fingerprint: Set(names.fingerprint.to_vec()),
            run: Set(run),
            steps: if anew { Set(json!({})) } else { NotSet },
            lease_until: Set(Some(now + attempt::lease())),
            answer: Set(None),
            expires_at: Set(now + kept_for()),
            ..Default::default()
        };
        let tx = self.app.begin().await?;
        // Whose run and lease are what was read: nobody was quicker. Steps are read here: one may have been committed since.
        let taken = idempotency::Entity::update_many()
            .set(change)
            .filter(idempotency::Column::Id.eq(names.id))
            .filter(idempotency::Column::Run.eq(row.run))
            .filter(lease_of(row.lease_until))
            .exec_with_returning(tx.rows())
            .await?;
        tx.commit().await?;
        Ok(match taken.into_iter().next() {
            Some(row) => Claim::Begun(Attempt::new(&self.app, names, run, &row.steps)),
            None => Claim::Running,
        })
    }
}

/// That the lease is the one that was seen: an attempt that was silent and renewed it after all keeps it.
fn lease_of(seen: Option<DateTime<Utc>>) -> Condition {
    let lease = idempotency::Column::LeaseUntil;
    Condition::all().add(seen.map_or_else(|| lease.is_null(), |until| lease.eq(until)))
}

fn judge(row: &idempotency::Model, fingerprint: &[u8; 32], now: DateTime<Utc>) -> Verdict {
    let running = row.lease_until.is_some_and(|until| until > now);
    if row.expires_at <= now && !running {
        return Verdict::Free { anew: true };
    }
    if !bool::from(row.fingerprint.as_slice().ct_eq(fingerprint)) {
        return Verdict::Differs;
    }
    match (&row.answer, running) {
        (Some(_), _) => Verdict::Answered,
        (None, true) => Verdict::Running,
        (None, false) => Verdict::Free { anew: false },
    }
}

/// Removes a bounded number of requests whose day is over; says whether there may be more.
///
/// # Errors
/// The database is away.
pub async fn sweep(app: &App) -> Result<bool> {
    let (expires_at, now) = (idempotency::Column::ExpiresAt, app.clock.now());
    purge::below::<idempotency::Entity>(app, expires_at, now, idempotency::Column::Id).await
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_long_enough_to_be_guessed_by_nobody_and_plain() {
        for good in ["0123456789abcdef", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", &"x".repeat(128)] {
            assert!(Key::parse(good).is_some(), "{good}");
        }
        for bad in ["", "0123456789abcde", "0123456789 abcdef", "0123456789abcdéf", &"x".repeat(129)] {
            assert!(Key::parse(bad).is_none(), "{bad}");
        }
        assert!(!format!("{:?}", Key::parse("0123456789abcdef")).contains("0123"));
    }

    #[test]
    fn a_row_says_what_became_of_its_request() {
        let now = darkroom_platform::Clock::system().now();
        let (before, after) = (now - TimeDelta::seconds(1), now + TimeDelta::seconds(1));
        let row = |lease_until, answer: bool, expires_at| idempotency::Model {
            id: Uuid::nil(),
            fingerprint: vec![7; 32],
            run: 1,
            steps: json!({}),
            lease_until,
            answer: answer.then(Vec::new),
            expires_at,
        };
        let (same, other) = ([7; 32], [8; 32]);
        assert_eq!(judge(&row(Some(after), false, after), &same, now), Verdict::Running);
        assert_eq!(judge(&row(Some(after), false, after), &other, now), Verdict::Differs);
        assert_eq!(judge(&row(Some(before), false, after), &same, now), Verdict::Free { anew: false });
        assert_eq!(judge(&row(None, false, after), &same, now), Verdict::Free { anew: false });
        assert_eq!(judge(&row(None, true, after), &same, now), Verdict::Answered);
        assert_eq!(judge(&row(None, true, after), &other, now), Verdict::Differs);
        // Its day is over: the key is free for anything, unless somebody is still at it.
        assert_eq!(judge(&row(None, true, now), &other, now), Verdict::Free { anew: true });
        assert_eq!(judge(&row(Some(after), false, before), &same, now), Verdict::Running);
    }
}
