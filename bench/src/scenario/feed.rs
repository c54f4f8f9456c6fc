//! Pages of a feed, beside the same bytes served by bare hyper.

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures::future::try_join_all;
use serde_json::json;

use super::{Effort, idle_memory, loaded_memory};
use crate::http::{self, Connection};
use crate::population;
use crate::program::{Deployment, Program};
use crate::report::{Section, quantile};
use crate::stores::{World, free_address};
use crate::usage::Meter;

/// Connections, each one person's, each with one request under way.
const CONNECTIONS: usize = 8;

/// Posts of a page.
const PAGE: usize = 20;

/// Pages of each person before the first that counts: timelines are built, plans and caches are warm.
const WARM_UP: usize = 20;

const SIGN_IN: &str =
    "mutation($input: SignInInput!) { signIn(input: $input) { session { token } userErrors { message } } }";
const FEED: &str =
    "query Feed($first: Int!) { feed(mode: FOLLOWING, first: $first) { pageInfo { hasNextPage endCursor }
    edges { cursor node { id caption likeCount commentCount viewerHasLiked createdAt
        author { id username fullName avatar }
        media { id width height placeholder altText
            thumbnail: url(size: THUMBNAIL) medium: url(size: MEDIUM) large: url(size: LARGE) } } } } }";

/// Measures it on a world of its own.
pub(crate) async fn run(section: &mut Section<'_>, world: &World, effort: Effort) -> anyhow::Result<()> {
    let app = world.open().await?;
    population::fill(&app, CONNECTIONS).await?;
    app.database.close().await?;
    drop(app);

    let deployment = Deployment::start(world).await?;
    let tokens = sign_in(world.address).await?;
    let requests: Vec<Vec<u8>> =
        tokens.iter().map(|token| http::graphql(token, FEED, &json!({ "first": PAGE }))).collect();
    let page = warm_up(world.address, &requests).await?;
    section.add("bytes of a page", page.len() as f64, "B");
    idle_memory(section, &deployment, "idle after sign-ins and pages").await?;

    let floor = floor(world, &page, &requests, effort.reading.min(Duration::from_secs(5))).await?;

    let meter = world.meter(&deployment.pids())?;
    let mut times = read(world.address, &requests, effort.reading).await?;
    let (seconds, cpu) = meter.read()?;
    let pages = times.len() as f64;
    section.beside("pages; floor: the same bytes from bare hyper", pages / seconds, "/s", floor.rate);
    section.beside("p50", quantile(&mut times, 0.5), "ms", floor.p50);
    section.beside("p99", quantile(&mut times, 0.99), "ms", floor.p99);
    section.beside(format!("CPU a page, {}", deployment.programs[0].name), cpu[0] * 1e3 / pages, "ms", floor.cpu);
    let servers = &cpu[deployment.programs.len()..];
    for ((name, _), seconds) in world.servers.iter().zip(servers).filter(|((name, _), _)| *name != "S3") {
        section.add(format!("CPU a page, {name}"), seconds * 1e3 / pages, "ms");
    }
    loaded_memory(section, &deployment).await?;
    deployment.stop().await
}

/// Signs everybody in, all at once: what is idle afterwards has hashed passwords.
async fn sign_in(address: SocketAddr) -> anyhow::Result<Vec<String>> {
    try_join_all((0..CONNECTIONS).map(|number| async move {
        let login = json!({ "login": population::viewer(number), "password": population::PASSWORD });
        let mut connection = Connection::open(address).await?;
        let answer = http::data(connection.send(&http::graphql("", SIGN_IN, &json!({ "input": login }))).await?)?;
        let token = answer["signIn"]["session"]["token"].as_str();
        token.map(str::to_owned).with_context(|| format!("not signed in: {answer}"))
    }))
    .await
}

/// Asks for everybody's page until it comes from a built timeline, and checks that it is a whole one. One page's bytes.
async fn warm_up(address: SocketAddr, requests: &[Vec<u8>]) -> anyhow::Result<Vec<u8>> {
    let mut page = Vec::new();
    for request in requests {
        let mut connection = Connection::open(address).await?;
        for _ in 0..WARM_UP {
            page = connection.send(request).await?.to_vec();
        }
        let data = http::data(&page)?;
        let edges = data["feed"]["edges"].as_array().map_or(0, Vec::len);
        ensure!(edges == PAGE, "a page has {edges} posts in place of {PAGE}: {data}");
        let first = &data["feed"]["edges"][0]["node"];
        ensure!(first["media"][0]["large"].is_string() && first["author"]["avatar"].is_string(), "no URLs: {first}");
    }
    Ok(page)
}

/// Asks again and again on every connection; milliseconds of each request.
async fn read(address: SocketAddr, requests: &[Vec<u8>], time: Duration) -> anyhow::Result<Vec<f64>> {
    let until = Instant::now() + time;
    let readers = requests.iter().map(|request| {
        let request = request.clone();
        let reader = async move {
            let mut connection = Connection::open(address).await?;
            let mut times = Vec::new();
            while Instant::now() < until {
                let begun = Instant::now();
                connection.send(&request).await?;
                times.push(begun.elapsed().as_secs_f64() * 1e3);
            }
            anyhow::Ok(times)
        };
        async move { tokio::spawn(reader).await? }
    });
    Ok(try_join_all(readers).await?.concat())
}

/// What bare hyper does with the same bytes and the same client.
struct Floor {
    rate: f64,
    p50: f64,
    p99: f64,
    cpu: f64,
}

async fn floor(world: &World, page: &[u8], requests: &[Vec<u8>], time: Duration) -> anyhow::Result<Floor> {
    let file = world.folder().join("page.json");
    fs::write(&file, page)?;
    let address = free_address()?;
    let arguments = ["static-response".to_owned(), file.display().to_string(), address.to_string()];
    let own = std::env::current_exe()?;
    let mut server = Program::start("static-response", &own, &arguments, &[], world.folder())?;
    server.listens(address).await?;
    read(address, requests, time / 10).await?;
    let meter = Meter::start(&[server.pid()])?;
    let mut times = read(address, requests, time).await?;
    let (seconds, cpu) = meter.read()?;
    let answers = times.len() as f64;
    // It knows no signals: what it holds is a socket.
    drop(server);
    Ok(Floor {
        rate: answers / seconds,
        p50: quantile(&mut times, 0.5),
        p99: quantile(&mut times, 0.99),
        cpu: cpu[0] * 1e3 / answers,
    })
}
