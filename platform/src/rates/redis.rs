//! Buckets that processes share.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use fred::prelude::Value;
use fred::types::scripts::Script;
use moka::sync::Cache;

use super::local::{Key, LocalRates, bounded};
use super::{Ask, Policy, Verdict};
use crate::redis::script::Call;
use crate::redis::{Redis, RedisError};

/// A process borrows this part of a quota at a time, for this part of the window: as long as it takes to come back.
const SHARE: u64 = 10;

/// Draws from a bucket, or, below zero, gives back. ARGV: now, the window, what is wanted, and what will do; all in microseconds. Answers with the moment at which
/// the bucket is full again and with what was drawn: 2 what was wanted, 1 what will do, 0 nothing.
///
/// The time is the caller's, not the server's: tests move it, and the limits of a process whose Redis is away go on from
/// the same clock. Clocks are kept in step for leases anyway; one that is off by a second shifts a bucket by a second.
static DRAW: LazyLock<Script> = LazyLock::new(|| {
    Script::from_lua(
        "local now, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.min(math.max(tonumber(redis.call('GET', KEYS[1]) or now), now), now + window)
for i = 3, 4 do
  local after = full + tonumber(ARGV[i])
  if after - now <= window then
    redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.max(math.floor((after - now) / 1000), 0) + 1)
    return {string.format('%.0f', after), 5 - i}
  end
end
return {string.format('%.0f', full), 0}",
    )
});

/// Buckets in Redis, and what this process has borrowed from them.
#[derive(Debug, Clone)]
pub struct RedisRates {
    redis: Redis,
    /// While Redis is away.
    local: LocalRates,
    loans: Cache<Key, Arc<Loan>>,
}

/// Points that were taken from Redis and not yet spent.
#[derive(Debug, Default)]
struct Loan(Mutex<Purse>);

#[derive(Debug, Default)]
struct Purse {
    left: u64,
    /// When the bucket in Redis will be full again, and until when the loan may be spent: microseconds since 1970.
    full_at: i64,
    until: i64,
}

/// What Redis says of one bucket.
struct Drawn {
    full_at: i64,
    /// 2 what was wanted, 1 what will do, 0 nothing.
    what: i64,
}

impl RedisRates {
    pub(super) fn new(redis: Redis, local: LocalRates, buckets: u64) -> Self {
        Self { redis, local, loans: bounded(buckets) }
    }

    pub(super) async fn take(&self, now: i64, asks: &[Ask]) -> Vec<Verdict> {
        let limited: Vec<Ask> = asks.iter().filter(|ask| ask.policy.quota > 0).copied().collect();
        let wants: Vec<(Ask, u64)> = limited.iter().map(|ask| (*ask, ask.points)).collect();
        let Ok(drawn) = self.draw(now, &wants).await else {
            return asks.iter().map(|ask| self.local.take(now, ask)).collect();
        };
        let mut drawn = drawn.into_iter();
        let mut judge = |ask: &Ask| match ask.policy.quota {
            0 => None,
            _ => drawn.next().map(|drawn| ask.policy.verdict(drawn.what > 0, drawn.full_at, now, ask.points)),
        };
        asks.iter().map(|ask| judge(ask).unwrap_or_else(|| ask.policy.unlimited())).collect()
    }

    /// If Redis is away it is the local bucket's: what was taken there is given back there.
    pub(super) async fn give_back(&self, now: i64, ask: &Ask) {
        let policy = &ask.policy;
        if policy.quota == 0 {
            return;
        }
        let back = -policy.increment(ask.points);
        if self.call(vec![self.draft(ask, [now, policy.micros(), back, back])]).await.is_err() {
            self.local.give_back(now, ask);
        }
    }

    pub(super) async fn spend(&self, now: i64, ask: &Ask) -> Verdict {
        let Ask { policy, subject, points } = *ask;
        if policy.quota == 0 {
            return policy.unlimited();
        }
        let points = points.min(policy.quota);
        let loan = self.loans.get_with((policy.name, subject), Arc::default);
        let had = match loan.spend(now, &policy, points) {
            Ok(verdict) => return verdict,
            Err(had) => had,
        };
        let short = points - had;
        let least = Ask { points: short, ..*ask };
        let more = policy.quota / SHARE;
        let Ok(drawn) = self.draw(now, &[(least, short.saturating_add(more))]).await else {
            return self.local.take(now, ask);
        };
        let Some(Drawn { full_at, what }) = drawn.into_iter().next() else { return policy.unlimited() };
        let kept = match what {
            2 => more.min(policy.quota - short),
            1 => 0,
            _ => had,
        };
        let left = loan.keep(now, &policy, full_at, kept);
        policy.with(policy.verdict(what > 0, full_at, now, short), left)
    }

    /// Draws from each bucket what is wanted, or else what was asked for, in one round trip.
    async fn draw(&self, now: i64, wants: &[(Ask, u64)]) -> Result<Vec<Drawn>, RedisError> {
        if wants.is_empty() {
            return Ok(Vec::new());
        }
        let call = |(ask, wanted): &(Ask, u64)| {
            let policy = &ask.policy;
            self.draft(ask, [now, policy.micros(), policy.increment(*wanted), policy.increment(ask.points)])
        };
        self.call(wants.iter().map(call).collect()).await
    }

    fn draft(&self, ask: &Ask, args: [i64; 4]) -> Call {
        let key = self.redis.key(&format!("rate:{}", ask.policy.name), &format!("{:032x}", ask.subject));
        (key, args.map(Value::from).to_vec())
    }

    async fn call(&self, calls: Vec<Call>) -> Result<Vec<Drawn>, RedisError> {
        let answers = self.redis.run(&DRAW, &calls).await?;
        answers.into_iter().map(|answer| Ok(read(answer)?)).collect()
    }
}

fn read(answer: Value) -> Result<Drawn, fred::error::Error> {
    let (full_at, what): (i64, i64) = answer.convert()?;
    Ok(Drawn { full_at, what })
}

impl Loan {
    /// Spends points of the loan; what it had left, taken out of it, if that was too little.
    fn spend(&self, now: i64, policy: &Policy, points: u64) -> Result<Verdict, u64> {
        let mut purse = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now >= purse.until {
            purse.left = 0;
        }
        if purse.left < points {
            return Err(std::mem::take(&mut purse.left));
        }
        purse.left -= points;
        Ok(policy.with(policy.verdict(true, purse.full_at, now, points), purse.left))
    }

    /// Puts points into the loan, which is as good as new; what is in it then.
    fn keep(&self, now: i64, policy: &Policy, full_at: i64, points: u64) -> u64 {
        let mut purse = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        purse.left += points;
        purse.full_at = full_at;
        purse.until = now + policy.micros() / SHARE as i64;
        purse.left
    }
}
