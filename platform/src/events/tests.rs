#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashMap;
use std::time::Duration;

use fred::interfaces::{ClusterInterface, PubsubInterface};
use fred::prelude::{ClientLike, Options};
use futures::StreamExt;

use super::*;
use crate::redis::tests::{relay, server};

/// Two processes: they share a server, or in the embedded form they are one.
async fn pairs() -> Vec<(Events, Events)> {
    let local = Events::Local(Arc::default());
    let mut pairs = vec![(local.clone(), local)];
    if let Some((config, redis)) = server(&[]).await {
        let one = Events::new(&config, Some(&redis)).await.unwrap();
        let two = Events::new(&config, Some(&redis)).await.unwrap();
        pairs.push((one, two));
    }
    pairs
}

async fn next(subscription: &mut Subscription) -> Event {
    tokio::time::timeout(Duration::from_secs(20), subscription.next()).await.expect("in time").expect("never ends")
}

fn message(text: &str) -> Event {
    Event::Message(text.into())
}

/// Everything up to and with the first of these.
async fn until(subscription: &mut Subscription, wanted: &Event) -> Vec<Event> {
    let mut heard = Vec::new();
    loop {
        heard.push(next(subscription).await);
        if heard.last() == Some(wanted) {
            return heard;
        }
    }
}

#[tokio::test]
async fn everyone_who_listens_to_the_topic_hears_it_in_order() {
    for (here, there) in pairs().await {
        let mut first = here.subscribe("media:1").await.unwrap();
        let mut second = here.subscribe("media:1").await.unwrap();
        let mut other = here.subscribe("media:2").await.unwrap();
        for payload in ["processing", "ready"] {
            there.publish("media:1", payload).await.unwrap();
        }
        there.publish("media:2", "ünï \n {}").await.unwrap();
        for listener in [&mut first, &mut second] {
            assert_eq!(next(listener).await, message("processing"));
            assert_eq!(next(listener).await, message("ready"));
        }
        assert_eq!(next(&mut other).await, message("ünï \n {}"));
        here.ping().await.unwrap();
    }
}

#[tokio::test]
async fn all_topics_of_a_crowd_are_told() {
    for (here, there) in pairs().await {
        let topics: Vec<String> = (0..1201).map(|number| format!("feed:{number}")).collect();
        let mut listeners = Vec::new();
        for heard in [0, 499, 500, 1200] {
            listeners.push(here.subscribe(&topics[heard]).await.unwrap());
        }
        let mut other = here.subscribe("feed:1201").await.unwrap();
        there.publish_to_each(&topics, "ünï 'post'").await.unwrap();
        there.publish_to_each(&[], "nobody").await.unwrap();
        there.publish("feed:1201", "alone").await.unwrap();
        for listener in &mut listeners {
            assert_eq!(next(listener).await, message("ünï 'post'"));
        }
        assert_eq!(next(&mut other).await, message("alone"));
    }
}

#[tokio::test]
async fn a_topic_works_again_after_its_last_listener_left() {
    for (here, there) in pairs().await {
        for round in 0..20 {
            let mut listener = here.subscribe("media:1").await.unwrap();
            let payload = round.to_string();
            there.publish("media:1", &payload).await.unwrap();
            assert_eq!(next(&mut listener).await, message(&payload));
        }
    }
}

#[tokio::test]
async fn one_listener_leaving_does_not_silence_another() {
    for (here, there) in pairs().await {
        let mut stays = here.subscribe("media:1").await.unwrap();
        drop(here.subscribe("media:1").await.unwrap());
        let mut probe = here.subscribe("probe").await.unwrap();
        there.publish("probe", "").await.unwrap();
        next(&mut probe).await;
        there.publish("media:1", "still").await.unwrap();
        assert_eq!(next(&mut stays).await, message("still"));
    }
}

