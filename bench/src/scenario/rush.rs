//! What others notice while posts go to a hundred thousand timelines each: pages and uploads, beside the same without.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use darkroom_entity::job;
use darkroom_platform::{Clock, Platform};
use darkroom_service::App;
use darkroom_service::job::{FanOutPost, Job};
use futures::{StreamExt, TryStreamExt, stream};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use uuid::Uuid;

use super::upload::Client;
use super::{Effort, feed};
use crate::http::Connection;
use crate::photo;
use crate::population;
use crate::program::Deployment;
use crate::report::{Section, quantile};
use crate::stores::World;

/// Settings of the world that this is measured on: nobody is pulled, so that everything is pushed.
pub(crate) const SETTINGS: [(&str, &str); 2] =
    [("DARKROOM_FEED_WINDOW", "50"), ("DARKROOM_FEED_PULL_ABOVE", "100000000")];

/// Pages a second that are asked for: a fraction of what the machine gives.
const PAGES: f64 = 60.0;

/// People whose pages are asked for.
const VIEWERS: usize = 200;

/// Timelines that are made at once before the measurement.
const AT_ONCE: usize = 32;

/// Pause between two counts of the jobs that are left.
const PAUSE: Duration = Duration::from_millis(50);

/// The longest that the posts may take.
const LIMIT: Duration = Duration::from_secs(120);

/// Measures it where workers are processes of their own.
pub(crate) async fn run(section: &mut Section<'_>, world: &World, effort: Effort) -> anyhow::Result<()> {
    let app = world.open().await?;
    let tokens = population::fill(&app, effort.shape).await?;
    let (author, followers) = population::following_the_first(&app, effort.rush.followers).await?;
    let platform = Platform::connect(world.config()?, Clock::system()).await?;
    let timelines = &platform.timelines;
    stream::iter(&followers)
        .map(|follower| async move {
            let token = timelines.begin(*follower, 0).await?;
            timelines.finish(*follower, &token, &[], &[]).await
        })
        .buffer_unordered(AT_ONCE)
        .try_for_each(async |_| Ok(()))
        .await?;

    let photo = photo::photograph()?;
    let client = Client::sign_up(&app, world, &photo).await?;
    let deployment = Deployment::start(world).await?;
    let viewers: Vec<&String> = tokens.iter().rev().take(VIEWERS).collect();
    let requests = feed::requests(&viewers, "FOLLOWING");
    feed::warm_up(world.address, &requests).await?;
    client.upload(&mut Connection::open(world.address).await?).await?;

    let everyone = async |time| {
        tokio::try_join!(feed::open_loop(world.address, &requests, PAGES, time), uploads(&client, world, time))
    };
    let (mut pages, mut photos) = everyone(effort.reading).await?;
    let begun = Instant::now();
    let mut posts = Vec::new();
    for _ in 0..effort.rush.posts {
        posts.push(publish(&app, author).await?);
    }
    app.settle().await;
    let (mut pages_beside, mut photos_beside) = everyone(effort.reading).await?;
    ensure!(left(&app).await? > 0, "the posts had arrived before everything was measured: too few for this machine");
    while left(&app).await? > 0 {
        ensure!(begun.elapsed() < LIMIT, "posts are on their way after {} s", LIMIT.as_secs());
        tokio::time::sleep(PAUSE).await;
    }
    let pushes = (followers.len() * posts.len()) as f64;
    section.add(
        format!("{} timelines that get {} posts, by one worker, all else beside", followers.len(), posts.len()),
        pushes / begun.elapsed().as_secs_f64(),
        "/s",
    );
    for follower in followers.iter().step_by(followers.len() / 100) {
        let window = platform.timelines.read(*follower, 0).await?.context("a timeline is gone")?;
        ensure!(posts.iter().all(|post| window.ids.contains(post)), "a post has not arrived");
    }
    for (share, name) in [(0.5, "p50"), (0.99, "p99")] {
        let what = format!("a page meanwhile, {name}, {PAGES} a second; floor: without");
        section.beside(what, quantile(&mut pages_beside, share), "ms", quantile(&mut pages, share));
    }
    for (share, name) in [(0.5, "p50"), (0.95, "p95")] {
        let what = format!("a photo until READY meanwhile, {name}; floor: without");
        section.beside(what, quantile(&mut photos_beside, share), "ms", quantile(&mut photos, share));
    }
    platform.database.close().await?;
    app.database.close().await?;
    deployment.stop().await
}

/// Photos one after another for so long: milliseconds until each is READY.
async fn uploads(client: &Client<'_>, world: &World, time: Duration) -> anyhow::Result<Vec<f64>> {
    let begun = Instant::now();
    let mut connection = Connection::open(world.address).await?;
    let mut times = Vec::new();
    while begun.elapsed() < time {
        times.push(client.upload(&mut connection).await?.ready * 1e3);
    }
    Ok(times)
}

async fn publish(app: &App, author: Uuid) -> anyhow::Result<Uuid> {
    let post_id = population::one_more_post(app, author).await?;
    let mut tx = app.begin().await?;
    tx.enqueue(&FanOutPost { post_id, after: None }).await?;
    tx.commit().await?;
    Ok(post_id)
}

async fn left(app: &App) -> anyhow::Result<u64> {
    Ok(job::Entity::find().filter(job::Column::Name.eq(FanOutPost::NAME)).count(app.rows()).await?)
}
