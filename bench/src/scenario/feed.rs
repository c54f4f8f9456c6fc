//! Pages of a feed: one after another, at fixed rates, beside the same bytes served by bare hyper and, where they are
//! installed, beside others who serve the same page.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use darkroom_entity::post;
use darkroom_service::ranking::{self, SettingsChange, WeightsChange};
use darkroom_service::{App, Error, Viewer, like, session};
use futures::future::try_join_all;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use sea_orm::{EntityTrait, QueryOrder, QuerySelect};
use serde_json::json;
use uuid::Uuid;

use super::{Effort, commands, idle_memory, loaded_memory};
use crate::http::{self, Connection};
use crate::peer;
use crate::plot::Panel;
use crate::population;
use crate::program::{Deployment, Program, pin, unpin};
use crate::report::{Section, quantile};
use crate::stores::{Stores, World, free_address};
use crate::usage::{Meter, Others};

/// Connections, with one request under way on each.
const CONNECTIONS: usize = 8;

/// Connections of an open loop: more than are ever busy, so that a slow answer holds up no other request.
const MANY_CONNECTIONS: usize = 64;

/// The parts of the closed loop's rate at which the open loop runs, percent.
const LOADS: [f64; 4] = [20.0, 40.0, 60.0, 80.0];

/// Turns that the server and bare hyper take at each of these rates.
const TURNS: u32 = 4;

/// Posts of a page.
const PAGE: usize = 20;

/// People whose pages are asked for.
const VIEWERS: usize = 500;

/// Rounds over all viewers before the first page that counts: timelines are built, plans and caches are warm.
const WARM_UP: usize = 3;

/// Likes a second while pages are read.
const LIKES: u32 = 100;

/// People who like, and posts that are liked.
const LIKERS: usize = 50;
const LIKED: u64 = 2000;

const FEED: &str = "query Feed($mode: FeedMode!, $first: Int!) { feed(mode: $mode, first: $first) {
    pageInfo { hasNextPage endCursor }
    edges { cursor node { id caption likeCount commentCount viewerHasLiked createdAt
        author { id username fullName avatar }
        media { id width height placeholder altText
            thumbnail: url(size: THUMBNAIL) medium: url(size: MEDIUM) large: url(size: LARGE) } } } } }";

/// Measures it on a world of its own; how long pages take at which load.
pub(crate) async fn run(section: &mut Section<'_>, world: &World, effort: Effort) -> anyhow::Result<Vec<Panel>> {
    let app = world.open().await?;
    let tokens = population::fill(&app, effort.shape).await?;
    let likes = Likes::among(&app, &tokens).await?;
    app.database.close().await?;
    drop(app);
    let mut random = StdRng::seed_from_u64(2);
    let viewers: Vec<&String> = tokens.choose_multiple(&mut random, VIEWERS).collect();

    // First, so that every connection of a store is served there.
    apart(world)?;
    let deployment = Deployment::start_apart(world).await?;
    let (reading, mut panels) = (effort.reading, Vec::new());
    for (mode, name) in [("FOLLOWING", "chronological"), ("RANKED", "ranked")] {
        let requests = requests(&viewers, mode);
        let weight = warm_up(world.address, &requests).await?;
        section.add(format!("{name}: bytes of a page, mean"), weight.mean, "B");
        if mode == "FOLLOWING" {
            idle_memory(section, &deployment, "idle after pages").await?;
        }
        // A ranked page asks for the same, and for its order.
        let commands = match mode {
            "FOLLOWING" => commands::alone(world, &viewers, CONNECTIONS, reading.min(Duration::from_secs(5))).await?,
            _ => Vec::new(),
        };
        let floor = Floor::measure(world, &weight.example, &requests, reading.min(Duration::from_secs(5))).await?;
        let others = Others::now()?;
        let Page { rate, mut times, cpu } = pages(world, &deployment, &requests, reading).await?;
        section.beside(format!("{name}: pages; floor: the same bytes from bare hyper"), rate, "/s", floor.rate);
        section.beside(format!("{name}: p50, {CONNECTIONS} at once"), quantile(&mut times, 0.5), "ms", floor.p50);
        section.beside(format!("{name}: p99, {CONNECTIONS} at once"), quantile(&mut times, 0.99), "ms", floor.p99);
        for (place, (process, milliseconds)) in cpu.into_iter().enumerate() {
            let what = format!("{name}: CPU a page, {process}");
            let alone = commands.iter().find(|(store, _)| *store == process).map(|(_, cpu)| *cpu);
            match alone {
                None if place == 0 => section.beside(what, milliseconds, "ms", floor.cpu),
                None => section.add(what, milliseconds, "ms"),
                Some(alone) => section.beside(format!("{what}; floor: its commands alone"), milliseconds, "ms", alone),
            }
        }
        let title = format!("A page of the {name} feed at fixed rates, {}", world.stores.name());
        let mut panel = Panel::spread(title, "ms", "% of the highest rate");
        for load in LOADS {
            let addresses = [world.address, floor.address];
            let [mut times, mut bare] = in_turns(addresses, &requests, load / 100.0, reading).await?;
            for (share, what) in [(0.5, "p50"), (0.95, "p95"), (0.99, "p99")] {
                let milliseconds = quantile(&mut times, share);
                let at = format!("{name}: {what} at {load:.0} % of what it can do; floor: bare hyper at the same rate");
                section.beside(at, milliseconds, "ms", quantile(&mut bare, share));
                panel.point(what, load, milliseconds);
            }
            panel.point("p99, bare hyper", load, quantile(&mut bare, 0.99));
        }
        section.add(format!("{name}: the cores' time that other guests took meanwhile"), others.share()? * 100.0, "%");
        floor.server.end();
        if mode == "FOLLOWING" {
            let app = world.open().await?;
            let Page { rate, cpu, .. } = tokio::select! {
                page = pages(world, &deployment, &requests, reading) => page?,
                error = likes.go_on(&app) => return error,
            };
            app.database.close().await?;
            let meanwhile = format!("{name}, {LIKES} likes a second meanwhile");
            section.add(format!("{meanwhile}: pages"), rate, "/s");
            for (process, milliseconds) in cpu {
                section.add(format!("{meanwhile}: CPU a page, {process}"), milliseconds, "ms");
            }
        }
        if mode == "RANKED" {
            for (process, milliseconds) in made_anew(world, &deployment, &viewers, &requests).await? {
                section.add(format!("{name}, the order made anew: CPU a page, {process}"), milliseconds, "ms");
            }
        }
        panels.push(panel);
    }
    loaded_memory(section, &deployment).await?;
    deployment.stop().await?;
    if world.stores == Stores::Clustered {
        beside_peers(section, world, &viewers, reading).await?;
    }
    together(world)?;
    Ok(panels)
}