#[tokio::test]
async fn the_last_to_leave_ends_the_subscription() {
    let Some((config, redis)) = server(&[]).await else { return };
    let events = Events::new(&config, Some(&redis)).await.unwrap();
    let channel = &redis.channel("media:1");
    // A node of a cluster knows of its own subscribers only.
    let listeners = async || {
        let counts = redis.call(|client| async move {
            let nodes = client.cached_cluster_state().map(|state| state.unique_primary_nodes());
            let nodes = nodes.map_or(vec![None], |nodes| nodes.into_iter().map(Some).collect());
            let mut sum = 0;
            for cluster_node in nodes {
                let node = client.with_options(&Options { cluster_node, ..Options::default() });
                let counts: HashMap<String, u64> = node.pubsub_numsub(channel.clone()).await?;
                sum += counts[channel];
            }
            Ok(sum)
        });
        counts.await.unwrap()
    };
    let (one, two) = (events.subscribe("media:1").await.unwrap(), events.subscribe("media:1").await.unwrap());
    assert_eq!(listeners().await, 1, "once a process");
    drop((one, two));
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while listeners().await != 0 {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_slow_listener_is_told_that_it_missed_some() {
    for (here, there) in pairs().await {
        let mut slow = here.subscribe("media:1").await.unwrap();
        let mut probe = here.subscribe("probe").await.unwrap();
        for number in 0..500 {
            there.publish("media:1", &number.to_string()).await.unwrap();
        }
        there.publish("probe", "").await.unwrap();
        next(&mut probe).await;
        let heard = until(&mut slow, &message("499")).await;
        assert_eq!(heard[0], Event::Missed);
        assert!(heard.len() < 100, "the backlog is bounded: {}", heard.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_lost_connection_listeners_are_told_and_hear_again() {
    let Some(relay) = relay().await else { return };
    let (config, redis) = server(&[("DARKROOM_REDIS_URL", &relay.url())]).await.unwrap();
    let events = Events::new(&config, Some(&redis)).await.unwrap();
    let mut before = events.subscribe("media:1").await.unwrap();
    events.publish("media:1", "one").await.unwrap();
    assert_eq!(until(&mut before, &message("one")).await.last(), Some(&message("one")));

    relay.cut();
    while events.ping().await.is_ok() {
        tokio::task::yield_now().await;
    }
    // Begun while nothing works: returns, and is told later.
    let mut meanwhile = events.subscribe("media:2").await.unwrap();
    relay.mend().await;
    assert_eq!(next(&mut before).await, Event::Missed);
    assert_eq!(next(&mut meanwhile).await, Event::Missed);

    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while events.ping().await.is_err() {
        assert!(tokio::time::Instant::now() < deadline, "healthy again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for (topic, listener) in [("media:1", &mut before), ("media:2", &mut meanwhile)] {
        events.publish(topic, "again").await.unwrap();
        until(listener, &message("again")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_begins_to_listen_misses_nothing_before_the_server_knows_of_it() {
    let Some(relay) = relay().await else { return };
    let near = [("DARKROOM_REDIS_URL", relay.url()), ("DARKROOM_REDIS_COMMAND_TIMEOUT_MS", "500".into())];
    let (config, redis) = server(&[(near[0].0, &near[0].1), (near[1].0, &near[1].1)]).await.unwrap();
    let events = Events::new(&config, Some(&redis)).await.unwrap();
    // The same prefix, past the relay.
    let prefix = redis.channel("").to_string();
    let (_, direct) = server(&[]).await.unwrap();

    relay.hold();
    let mut listener = events.subscribe("media:1").await.unwrap();
    let channel = &format!("{prefix}media:1");
    let heard: i64 =
        direct.call(|client| async move { client.publish(channel.clone(), "unheard").await }).await.unwrap();
    assert_eq!(heard, 0, "the subscription is still on its way");
    relay.release();
    assert_eq!(next(&mut listener).await, Event::Missed);
}
