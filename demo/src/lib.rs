//! `darkroom demo`: a world to look at, made through the same service functions and jobs as a real one.
//!
//! Its clock is set to each event's moment in turn, so that the past looks like one: ids, feeds and stories come out as
//! if they had happened then.

mod paint;
mod random;
mod world;

use std::sync::Arc;

use anyhow::{Context, bail};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use darkroom_platform::{Clock, Config, Platform};
use darkroom_service::account::{NewAccount, ProfileChange};
use darkroom_service::comment::NewComment;
use darkroom_service::media::{NewUpload, Purpose};
use darkroom_service::post::{Audience, Commenters, NewPost};
use darkroom_service::{App, Origin, Viewer, account, comment, follow, like, media, post, story};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use indicatif::{ProgressBar, ProgressStyle};
use uuid::Uuid;

use paint::Scene;
use world::World;

/// Every person's password. It is printed at the end: this data folder is for looking around.
const PASSWORD: &str = "darkroom-demo";

/// The world is the same everywhere.
const SEED: u64 = 1839;

/// People whose sign-ins are printed.
const SIGN_INS: usize = 4;

/// Something that happens in the world.
enum Event {
    Post(usize),
    Story(usize),
}

/// Fills an empty data folder; one that already holds people is left as it is. Returns usernames to sign in with.
pub fn fill(config: Config) -> BoxFuture<'static, anyhow::Result<Vec<String>>> {
    fill_folder(config).boxed()
}

async fn fill_folder(config: Config) -> anyhow::Result<Vec<String>> {
    let world = Arc::new(World::imagine(SEED));
    let names = world.people.iter().take(SIGN_INS).map(|person| person.username.to_owned()).collect();
    let now = Clock::system().now();
    let oldest = world.posts.iter().map(|post| post.age).max().unwrap_or_default();
    let begin = now - TimeDelta::from_std(oldest)? - TimeDelta::days(2);
    let clock = Clock::manual(begin);
    let platform = Platform::connect(config, clock.clone()).await?;
    platform.database.migrate().await?;
    // What it draws itself needs no walls.
    let app = App::new(platform);
    if account::by_username(&app, None, world.people[0].username).await?.is_some() {
        println!("The demo's world is there already.");
        return Ok(names);
    }
    if account::any(&app).await? {
        bail!("this data folder holds people of its own; set DARKROOM_DATA_DIR to an empty one for the demo");
    }
    live_through(&app, &clock, &world, now).await?;
    app.settle().await;
    app.database.close().await.context("the database was not closed in order")?;
    Ok(names)
}

/// Says how to sign in.
pub fn print_sign_ins(names: &[String]) {
    println!("\n  Sign in as {} with the password `{PASSWORD}`.", names.join(", "));
}

async fn live_through(app: &App, clock: &Clock, world: &Arc<World>, now: DateTime<Utc>) -> anyhow::Result<()> {
    let steps = world.people.len() + world.posts.len() + world.stories.len();
    let bar = ProgressBar::new(steps as u64)
        .with_style(ProgressStyle::with_template("  {msg:<22} {bar:40} {pos}/{len}  {eta}")?);
    bar.set_message("people");
    let people = settle_people(app, world, &bar).await?;
    bar.set_message("posts and stories");
    let posts = happen(app, clock, world, &people, now, &bar).await?;
    bar.set_message("likes");
    for (person, liked) in &world.likes {
        like::like(app, &people[*person], posts[*liked]).await?;
    }
    bar.set_message("comments");
    talk(app, world, &people, &posts).await?;
    darkroom_worker::drain(app).await?;
    bar.finish_and_clear();
    println!(
        "  A world was made: {} people, {} follows, {} posts, {} likes, {} comments, {} stories.",
        people.len(),
        world.follows.len(),
        posts.len(),
        world.likes.len(),
        world.comments.len(),
        world.stories.len()
    );
    Ok(())
}

/// Signs everyone up, with a picture, and lets them follow one another.
async fn settle_people(app: &App, world: &Arc<World>, bar: &ProgressBar) -> anyhow::Result<Vec<Viewer>> {
    let mut people = Vec::with_capacity(world.people.len());
    for person in &world.people {
        let new = NewAccount {
            username: person.username.to_owned(),
            email: format!("{}@darkroom.test", person.username),
            password: PASSWORD.to_owned(),
            full_name: person.full_name.to_owned(),
        };
        let (viewer, _) = account::sign_up(app, new, Origin { user_agent: "darkroom demo", address: None }).await?;
        let seed = person.avatar_seed;
        let picture = off_thread(move || paint::jpeg(&paint::paint_avatar(seed))).await?;
        let avatar = upload(app, &viewer, picture, "", Purpose::Post).await?;
        let change = ProfileChange {
            bio: Some(person.bio.to_owned()),
            avatar_media_id: Some(Some(avatar)),
            ..ProfileChange::default()
        };
        account::update_profile(app, &viewer, change).await?;
        people.push(viewer);
        bar.inc(1);
    }
    for (follower, followed) in &world.follows {
        follow::follow(app, &people[*follower], people[*followed].id()).await?;
    }
    darkroom_worker::drain(app).await?;
    Ok(people)
}

