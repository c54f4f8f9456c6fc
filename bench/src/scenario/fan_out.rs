//! A post on its way to a thousand timelines, and up to a million, beside the same number of raw commands.

use anyhow::{Context, ensure};
use bytes::Bytes;
use darkroom_platform::{Clock, Platform};
use fred::prelude::{Builder, Client, ClientLike, KeysInterface, ListInterface, Value};
use fred::types::config::Config as FredConfig;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::Effort;
use crate::plot::Panel;
use crate::report::Section;
use crate::stores::{Stores, World};
use crate::usage::Meter;

/// Ids in each timeline, by the number of timelines: full, so that what is pushed pushes old ones out, in one go for a few dozen.
/// As many as are usual, or so few that memory holds a million of them twice.
fn window(timelines: usize) -> usize {
    if timelines <= 10_000 { 800 } else { 50 }
}

/// Timelines in one round trip, as the product does it.
const BATCH: usize = 500;

/// Bytes of a whole pipeline, and of its answers: each goes at once.
const PIPELINE: usize = 256 * BATCH;
const ANSWERS: usize = 16 * BATCH;

/// Timelines that are made at once before the measurement.
const AT_ONCE: usize = 32;

/// Measures it for each number of followers, all of whom have a timeline. On embedded stores there is no floor: a timeline is a
/// list in memory.
pub(crate) async fn run(section: &mut Section<'_>, world: &World, effort: Effort) -> anyhow::Result<Vec<Panel>> {
    let title = format!("Timelines that get one more post, {}", world.stores.name());
    let mut panel = Panel::growth(title, "a second", "followers");
    for followers in effort.followers {
        let rounds = (effort.pushes / followers).max(1);
        let mut config = world.config()?;
        config.feed.window = window(*followers);
        let platform = Platform::connect(config, Clock::system()).await?;
        of(section, &mut panel, world, &platform, *followers, rounds).await?;
        platform.database.close().await?;
    }
    Ok(vec![panel])
}

async fn of(
    section: &mut Section<'_>,
    panel: &mut Panel,
    world: &World,
    platform: &Platform,
    many: usize,
    rounds: usize,
) -> anyhow::Result<()> {
    let followers: Vec<Uuid> = (0..many).map(|_| platform.clock.new_id()).collect();
    let window = platform.config.feed.window;
    let posts: Vec<Uuid> = (0..window).map(|_| platform.clock.new_id()).collect();
    stream::iter(&followers)
        .map(|follower| async {
            let token = platform.timelines.begin(*follower, 0).await?;
            platform.timelines.finish(*follower, &token, &posts, &[]).await
        })
        .buffer_unordered(AT_ONCE)
        .try_for_each(async |_| Ok(()))
        .await?;
    let mut raw =
        if world.stores == Stores::Clustered { Some(Raw::connect(platform, &followers).await?) } else { None };

    let redis = world.servers.iter().find(|(name, _)| *name == "Redis").map(|(_, pid)| *pid);
    let pids: Vec<u32> = std::iter::once(std::process::id()).chain(redis).collect();
    let (mut product, mut floors) = (Sum::default(), [Sum::default(), Sum::default()]);
    // Turn by turn, so that all meet the same noise of the machine.
    for _ in 0..rounds {
        let post = platform.clock.new_id();
        let meter = Meter::start(&pids)?;
        platform.timelines.push(&followers, post).await?;
        product.add(&meter)?;
        if let Some(raw) = &mut raw {
            for (writes, floor) in Writes::ALL.into_iter().zip(&mut floors) {
                let post = platform.clock.new_id();
                let meter = Meter::start(&pids)?;
                raw.push(post, writes).await?;
                floor.add(&meter)?;
            }
        }
    }
    if let Some(read) = platform.timelines.read(followers[0], 0).await? {
        ensure!(read.ids.len() == window, "a timeline has {} posts", read.ids.len());
    } else {
        // In one process the timelines of those who were not seen for long make room.
        ensure!(raw.is_none(), "a timeline is gone");
    }
    let pushes = (many * rounds) as f64;
    let what = format!("{many} timelines of {window} posts that get one more");
    panel.point("Darkroom", many as f64, pushes / product.seconds);
    let Some(raw) = raw else {
        section.add(what, pushes / product.seconds, "/s");
        return Ok(());
    };
    for (writes, floor) in Writes::ALL.into_iter().zip(&floors) {
        panel.point(&format!("Redis, {}", writes.name()), many as f64, pushes / floor.seconds);
        let what = format!("{what}; floor: {} in pipelines written by hand", writes.name());
        section.beside(what, pushes / product.seconds, "/s", pushes / floor.seconds);
        for (name, at) in [("of this process", 0), ("of Redis", 1)] {
            if let (Some(ours), Some(theirs)) = (product.cpu.get(at), floor.cpu.get(at)) {
                let (each, floor) = (1e6 / pushes, writes.name());
                let what = format!("{many}: CPU a timeline, {name}; floor: {floor}");
                section.beside(what, ours * each, "µs", theirs * each);
            }
        }
    }
    raw.clear().await
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

/// What is written to each list.
#[derive(Clone, Copy)]
enum Writes {
    /// The one command that no way of adding to a list can do without; by itself it lets the list grow.
    Push,
    /// And the one that keeps it as long as it was.
    PushAndTrim,
}

impl Writes {
    const ALL: [Self; 2] = [Self::Push, Self::PushAndTrim];

    fn name(self) -> &'static str {
        match self {
            Self::Push => "LPUSHX",
            Self::PushAndTrim => "LPUSHX and LTRIM",
        }
    }
}

