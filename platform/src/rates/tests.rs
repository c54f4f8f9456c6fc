#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::*;
use crate::redis::tests::{relay, server};

const POLICY: Policy = Policy { name: "test", quota: 100, window: Duration::from_secs(60) };

fn noon() -> DateTime<Utc> {
    "2026-05-04T12:00:00Z".parse().unwrap()
}

fn ask(points: u64) -> Ask {
    Ask { policy: POLICY, subject: 7, points }
}

async fn forms() -> Vec<Rates> {
    let mut forms = vec![Rates::Local(LocalRates::new(1000))];
    if let Some((config, redis)) = server(&[]).await {
        forms.push(Rates::new(&config, Some(&redis)));
    }
    forms
}

#[tokio::test]
async fn a_bucket_is_drawn_and_fills_again() {
    for rates in forms().await {
        let full = rates.take(noon(), &[ask(30), Ask { subject: 8, ..ask(1) }]).await;
        assert_eq!(full.iter().map(|verdict| verdict.remaining).collect::<Vec<_>>(), [70, 99]);
        assert_eq!(full[0].reset_after, Duration::from_secs(18));
        let refused = rates.take(noon(), &[ask(71)]).await[0];
        assert!(!refused.allowed && refused.remaining == 70, "nothing was taken: {refused:?}");
        assert_eq!(refused.retry_after, Duration::from_secs(1));
        let later = noon() + TimeDelta::seconds(1);
        assert!(rates.take(later, &[ask(71)]).await[0].allowed);
        assert_eq!(rates.take(later, &[ask(20)]).await[0].retry_after, Duration::from_secs(12));
        assert_eq!(rates.take(later + TimeDelta::seconds(60), &[ask(0)]).await[0].remaining, 100);
    }
}

#[tokio::test]
async fn what_is_given_back_can_be_taken_again_and_a_bucket_does_not_overflow() {
    for rates in forms().await {
        assert!(rates.take(noon(), &[ask(100)]).await[0].allowed);
        rates.give_back(noon(), &ask(40)).await;
        assert_eq!(rates.take(noon(), &[ask(10)]).await[0].remaining, 30);
        for _ in 0..3 {
            rates.give_back(noon(), &ask(50)).await;
        }
        assert_eq!(rates.take(noon(), &[ask(0)]).await[0].remaining, 100);
        rates.give_back(noon(), &Ask { subject: 9, ..ask(5) }).await;
        assert_eq!(rates.take(noon(), &[Ask { subject: 9, ..ask(1) }]).await[0].remaining, 99);
    }
}

#[tokio::test]
async fn spending_has_the_arithmetic_of_taking() {
    for rates in forms().await {
        let mut left = 100;
        for _ in 0..14 {
            let verdict = rates.spend(noon(), &ask(7)).await;
            left -= 7;
            assert!(verdict.allowed && verdict.remaining == left, "{verdict:?}, {left}");
        }
        let refused = rates.spend(noon(), &ask(7)).await;
        assert!(!refused.allowed && refused.remaining == 2, "{refused:?}");
        assert!(refused.retry_after <= Duration::from_secs(5) && refused.retry_after > Duration::ZERO);
        assert!(rates.spend(noon() + TimeDelta::seconds(5), &ask(7)).await.allowed);
    }
}

#[tokio::test]
async fn nothing_is_limited_without_a_quota() {
    let open = Ask { policy: Policy { quota: 0, ..POLICY }, ..ask(u64::MAX) };
    for rates in forms().await {
        let verdicts = rates.take(noon(), &[open, ask(100), open]).await;
        assert!(verdicts.iter().all(|verdict| verdict.allowed));
        assert_eq!(verdicts[1].remaining, 0);
        assert!(rates.spend(noon(), &open).await.allowed);
    }
}

#[tokio::test]
async fn two_processes_share_buckets() {
    let Some((config, redis)) = server(&[]).await else { return };
    let (one, other) = (Rates::new(&config, Some(&redis)), Rates::new(&config, Some(&redis)));
    let mut allowed = 0;
    for _ in 0..200 {
        for rates in [&one, &other] {
            allowed += u32::from(rates.spend(noon(), &ask(1)).await.allowed);
        }
    }
    assert_eq!(allowed, 100);
}

#[tokio::test]
async fn without_redis_a_process_counts_for_itself() {
    let Some(relay) = relay().await else { return };
    let url = relay.url();
    let Some((config, redis)) = crate::redis::tests::connect(&[("DARKROOM_REDIS_URL", &url)]).await else { return };
    let rates = Rates::new(&config, Some(&redis));
    assert!(rates.take(noon(), &[ask(1)]).await[0].allowed);
    relay.cut();
    let one_by_one = Ask { subject: 9, ..ask(1) };
    let mut allowed = 0;
    for _ in 0..150 {
        allowed += u32::from(rates.take(noon(), &[one_by_one]).await[0].allowed);
    }
    assert_eq!(allowed, 100);
    assert!(!rates.spend(noon(), &one_by_one).await.allowed);
}

#[test]
fn many_keys_take_bounded_memory() {
    let rates = LocalRates::new(1000);
    let now = noon().timestamp_micros();
    for subject in 0..50_000 {
        rates.take(now, &Ask { subject, ..ask(1) });
        rates.take(now, &Ask { subject: u128::MAX, ..ask(1) });
    }
    assert!(rates.len() <= 1000, "{} buckets", rates.len());
    // Whoever goes on asking is remembered.
    assert!(!rates.take(now, &Ask { subject: u128::MAX, ..ask(1) }).allowed);
}

proptest! {
    /// Beside an oracle that adds up: in no window does more get through than a full bucket and what came back.
    #[test]
    fn no_more_gets_through_than_a_bucket_and_what_comes_back(
        steps in proptest::collection::vec((0_u64..20, 0_i64..5_000_000), 1..100),
    ) {
        let rates = LocalRates::new(1000);
        let begin = noon().timestamp_micros();
        let (mut now, mut through) = (begin, 0);
        for (points, pause) in steps {
            now += pause;
            let verdict = rates.take(now, &ask(points));
            prop_assert!(verdict.remaining <= 100);
            prop_assert!(verdict.allowed == verdict.retry_after.is_zero());
            if verdict.allowed {
                through += points;
            } else {
                let then = now + verdict.retry_after.as_micros() as i64;
                prop_assert!(rates.apart().take(then, &ask(points)).allowed, "retry_after is enough");
            }
            prop_assert!(through <= 100 + (now - begin) as u64 / 600_000 + 1);
        }
    }
}