/// Lets everything happen in its order, and returns the posts' ids in the plan's order.
async fn happen(
    app: &App,
    clock: &Clock,
    world: &Arc<World>,
    people: &[Viewer],
    now: DateTime<Utc>,
    bar: &ProgressBar,
) -> anyhow::Result<Vec<Uuid>> {
    let posts = world.posts.iter().enumerate().map(|(at, plan)| (plan.age, Event::Post(at)));
    let stories = world.stories.iter().enumerate().map(|(at, plan)| (plan.age, Event::Story(at)));
    let mut events: Vec<_> = posts.chain(stories).collect();
    events.sort_by_key(|(age, _)| std::cmp::Reverse(*age));

    // Pictures are painted ahead, one a core, while those before them are uploaded and processed.
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let mut painted = futures::stream::iter(events)
        .map(|(age, event)| {
            let world = Arc::clone(world);
            async move {
                let (scene, seed, width, height) = picture(&world, &event);
                let jpeg = off_thread(move || paint::jpeg(&paint::paint(scene, seed, width, height))).await;
                (age, event, jpeg)
            }
        })
        .buffered(cores);

    let mut ids = vec![Uuid::nil(); world.posts.len()];
    while let Some((age, event, jpeg)) = painted.next().await {
        let moment = now - TimeDelta::from_std(age)?;
        let ahead = moment - clock.now();
        if ahead > TimeDelta::zero() {
            clock.advance(ahead);
        }
        match event {
            Event::Post(at) => {
                let plan = &world.posts[at];
                let author = &people[plan.author];
                let media_id = upload(app, author, jpeg?, plan.alt_text, Purpose::Post).await?;
                let new = NewPost {
                    media_ids: vec![media_id],
                    caption: plan.caption.clone(),
                    location: plan.location.map(str::to_owned),
                    audience: Audience::Everyone,
                    commenters: Commenters::Everyone,
                };
                ids[at] = post::create(app, author, new).await?.id;
            }
            Event::Story(at) => {
                let plan = &world.stories[at];
                let author = &people[plan.author];
                let media_id = upload(app, author, jpeg?, plan.alt_text, Purpose::Story).await?;
                story::create(app, author, media_id, Audience::Everyone).await?;
            }
        }
        darkroom_worker::drain(app).await?;
        bar.inc(1);
    }
    Ok(ids)
}

/// Lets people talk below the posts, and like what is said.
async fn talk(app: &App, world: &World, people: &[Viewer], posts: &[Uuid]) -> anyhow::Result<()> {
    let mut said: Vec<Uuid> = Vec::with_capacity(world.comments.len());
    for plan in &world.comments {
        let new = NewComment {
            post_id: posts[plan.post],
            text: plan.text.clone(),
            reply_to_id: plan.answers.map(|place| said[place]),
        };
        let id = comment::add(app, &people[plan.author], new).await?.id;
        for person in &plan.likes {
            like::like_comment(app, &people[*person], id).await?;
        }
        said.push(id);
    }
    Ok(())
}

/// What an event's picture shows.
fn picture(world: &World, event: &Event) -> (Scene, u64, u32, u32) {
    match event {
        Event::Post(at) => {
            let plan = &world.posts[*at];
            (plan.scene, plan.seed, plan.width, plan.height)
        }
        Event::Story(at) => {
            let plan = &world.stories[*at];
            (plan.scene, plan.seed, plan.width, plan.height)
        }
    }
}

async fn upload(app: &App, viewer: &Viewer, jpeg: Vec<u8>, alt_text: &str, purpose: Purpose) -> anyhow::Result<Uuid> {
    let body = futures::stream::iter([Ok(Bytes::from(jpeg))]).boxed();
    let new = NewUpload { body, alt_text: alt_text.to_owned(), purpose };
    Ok(media::upload(app, viewer, new).await?.id)
}

async fn off_thread<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> anyhow::Result<T>
where
    T: Send + 'static,
    E: Into<anyhow::Error> + Send + 'static,
{
    tokio::task::spawn_blocking(work).await?.map_err(Into::into)
}