/// People, and posts that they like.
struct Likes {
    people: Vec<Viewer>,
    posts: Vec<Uuid>,
}

impl Likes {
    /// Some of these people, and the newest posts of anybody: the ones that stand in pages.
    async fn among(app: &App, tokens: &[String]) -> anyhow::Result<Self> {
        let mut people = Vec::new();
        for token in tokens.iter().take(LIKERS) {
            people.extend(session::authenticate(app, token).await?);
        }
        let newest = post::Entity::find().select_only().column(post::Column::Id).order_by_desc(post::Column::Id);
        Ok(Self { people, posts: newest.limit(LIKED).into_tuple().all(app.rows()).await? })
    }

    /// Likes at a steady rate, through the service, until something fails.
    async fn go_on<T>(&self, app: &App) -> anyhow::Result<T> {
        let mut random = StdRng::seed_from_u64(4);
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / LIKES);
        loop {
            ticks.tick().await;
            let (person, post) = (self.people.choose(&mut random), self.posts.choose(&mut random));
            let (person, post) = person.zip(post).context("nobody, or nothing to be liked")?;
            match like::like(app, person, *post).await {
                // Most people see most posts.
                Ok(_) | Err(Error::Rejected { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Requests for a page of each of these people's feeds, as bytes on the wire.
pub(crate) fn requests(tokens: &[&String], mode: &str) -> Arc<[Vec<u8>]> {
    let variables = json!({ "mode": mode, "first": PAGE });
    tokens.iter().map(|token| http::graphql(token, FEED, &variables)).collect()
}

/// What pages cost in a closed loop.
pub(crate) struct Page {
    /// Pages a second.
    pub(crate) rate: f64,
    /// Of each page, milliseconds.
    pub(crate) times: Vec<f64>,
    /// Milliseconds a page: first of the process that answers, then of the stores that hold rows and ids.
    pub(crate) cpu: Vec<(&'static str, f64)>,
}

/// Asks for random people's pages for so long.
pub(crate) async fn pages(
    world: &World,
    deployment: &Deployment,
    requests: &Arc<[Vec<u8>]>,
    time: Duration,
) -> anyhow::Result<Page> {
    let meter = world.meter(&deployment.pids())?;
    let times = closed_loop(world.address, requests, time).await?;
    let (seconds, cpu) = meter.read()?;
    Ok(Page { rate: times.len() as f64 / seconds, cpu: cpu_of_each(world, deployment, &cpu, times.len()), times })
}

/// Of what all processes took, as [`World::meter`] has it, milliseconds for each of so many pages.
fn cpu_of_each(world: &World, deployment: &Deployment, cpu: &[f64], pages: usize) -> Vec<(&'static str, f64)> {
    let servers = world.servers.iter().zip(&cpu[deployment.programs.len()..]);
    let stores = servers.filter(|((server, _), _)| *server != "S3").map(|((server, _), seconds)| (*server, *seconds));
    let all = std::iter::once((deployment.programs[0].name, cpu[0])).chain(stores);
    all.map(|(name, seconds)| (name, seconds * 1e3 / pages as f64)).collect()
}

/// Everybody's page once, after each has changed their settings: every order is made anew, and nothing of a page is known.
async fn made_anew(
    world: &World,
    deployment: &Deployment,
    viewers: &[&String],
    requests: &[Vec<u8>],
) -> anyhow::Result<Vec<(&'static str, f64)>> {
    let app = world.open().await?;
    for token in viewers {
        let viewer = session::authenticate(&app, token).await?.context("somebody is signed out")?;
        let change = SettingsChange { weights: Some(WeightsChange::Reset), ..SettingsChange::default() };
        ranking::update_settings(&app, &viewer, change).await?;
    }
    app.database.close().await?;
    let mut connection = Connection::open(world.address).await?;
    let meter = world.meter(&deployment.pids())?;
    for request in requests {
        connection.send(request).await?;
    }
    let (_, cpu) = meter.read()?;
    Ok(cpu_of_each(world, deployment, &cpu, requests.len()))
}

/// Puts the stores, and this process, on the second core: the server that answers has the first.
pub(crate) fn apart(world: &World) -> anyhow::Result<()> {
    beside_the_server(world).try_for_each(|pid| pin(pid, 1))
}

/// Takes that back.
pub(crate) fn together(world: &World) -> anyhow::Result<()> {
    beside_the_server(world).try_for_each(unpin)
}

fn beside_the_server(world: &World) -> impl Iterator<Item = u32> {
    world.servers.iter().map(|(_, pid)| *pid).chain([std::process::id()])
}

/// The same page from others, on the same rows.
async fn beside_peers(
    section: &mut Section<'_>,
    world: &World,
    viewers: &[&String],
    reading: Duration,
) -> anyhow::Result<()> {
    for peer in peer::installed()? {
        let server = peer.start(world).await?;
        let requests: Arc<[Vec<u8>]> =
            viewers.iter().map(|token| http::graphql(token, peer::FEED, &json!({ "first": PAGE }))).collect();
        let page = warm_up(server.address, &requests).await?;
        section.add(format!("{}: bytes of a page, mean", peer.name), page.mean, "B");
        let meter = world.meter(&[server.program.pid()])?;
        let times = closed_loop(server.address, &requests, reading).await?;
        let (seconds, cpu) = meter.read()?;
        let pages = times.len() as f64;
        section.add(format!("{}: pages", peer.name), pages / seconds, "/s");
        section.add(format!("{}: CPU a page, server", peer.name), cpu[0] * 1e3 / pages, "ms");
        for ((name, _), seconds) in world.servers.iter().zip(&cpu[1..]).filter(|((name, _), _)| *name != "S3") {
            section.add(format!("{}: CPU a page, {name}", peer.name), seconds * 1e3 / pages, "ms");
        }
        server.program.end();
    }
    Ok(())
}

/// What pages weigh.
pub(crate) struct Weight {
    example: Vec<u8>,
    mean: f64,
}

/// Asks for everybody's page again and again, and checks at the end that each is a whole one.
pub(crate) async fn warm_up(address: SocketAddr, requests: &[Vec<u8>]) -> anyhow::Result<Weight> {
    let mut connection = Connection::open(address).await?;
    for request in (1..WARM_UP).flat_map(|_| requests) {
        connection.send(request).await?;
    }
    let (mut example, mut sum) = (Vec::new(), 0);
    for request in requests {
        example = connection.send(request).await?.to_vec();
        sum += example.len();
        let data = http::data(&example)?;
        let edges = data["feed"]["edges"].as_array().map_or(0, Vec::len);
        ensure!(edges == PAGE, "a page has {edges} posts in place of {PAGE}: {data}");
        let first = &data["feed"]["edges"][0]["node"];
        ensure!(first["media"][0]["large"].is_string() && first["author"]["avatar"].is_string(), "no URLs: {first}");
    }
    Ok(Weight { example, mean: sum as f64 / requests.len() as f64 })
}

/// Asks for random people's pages, again and again, on each of a few connections; milliseconds of each request.
async fn closed_loop(address: SocketAddr, requests: &Arc<[Vec<u8>]>, time: Duration) -> anyhow::Result<Vec<f64>> {
    let until = Instant::now() + time;
    let readers = (0..CONNECTIONS).map(|number| {
        let requests = Arc::clone(requests);
        let reader = async move {
            let mut random = StdRng::seed_from_u64(number as u64);
            let mut connection = Connection::open(address).await?;
            let mut times = Vec::new();
            while Instant::now() < until {
                let begun = Instant::now();
                connection.send(&requests[random.random_range(0..requests.len())]).await?;
                times.push(begun.elapsed().as_secs_f64() * 1e3);
            }
            anyhow::Ok(times)
        };
        async move { tokio::spawn(reader).await? }
    });
    Ok(try_join_all(readers).await?.concat())
}

/// Asks for random people's pages at a fixed rate, whether answers have come or not. Milliseconds from the moment at which
/// each request was due: one that had to wait for its turn waited (G. Tene, "How NOT to Measure Latency", 2013).
pub(super) async fn open_loop(
    address: SocketAddr,
    requests: &Arc<[Vec<u8>]>,
    rate: f64,
    time: Duration,
) -> anyhow::Result<Vec<f64>> {
    // Opened, and used once, before the first request is due: that is no part of the load.
    let connections = try_join_all((0..MANY_CONNECTIONS).map(|_| Connection::open(address))).await?;
    let mut used = Vec::with_capacity(MANY_CONNECTIONS);
    for mut connection in connections {
        connection.send(&requests[0]).await?;
        used.push(connection);
    }
    let begun = Instant::now();
    let total = (rate * time.as_secs_f64()) as usize;
    let next = Arc::new(AtomicUsize::new(0));
    let readers = used.into_iter().enumerate().map(|(number, mut connection)| {
        let (requests, next) = (Arc::clone(requests), Arc::clone(&next));
        let reader = async move {
            let mut random = StdRng::seed_from_u64(number as u64);
            let mut times = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= total {
                    return anyhow::Ok(times);
                }
                let due = begun + Duration::from_secs_f64(number as f64 / rate);
                tokio::time::sleep_until(due.into()).await;
                connection.send(&requests[random.random_range(0..requests.len())]).await?;
                times.push(due.elapsed().as_secs_f64() * 1e3);
            }
        };
        async move { tokio::spawn(reader).await? }
    });
    Ok(try_join_all(readers).await?.concat())
}

/// Milliseconds of requests to a server at this share, 0–1, of what it can do, and of requests to its floor at the same rate. They take
/// turns for so long in all, and before each turn it is seen what the server can do: a virtual machine is half as fast in one minute as in
/// another, and what was a part of the load then would be all of it now.
async fn in_turns(
    [server, floor]: [SocketAddr; 2],
    requests: &Arc<[Vec<u8>]>,
    load: f64,
    time: Duration,
) -> anyhow::Result<[Vec<f64>; 2]> {
    let (slice, mut times) = (time / (2 * TURNS), [Vec::new(), Vec::new()]);
    for _ in 0..TURNS {
        let (begun, look) = (Instant::now(), slice / 4);
        let most = closed_loop(server, requests, look).await?.len() as f64 / begun.elapsed().as_secs_f64();
        for (address, times) in [server, floor].into_iter().zip(&mut times) {
            times.extend(open_loop(address, requests, most * load, slice).await?);
        }
    }
    Ok(times)
}

/// Bare hyper with the same bytes, and what it does for the same client.
struct Floor {
    server: Program,
    address: SocketAddr,
    rate: f64,
    p50: f64,
    p99: f64,
    cpu: f64,
}

impl Floor {
    async fn measure(world: &World, page: &[u8], requests: &Arc<[Vec<u8>]>, time: Duration) -> anyhow::Result<Self> {
        let file = world.folder().join("page.json");
        fs::write(&file, page)?;
        let address = free_address()?;
        let arguments = ["static-response".to_owned(), file.display().to_string(), address.to_string()];
        let own = std::env::current_exe()?;
        let mut server = Program::start("static-response", Path::new(&own), &arguments, &[], world.folder(), Some(0))?;
        server.listens(address).await.context("the floor")?;
        closed_loop(address, requests, time / 10).await?;
        let meter = Meter::start(&[server.pid()])?;
        let mut times = closed_loop(address, requests, time).await?;
        let (seconds, cpu) = meter.read()?;
        let answers = times.len() as f64;
        let [p50, p99] = [0.5, 0.99].map(|share| quantile(&mut times, share));
        Ok(Self { server, address, rate: answers / seconds, p50, p99, cpu: cpu[0] * 1e3 / answers })
    }
}
