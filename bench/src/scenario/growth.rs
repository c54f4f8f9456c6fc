//! The same page in cities of different sizes: what it costs must not depend on how many posts there are, or on how many people
//! one follows.

use std::sync::Arc;
use std::time::Duration;

use super::feed::{self, Page};
use crate::plot::Panel;
use crate::population::{self, Readers, Shape};
use crate::program::Deployment;
use crate::report::Section;
use crate::stores::{Stores, World};

/// People whose pages are asked for.
const READERS: usize = 100;

/// How many cities there are, and how long each is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// People in each.
    pub(crate) people: usize,
    /// Posts, of all people together, while a reader follows `usual` people.
    pub(crate) posts: &'static [usize],
    /// Whom a reader follows, while there are so many posts as the middle of `posts`.
    pub(crate) follows: &'static [usize],
    /// Whom a reader follows where that is not what is measured.
    pub(crate) usual: usize,
    /// For each city.
    pub(crate) reading: Duration,
}

impl Sizes {
    /// A few minutes.
    pub(crate) const SHORT: Self = Self {
        people: 2000,
        posts: &[10_000, 100_000],
        follows: &[50, 500],
        usual: 200,
        reading: Duration::from_secs(5),
    };
    /// About a quarter of an hour, and ten gigabytes of rows while it lasts.
    pub(crate) const LONG: Self = Self {
        people: 10_000,
        posts: &[10_000, 100_000, 1_000_000],
        follows: &[50, 500, 5000],
        usual: 200,
        reading: Duration::from_secs(20),
    };
}

/// Measures a city after the other, each in a world of its own.
pub(crate) async fn run(section: &mut Section<'_>, stores: Stores, sizes: Sizes) -> anyhow::Result<Vec<Panel>> {
    let name = stores.name();
    let mut by_posts = Panel::growth(format!("CPU a page of the feed, {name}"), "ms", "posts");
    for posts in sizes.posts {
        let figures = city(stores, sizes, *posts, sizes.usual).await?;
        add(section, &mut by_posts, &format!("{posts} posts"), *posts, &figures);
    }
    let mut by_follows = Panel::growth(format!("CPU a page of the feed, {name}"), "ms", "followed");
    let posts = sizes.posts[sizes.posts.len() / 2];
    for follows in sizes.follows {
        let figures = city(stores, sizes, posts, *follows).await?;
        add(section, &mut by_follows, &format!("{follows} followed"), *follows, &figures);
    }
    Ok(vec![by_posts, by_follows])
}

fn add(section: &mut Section<'_>, panel: &mut Panel, what: &str, size: usize, figures: &[(&'static str, f64)]) {
    for (name, milliseconds) in figures {
        section.add(format!("{what}: CPU a page, {name}"), *milliseconds, "ms");
        panel.point(name, size as f64, *milliseconds);
    }
}

/// CPU milliseconds a page of the process that answers and of each store.
async fn city(stores: Stores, sizes: Sizes, posts: usize, follows: usize) -> anyhow::Result<Vec<(&'static str, f64)>> {
    let world = World::new(stores, &[]).await?;
    let app = world.open().await?;
    let readers = Readers { count: READERS, follows };
    let shape = Shape { people: sizes.people, follows: 50, posts, likes: posts, readers: Some(readers) };
    let tokens = population::fill(&app, shape).await?;
    app.database.close().await?;
    drop(app);
    feed::apart(&world)?;
    let deployment = Deployment::start_apart(&world).await?;
    let viewers: Vec<&String> = tokens.iter().take(READERS).collect();
    let requests: Arc<[Vec<u8>]> = feed::requests(&viewers, "FOLLOWING");
    feed::warm_up(world.address, &requests).await?;
    let Page { cpu, .. } = feed::pages(&world, &deployment, &requests, sizes.reading).await?;
    deployment.stop().await?;
    feed::together(&world)?;
    world.remove().await?;
    Ok(cpu)
}
