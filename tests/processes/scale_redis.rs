//! Redis as a cluster, whose slots move and whose nodes go away, and behind a sentinel that replaces a lost master: everything
//! that goes by way of it goes on, and nobody is held up.

mod slots;
mod stage;

use std::collections::HashSet;

use darkroom_platform::config::RedisAddress;
use darkroom_platform::redis::Redis;
use darkroom_platform::{Config, Role};
use darkroom_testing::process::{RedisCluster, WatchedRedis};
use darkroom_testing::{Client, Mode, uuid_of};
use serde_json::json;

use self::stage::{FOLLOWERS, GUESSES, Stage, Talk};
use crate::runs_in;

/// Slots of three nodes that are alike.
const ALIKE: [u16; 3] = [5461, 5461, 5462];

/// A connection as a program has it, patient enough for a busy machine.
async fn connect(url: &str, prefix: &str) -> (Config, Redis) {
    let variables = [
        ("DARKROOM_SECRET", "a secret for tests that nobody needs to keep"),
        ("DARKROOM_REDIS_URL", url),
        ("DARKROOM_REDIS_KEY_PREFIX", prefix),
        ("DARKROOM_REDIS_COMMAND_TIMEOUT_MS", "10000"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::load_from(Role::Single, None, variables).unwrap();
    let RedisAddress::Server(url) = config.redis_address().unwrap() else { panic!("a server") };
    let redis = Redis::connect(&config, &url).await.unwrap();
    (config, redis)
}

async fn send(client: &Client, body: serde_json::Value) -> serde_json::Value {
    client.http().post(client.url("/graphql")).json(&body).send().await.unwrap().json().await.unwrap()
}

/// Two pages of one order, by way of two servers.
async fn ranked_pages_join(stage: &Stage, posts: &[String]) {
    let first = stage.by_way_of(0, 1).ranked_page(2, None).await;
    let rest = stage.by_way_of(1, 1).ranked_page(20, first.next.as_deref()).await;
    assert!(!rest.restarted, "the other server knows the order");
    let seen: HashSet<&String> = first.ids.iter().chain(&rest.ids).collect();
    assert_eq!(seen, posts.iter().collect());
}

/// A document that one server was sent is known to the other by its hash.
async fn documents_are_shared(stage: &Stage) {
    // printf %s '{ instance { version } }' | sha256sum
    let hash = "5c9e8e083c83dd1aa8d7c8a4dab6f284c5d8e80e27ea416d9f97260798a2139d";
    let named = json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash } } });
    let mut whole = named.clone();
    whole["query"] = json!("{ instance { version } }");
    for (api, body) in stage.apis.iter().zip([whole, named]) {
        let answer = send(&api.client(), body).await;
        assert!(answer["data"]["instance"]["version"].is_string(), "{answer}");
    }
}

/// Half of the guesses at each server, and both refuse the next.
async fn limits_are_shared(stage: &Stage) {
    let input = json!({ "login": "author", "password": "a wrong password" });
    for number in 0..GUESSES {
        let client = stage.apis[number % 2].client();
        let wrong = client.mutate("signIn", input.clone(), "session { token }").await;
        assert_eq!(wrong.user_errors().len(), 1, "{}", wrong.body);
    }
    for api in &stage.apis {
        let refused = api.client().mutate("signIn", input.clone(), "session { token }").await;
        assert_eq!(refused.error_code(), "RATE_LIMITED");
    }
}

#[tokio::test]
async fn everything_works_on_a_cluster_while_its_slots_move() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let mut cluster = RedisCluster::start(&ALIKE).await;
    let stage = Stage::set(&cluster.url()).await;
    let mut posts = Vec::new();
    for caption in ["one", "two", "three"] {
        posts.push(stage.share(caption).await);
    }
    stage.arrive(&posts).await;
    stage.carried(&posts[2]).await;
    let prefix = stage.world.variable("DARKROOM_REDIS_KEY_PREFIX").unwrap();
    let timelines: Vec<usize> =
        (0..cluster.size()).map(|at| cluster.keys(at, &format!("{prefix}:tl:*")).len()).collect();
    assert!(timelines.iter().sum::<usize>() >= FOLLOWERS, "{timelines:?}");
    assert!(timelines.iter().filter(|keys| **keys > 0).count() >= 2, "they lie on several nodes: {timelines:?}");

    let mut talk = Talk::begin(&stage, &posts[0]).await;
    ranked_pages_join(&stage, &posts).await;
    documents_are_shared(&stage).await;
    limits_are_shared(&stage).await;

    // The slot of a timeline is half at its new node while something is posted.
    let mine = format!("{prefix}:tl:{{{}}}", uuid_of(&stage.followers[0].id).simple());
    let slot = cluster.slot(&mine);
    let to = (cluster.owner(slot) + 1) % cluster.size();
    cluster.begin_move(slot, to);
    posts.push(stage.share("four").await);
    stage.arrive(&posts).await;
    talk.goes_on(&stage).await;
    cluster.end_move(slot, to);
    assert_eq!(cluster.keys(to, &mine), std::slice::from_ref(&mine), "the timeline itself has moved");
    stage.carried(&posts[3]).await;

    // Then everything that a node has, and queues, at which workers wait.
    assert!(cluster.move_all(0, 1) > 0);
    for queue in ["interactive", "fanout", "bulk"] {
        let slot = cluster.slot(&format!("{prefix}:jobs:{{{queue}}}"));
        let to = (cluster.owner(slot) + 1) % cluster.size();
        cluster.begin_move(slot, to);
        cluster.end_move(slot, to);
    }
    posts.push(stage.share("five").await);
    stage.arrive(&posts).await;
    stage.carried(&posts[4]).await;
    talk.goes_on(&stage).await;
    ranked_pages_join(&stage, &posts).await;
    stage.end().await;
}

#[tokio::test]
async fn a_master_of_a_cluster_that_dies_and_comes_back_empty_loses_nothing() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let mut cluster = RedisCluster::start(&ALIKE).await;
    let stage = Stage::set(&cluster.url()).await;
    let mut posts = vec![stage.share("before").await];
    stage.arrive(&posts).await;
    let mut talk = Talk::begin(&stage, &posts[0]).await;

    cluster.kill(1);
    for at in 0..3 {
        posts.push(stage.share(&format!("while it is away, {at}")).await);
    }
    cluster.restart(1).await;
    posts.push(stage.share("after").await);
    stage.arrive(&posts).await;
    stage.carried(&posts[4]).await;
    talk.goes_on(&stage).await;
    stage.end().await;
}

#[tokio::test]
async fn a_lost_master_is_replaced_and_found_by_way_of_its_sentinel() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let mut redis = WatchedRedis::start().await;
    let stage = Stage::set(&redis.url()).await;
    let mut posts = vec![stage.share("before").await];
    stage.arrive(&posts).await;
    stage.carried(&posts[0]).await;
    let mut talk = Talk::begin(&stage, &posts[0]).await;
    redis.fall_behind().await;
    posts.push(stage.share("that the replica never hears of").await);
    stage.arrive(&posts).await;
    stage.carried(&posts[1]).await;

    let heir = redis.lose_master();
    for at in 0..2 {
        posts.push(stage.share(&format!("while there is none, {at}")).await);
    }
    redis.promotes(heir).await;
    posts.push(stage.share("after").await);
    stage.arrive(&posts).await;
    for post in &posts {
        stage.carried(post).await;
    }
    talk.goes_on(&stage).await;
    limits_are_shared(&stage).await;
    stage.end().await;
}
