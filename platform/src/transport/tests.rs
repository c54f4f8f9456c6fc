#![allow(clippy::unwrap_used, clippy::expect_used)]

use tokio::time::Instant;

use super::*;
use crate::Clock;
use crate::redis::tests::{relay, server};

const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(20);

fn ids(count: usize) -> Vec<Uuid> {
    let clock = Clock::system();
    (0..count).map(|_| clock.new_id()).collect()
}

/// The embedded form, and the shared one where there is a server.
async fn forms() -> Vec<Transport> {
    let mut forms = vec![Transport::Local(local::LocalTransport::default())];
    if let Some((config, redis)) = server(&[]).await {
        forms.push(Transport::new(&config, Some(&redis)).unwrap());
    }
    forms
}

#[tokio::test]
async fn gives_hints_in_order_and_no_more_than_asked_for() {
    for transport in forms().await {
        let ids = ids(5);
        assert!(transport.is_idle("bulk").await.unwrap());
        transport.announce("bulk", &ids[..2]).await.unwrap();
        transport.announce("bulk", &ids[2..]).await.unwrap();
        assert!(!transport.is_idle("bulk").await.unwrap());
        assert!(transport.is_idle("fanout").await.unwrap(), "queues are apart");
        assert_eq!(transport.take("bulk", 3, LONG).await.unwrap(), ids[..3]);
        assert_eq!(transport.take("bulk", 0, LONG).await.unwrap(), Vec::<Uuid>::new());
        assert_eq!(transport.take("bulk", 10, LONG).await.unwrap(), ids[3..]);
        assert!(transport.is_idle("bulk").await.unwrap());
        transport.ping().await.unwrap();
    }
}

#[tokio::test]
async fn waits_for_the_first_and_not_for_ever() {
    for transport in forms().await {
        let begun = Instant::now();
        assert_eq!(transport.take("bulk", 1, SHORT).await.unwrap(), Vec::<Uuid>::new());
        assert!(begun.elapsed() >= SHORT, "{:?}", begun.elapsed());
        assert_eq!(transport.take("bulk", 1, Duration::ZERO).await.unwrap(), Vec::<Uuid>::new());

        let ids = ids(3);
        let taker = tokio::spawn({
            let transport = transport.clone();
            async move { transport.take("bulk", 8, LONG).await }
        });
        tokio::task::yield_now().await;
        transport.announce("bulk", &ids).await.unwrap();
        assert_eq!(taker.await.unwrap().unwrap(), ids);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_takers_share_the_hints_and_none_waits_beside_a_full_queue() {
    for transport in forms().await {
        let ids = ids(60);
        let takers: Vec<_> = (0..6)
            .map(|_| {
                let transport = transport.clone();
                tokio::spawn(async move {
                    let mut taken = Vec::new();
                    while taken.len() < 10 {
                        taken.extend(transport.take("bulk", 10 - taken.len(), LONG).await.unwrap());
                    }
                    taken
                })
            })
            .collect();
        let begun = Instant::now();
        for chunk in ids.chunks(7) {
            transport.announce("bulk", chunk).await.unwrap();
        }
        let mut all = Vec::new();
        for taker in takers {
            all.extend(taker.await.unwrap());
        }
        all.sort_unstable();
        assert_eq!(all, ids, "each once");
        assert!(begun.elapsed() < LONG);
    }
}

#[tokio::test]
async fn holds_so_many_and_drops_the_newest() {
    for transport in forms().await {
        let ids = ids(CAPACITY + 5);
        transport.announce("bulk", &ids).await.unwrap();
        let mut taken = Vec::new();
        while !transport.is_idle("bulk").await.unwrap() {
            taken.extend(transport.take("bulk", 10_000, SHORT).await.unwrap());
        }
        assert_eq!(taken, ids[..CAPACITY]);
    }
}

#[tokio::test]
async fn a_taker_that_was_dropped_takes_nothing_from_the_next() {
    for transport in forms().await {
        assert!(tokio::time::timeout(SHORT, transport.take("bulk", 1, LONG)).await.is_err());
        let ids = ids(40);
        // One may go to the dropped taker's last breath; a connection left blocked would swallow one each time.
        for id in &ids {
            transport.announce("bulk", &[*id]).await.unwrap();
        }
        let mut taken = Vec::new();
        while !transport.is_idle("bulk").await.unwrap() {
            taken.extend(transport.take("bulk", 100, SHORT).await.unwrap());
        }
        assert!(taken.len() >= 39, "{}", taken.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_server_fails_fast_and_comes_back() {
    let Some(relay) = relay().await else { return };
    let (config, redis) = server(&[("DARKROOM_REDIS_URL", &relay.url())]).await.unwrap();
    let transport = Transport::new(&config, Some(&redis)).unwrap();
    let id = ids(1);
    transport.announce("bulk", &id).await.unwrap();
    assert_eq!(transport.take("bulk", 1, LONG).await.unwrap(), id);

    relay.cut();
    let begun = Instant::now();
    while transport.announce("bulk", &id).await.is_ok() {
        assert!(begun.elapsed() < LONG, "the loss is noticed");
    }
    let begun = Instant::now();
    for _ in 0..100 {
        assert!(transport.announce("bulk", &id).await.is_err());
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "a hundred calls took {:?}", begun.elapsed());
    let begun = Instant::now();
    assert!(transport.take("bulk", 1, SHORT * 4).await.is_err());
    assert!(begun.elapsed() >= SHORT * 4, "a loop of takers must not spin");

    relay.mend().await;
    let begun = Instant::now();
    while transport.announce("bulk", &id).await.is_err() {
        assert!(begun.elapsed() < LONG, "comes back");
        tokio::time::sleep(SHORT).await;
    }
    assert!(transport.take("bulk", 8, LONG).await.unwrap().contains(&id[0]));
}

#[tokio::test]
async fn starts_without_a_server() {
    // Nobody listens on port 1.
    let Some((config, redis)) = crate::redis::tests::connect(&[("DARKROOM_REDIS_URL", "redis://127.0.0.1:1")]).await
    else {
        panic!("must start");
    };
    let transport = Transport::new(&config, Some(&redis)).unwrap();
    assert!(matches!(transport.announce("bulk", &ids(1)).await, Err(RedisError::Down)));
    assert!(transport.ping().await.is_err());
}
