//! What the programs' own connections to a cluster do while its slots move.

use bytes::Bytes;
use darkroom_platform::{Cache, CacheKey, Event, Events, Subscription};
use darkroom_testing::Mode;
use darkroom_testing::process::{PATIENCE, RedisCluster, Reply, until};
use futures::StreamExt;
use uuid::Uuid;

use super::{ALIKE, connect};
use crate::runs_in;

/// What the copies are of.
const KIND: &str = "test-1";

/// The name that a copy has in Redis.
fn name(prefix: &str, key: CacheKey) -> String {
    format!("{prefix}:{KIND}:{{{}}}", key.id.simple())
}

/// A key is away while its slot is between two nodes, and no other one with it; afterwards it is found where it is. Whoever asks
/// gets their own answer or none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_moves_takes_nobody_elses_answer_along() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let prefix = "moves";
    let mut cluster = RedisCluster::start(&ALIKE).await;
    let (_, redis) = connect(&cluster.url(), prefix).await;
    let cache = Cache::new(Some(&redis));
    let keys: Vec<CacheKey> = (0..200).map(|_| CacheKey { kind: KIND, id: Uuid::new_v4() }).collect();
    let copy = |key: &CacheKey| Bytes::copy_from_slice(key.id.as_bytes());
    cache.put(keys.iter().map(|key| (*key, copy(key), 600)).collect()).await.unwrap();
    let whole: Vec<Option<Bytes>> = keys.iter().map(|key| Some(copy(key))).collect();

    let slot = cluster.slot(&name(prefix, keys[0]));
    let others: Vec<CacheKey> = keys.iter().filter(|key| cluster.slot(&name(prefix, **key)) != slot).copied().collect();
    let to = (cluster.owner(slot) + 1) % cluster.size();
    cluster.begin_move(slot, to);
    let asking = (0..8).map(|at| {
        let (cache, others, moving) = (cache.clone(), others.clone(), keys[0]);
        tokio::spawn(async move {
            for round in 0..25 {
                assert!(cache.get(&[moving]).await.is_err(), "it is on its way");
                let some: Vec<CacheKey> = others.iter().skip((at * 25 + round) % 100).take(60).copied().collect();
                let own: Vec<Option<Bytes>> =
                    some.iter().map(|key| Some(Bytes::copy_from_slice(key.id.as_bytes()))).collect();
                assert_eq!(cache.get(&some).await.unwrap(), own, "everybody has their own");
            }
        })
    });
    for task in asking.collect::<Vec<_>>() {
        task.await.unwrap();
    }

    cluster.end_move(slot, to);
    assert_eq!(cache.get(&keys).await.unwrap(), whole, "found at its new node at once");
    assert!(cluster.move_all(0, 1) > 10);
    assert_eq!(cache.get(&keys).await.unwrap(), whole);
    cache.forget_everything().await.unwrap();
    assert_eq!((0..cluster.size()).map(|at| cluster.keys(at, "*").len()).sum::<usize>(), 0, "on all nodes");
}

/// How many connections are subscribed to a channel at a node.
fn subscribers(cluster: &RedisCluster, at: usize, channel: &str) -> i64 {
    match cluster.ask(at, &["PUBSUB", "NUMSUB", channel]) {
        Reply::List(counts) => {
            counts.into_iter().find_map(|count| if let Reply::Number(n) = count { Some(n) } else { None })
        }
        _ => None,
    }
    .unwrap()
}

async fn heard(listener: &mut Subscription, wanted: &Event) {
    let listening = async { while listener.next().await.as_ref() != Some(wanted) {} };
    tokio::time::timeout(PATIENCE, listening).await.expect("it is heard");
}

/// A node whose last slot has moved away may run on outside of the cluster, where nobody says anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listeners_leave_a_node_that_is_no_master_any_more() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    const FEW: u16 = 16;
    let prefix = "leaves";
    let mut cluster = RedisCluster::start(&[FEW, 8184, 8184]).await;
    let (config, redis) = connect(&cluster.url(), prefix).await;
    let channel = format!("{prefix}:event:topic");
    // Which node a process listens at is a matter of chance.
    let (events, mut listener) = loop {
        let events = Events::new(&config, Some(&redis)).await.unwrap();
        let listener = events.subscribe("topic").await.unwrap();
        if subscribers(&cluster, 0, &channel) == 1 {
            break (events, listener);
        }
    };
    events.publish("topic", "before").await.unwrap();
    heard(&mut listener, &Event::Message("before".into())).await;
    let crowd = ["nobody", "topic", "nobody else"].map(str::to_owned);
    events.publish_to_each(&crowd, "to a crowd").await.unwrap();
    heard(&mut listener, &Event::Message("to a crowd".into())).await;

    let mut keys = std::iter::repeat_with(|| CacheKey { kind: KIND, id: Uuid::new_v4() });
    let moving = keys.find(|key| cluster.slot(&name(prefix, *key)) < FEW).unwrap();
    for slot in 0..FEW {
        cluster.begin_move(slot, 1);
        cluster.end_move(slot, 1);
    }
    // Whoever asks for something that was there learns of it.
    assert_eq!(Cache::new(Some(&redis)).get(&[moving]).await.unwrap(), [None]);
    heard(&mut listener, &Event::Missed).await;
    until("another node is listened at", PATIENCE, async || {
        let counts: Vec<i64> = (0..3).map(|at| subscribers(&cluster, at, &channel)).collect();
        counts[0] == 0 && counts[1] + counts[2] == 1
    })
    .await;
    events.publish("topic", "after").await.unwrap();
    heard(&mut listener, &Event::Message("after".into())).await;
    events.publish_to_each(&crowd, "to a crowd again").await.unwrap();
    heard(&mut listener, &Event::Message("to a crowd again".into())).await;
}
