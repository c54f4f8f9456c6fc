//! A post on its way to ten thousand timelines, beside the same number of raw commands.

use anyhow::{Context, ensure};
use bytes::Bytes;
use darkroom_platform::{Clock, Platform};
use fred::prelude::{Builder, Client, ClientLike, SortedSetsInterface, Value};
use fred::types::config::Config as FredConfig;
use futures::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::Effort;
use crate::report::Section;
use crate::stores::{Stores, World};
use crate::usage::Meter;

/// Followers, all of whom have a timeline.
const FOLLOWERS: usize = 10_000;

/// Ids in each timeline: full, so that each push takes an old one out; more than a listpack holds.
const WINDOW: usize = 200;

/// Settings of the world that this is measured on.
pub(crate) const SETTINGS: [(&str, &str); 1] = [("DARKROOM_FEED_WINDOW", "200")];

/// Timelines in one round trip, as the product does it.
const BATCH: usize = 500;

/// Timelines that are made at once before the measurement.
const AT_ONCE: usize = 32;

/// Measures it. On embedded stores there is no floor: a timeline is a list in memory.
pub(crate) async fn run(section: &mut Section<'_>, world: &World, effort: Effort) -> anyhow::Result<()> {
    let platform = Platform::connect(world.config()?, Clock::system()).await?;
    let followers: Vec<Uuid> = (0..FOLLOWERS).map(|_| platform.clock.new_id()).collect();
    let posts: Vec<Uuid> = (0..WINDOW).map(|_| platform.clock.new_id()).collect();
    stream::iter(&followers)
        .map(|follower| async {
            let token = platform.timelines.begin(*follower, 0).await?;
            platform.timelines.finish(*follower, &token, &posts).await
        })
        .buffer_unordered(AT_ONCE)
        .try_for_each(async |_| Ok(()))
        .await?;
    let raw = if world.stores == Stores::Clustered { Some(Raw::connect(&platform, &followers).await?) } else { None };

    let redis = world.servers.iter().find(|(name, _)| *name == "Redis").map(|(_, pid)| *pid);
    let pids: Vec<u32> = std::iter::once(std::process::id()).chain(redis).collect();
    let (mut product, mut floor) = (Sum::default(), Sum::default());
    // Turn by turn, so that both meet the same noise of the machine.
    for _ in 0..effort.rounds {
        let post = platform.clock.new_id();
        let meter = Meter::start(&pids)?;
        platform.timelines.push(&followers, post).await?;
        product.add(&meter)?;
        if let Some(raw) = &raw {
            let post = platform.clock.new_id();
            let meter = Meter::start(&pids)?;
            raw.push(post).await?;
            floor.add(&meter)?;
        }
    }
    let window = platform.timelines.read(followers[0], 0).await?.context("a timeline is gone")?;
    ensure!(window.ids.len() == WINDOW, "a timeline has {} posts", window.ids.len());
    let pushes = (FOLLOWERS * effort.rounds) as f64;
    let what = format!("timelines of {WINDOW} posts that get one more");
    if raw.is_none() {
        section.add(what, pushes / product.seconds, "/s");
        return Ok(platform.database.close().await?);
    }
    let what = format!("{what}; floor: raw ZADD + ZREMRANGEBYRANK");
    section.beside(what, pushes / product.seconds, "/s", pushes / floor.seconds);
    for (name, at) in [("of this process", 0), ("of Redis", 1)] {
        if let (Some(ours), Some(theirs)) = (product.cpu.get(at), floor.cpu.get(at)) {
            let each = 1e6 / pushes;
            section.beside(format!("CPU a timeline, {name}"), ours * each, "µs", theirs * each);
        }
    }
    Ok(platform.database.close().await?)
}

/// Time and CPU over several turns.
#[derive(Default)]
struct Sum {
    seconds: f64,
    cpu: Vec<f64>,
}

impl Sum {
    fn add(&mut self, meter: &Meter) -> anyhow::Result<()> {
        let (seconds, cpu) = meter.read()?;
        self.seconds += seconds;
        self.cpu.resize(cpu.len(), 0.0);
        self.cpu.iter_mut().zip(cpu).for_each(|(sum, more)| *sum += more);
        Ok(())
    }
}

/// The two commands that no way of adding to a bounded sorted set can do without, on the same keys.
struct Raw {
    client: Client,
    keys: Vec<String>,
}

impl Raw {
    async fn connect(platform: &Platform, followers: &[Uuid]) -> anyhow::Result<Self> {
        let config = FredConfig::from_url(platform.config.redis_url())?;
        let client = Builder::from_config(config).build()?;
        client.init().await?;
        let prefix = &platform.config.redis.key_prefix;
        let keys: Vec<String> =
            followers.iter().map(|account| format!("{prefix}:timeline:{{{}}}", account.simple())).collect();
        let members: i64 = client.zcard(keys[0].as_str()).await?;
        // With the state that the product keeps beside the ids.
        ensure!(members == WINDOW as i64 + 1, "the floor would run on other keys than the product ({members} members)");
        Ok(Self { client, keys })
    }

    async fn push(&self, post: Uuid) -> anyhow::Result<()> {
        let id = Bytes::copy_from_slice(post.as_bytes());
        for keys in self.keys.chunks(BATCH) {
            let pipeline = self.client.pipeline();
            for key in keys {
                pipeline.zadd::<(), _, _>(key.as_str(), None, None, false, false, (0.0, id.clone())).await?;
                pipeline.zremrangebyrank::<(), _>(key.as_str(), 0, -(WINDOW as i64 + 2)).await?;
            }
            pipeline.all::<Value>().await?;
        }
        Ok(())
    }
}
