//! The commands of a feed's page by themselves: what the stores spend on them when nobody makes a page of the answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use darkroom_service::{App, change, session};
use futures::future::try_join_all;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use crate::stores::World;

/// Sends the commands of random people's pages, all of which are known: the list that is their timeline, and a look at the log of
/// changes, one after the other, by so many at once for so long. Milliseconds of CPU that each store takes for a page; nothing on embedded stores.
pub(super) async fn alone(
    world: &World,
    tokens: &[&String],
    at_once: usize,
    time: Duration,
) -> anyhow::Result<Vec<(&'static str, f64)>> {
    let stores: Vec<_> = world.servers.iter().filter(|(name, _)| *name != "S3").map(|(name, _)| *name).collect();
    if stores.is_empty() {
        return Ok(Vec::new());
    }
    let app = world.open().await?;
    let mut people = Vec::new();
    for token in tokens {
        let viewer = session::authenticate(&app, token).await?.context("a session has ended")?;
        people.push((viewer.id(), viewer.account.timeline_epoch));
    }
    let people: Arc<[_]> = people.into();
    let meter = world.meter(&[])?;
    let until = Instant::now() + time;
    let readers = (0..at_once).map(|number| {
        let reader = read(app.clone(), Arc::clone(&people), number as u64, until);
        async move { tokio::spawn(reader).await? }
    });
    let pages: usize = try_join_all(readers).await?.into_iter().sum();
    let (_, cpu) = meter.read()?;
    app.database.close().await?;
    let of = |name| world.servers.iter().position(|(server, _)| *server == name).and_then(|at| cpu.get(at));
    Ok(stores.into_iter().filter_map(|name| Some((name, of(name)? * 1e3 / pages as f64))).collect())
}

/// How many pages' commands were answered.
async fn read(app: App, people: Arc<[(uuid::Uuid, i64)]>, seed: u64, until: Instant) -> anyhow::Result<usize> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut place = change::look(app.rows(), None).await?.place;
    let mut pages = 0;
    while Instant::now() < until {
        let (account, epoch) = people.choose(&mut random).context("nobody")?;
        let timeline = app.timelines.peek(*account, *epoch).await?;
        ensure!(timeline.is_some_and(|window| !window.ids.is_empty()), "no timeline");
        place = change::look(app.rows(), Some(&place)).await?.place;
        pages += 1;
    }
    Ok(pages)
}