/// Commands on lists like those of the product, written to a socket as bytes, a pipeline after the other, so that it is Redis that
/// is measured and no client.
struct Raw {
    /// Elements of a list.
    length: usize,
    client: Client,
    socket: BufStream<TcpStream>,
    keys: Vec<String>,
}

impl Raw {
    async fn connect(platform: &Platform, followers: &[Uuid]) -> anyhow::Result<Self> {
        let config = FredConfig::from_url(platform.config.redis_url())?;
        let server = config.server.hosts().first().cloned().context("no Redis server")?;
        let client = Builder::from_config(config).build()?;
        client.init().await?;
        let prefix = &platform.config.redis.key_prefix;
        let key = |kind: &str, account: &Uuid| format!("{prefix}:{kind}:{{{}}}", account.simple());
        // Lists like those of the product, header and all.
        let list: Vec<Bytes> = client.lrange(key("tl", &followers[0]), 0, -1).await?;
        let bytes: usize = list.iter().map(Bytes::len).sum();
        ensure!(
            bytes > 16 * platform.config.feed.window,
            "the floor would run on other lists than the product ({bytes} bytes)"
        );
        // As long a key as the product's: `tl`.
        let keys: Vec<String> = followers.iter().map(|account| key("rw", account)).collect();
        for keys in keys.chunks(AT_ONCE) {
            let pipeline = client.pipeline();
            for key in keys {
                pipeline.rpush::<(), _, _>(key.as_str(), list.clone()).await?;
            }
            pipeline.all::<Value>().await?;
        }
        let socket = TcpStream::connect((&*server.host, server.port)).await?;
        socket.set_nodelay(true)?;
        Ok(Self { client, socket: BufStream::with_capacity(ANSWERS, PIPELINE, socket), keys, length: list.len() })
    }

    /// Makes room for the next.
    async fn clear(&self) -> anyhow::Result<()> {
        for keys in self.keys.chunks(BATCH) {
            self.client.unlink::<(), _>(keys.to_vec()).await?;
        }
        Ok(())
    }

    async fn push(&mut self, post: Uuid, writes: Writes) -> anyhow::Result<()> {
        let mut line = String::new();
        let last = (self.length - 1).to_string();
        for keys in self.keys.chunks(BATCH) {
            for key in keys {
                let head = format!("*3\r\n$6\r\nLPUSHX\r\n${}\r\n{key}\r\n$16\r\n", key.len());
                self.socket.write_all(head.as_bytes()).await?;
                self.socket.write_all(post.as_bytes()).await?;
                self.socket.write_all(b"\r\n").await?;
                if let Writes::PushAndTrim = writes {
                    let trim = format!(
                        "*4\r\n$5\r\nLTRIM\r\n${}\r\n{key}\r\n$1\r\n0\r\n${}\r\n{last}\r\n",
                        key.len(),
                        last.len()
                    );
                    self.socket.write_all(trim.as_bytes()).await?;
                }
            }
            self.socket.flush().await?;
            let answers = match writes {
                Writes::Push => &b":"[..],
                Writes::PushAndTrim => b":+",
            };
            for first in keys.iter().flat_map(|_| answers) {
                line.clear();
                self.socket.read_line(&mut line).await?;
                ensure!(line.as_bytes().first() == Some(first), "Redis said {line:?}");
            }
        }
        Ok(())
    }
}
