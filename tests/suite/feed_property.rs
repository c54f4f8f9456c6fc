//! Whatever happens, the feed is what a plain model says: the published posts of oneself and of those one follows, as far
//! as they are for oneself, not muted and not archived.

use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use chrono::TimeDelta;
use darkroom_entity::account;
use darkroom_platform::timelines::of_author;
use darkroom_service::feed;
use darkroom_testing::sequence::{self, Dice};
use darkroom_testing::{Person, TestApp};

/// People of each world.
const PEOPLE: usize = 3;

/// For whom a post can be.
const AUDIENCES: [&str; 3] = ["EVERYONE", "FOLLOWERS", "CLOSE_FRIENDS"];

/// Names differ between worlds that share a server.
static WORLDS: AtomicUsize = AtomicUsize::new(0);

/// One person's number, and another's.
type Pair = (usize, usize);

#[derive(Debug, Clone, Copy)]
enum Operation {
    Post {
        author: usize,
        audience: usize,
    },
    /// The post with this number, counted modulo those that are there.
    Delete {
        number: usize,
    },
    Archive {
        number: usize,
        back: bool,
    },
    SetAudience {
        number: usize,
        audience: usize,
    },
    Follow(Pair),
    Unfollow(Pair),
    Block(Pair),
    Unblock(Pair),
    Mute(Pair),
    Unmute(Pair),
    AddCloseFriend(Pair),
    RemoveCloseFriend(Pair),
    SetPrivate {
        of: usize,
        is_private: bool,
    },
    LoseTimeline {
        of: usize,
    },
    /// What everyone reads of a person who is pulled.
    LoseAuthorTimeline {
        of: usize,
    },
    RunJobs,
    /// The same, by a worker that is killed after so many steps, and by the one that takes over from it.
    KillWorker {
        steps: usize,
    },
    Read {
        viewer: usize,
        first: i32,
    },
}

fn draw(dice: &mut Dice) -> Operation {
    let person = dice.below(PEOPLE);
    let pair = (person, (person + 1 + dice.below(PEOPLE - 1)) % PEOPLE);
    match dice.below(40) {
        0..=6 => Operation::Post { author: person, audience: dice.below(AUDIENCES.len()) },
        7 => Operation::Delete { number: dice.below(100) },
        8..=10 => Operation::Archive { number: dice.below(100), back: dice.below(2) == 0 },
        11..=13 => Operation::SetAudience { number: dice.below(100), audience: dice.below(AUDIENCES.len()) },
        14..=18 => Operation::Follow(pair),
        19 => Operation::Unfollow(pair),
        20 => Operation::Block(pair),
        21 => Operation::Unblock(pair),
        22 => Operation::Mute(pair),
        23 => Operation::Unmute(pair),
        24 | 25 => Operation::AddCloseFriend(pair),
        26 => Operation::RemoveCloseFriend(pair),
        27 => Operation::SetPrivate { of: person, is_private: dice.below(3) == 0 },
        28 => Operation::LoseTimeline { of: person },
        29 => Operation::LoseAuthorTimeline { of: person },
        30 => Operation::RunJobs,
        31 | 32 => Operation::KillWorker { steps: 1 + dice.below(60) },
        _ => Operation::Read { viewer: person, first: 1 + dice.below(12) as i32 },
    }
}

struct Post {
    id: String,
    author: usize,
    audience: usize,
    is_published: bool,
    is_archived: bool,
}

/// What the model knows of people.
#[derive(Default)]
struct Relations {
    follows: HashSet<Pair>,
    requests: HashSet<Pair>,
    blocks: HashSet<Pair>,
    mutes: HashSet<Pair>,
    close_friends: HashSet<Pair>,
    private: HashSet<usize>,
}

impl Relations {
    fn carry_out(&mut self, operation: Operation) {
        match operation {
            Operation::Follow(pair) if !self.is_blocked(pair) && !self.follows.contains(&pair) => {
                if self.private.contains(&pair.1) {
                    self.requests.insert(pair);
                } else {
                    self.requests.remove(&pair);
                    self.follows.insert(pair);
                }
            }
            Operation::Unfollow(pair) => self.end(pair),
            Operation::Block(pair) if !self.is_blocked(pair) => {
                self.blocks.insert(pair);
                for pair in [pair, (pair.1, pair.0)] {
                    self.end(pair);
                    self.close_friends.remove(&pair);
                }
            }
            Operation::Unblock(pair) => _ = self.blocks.remove(&pair),
            // Who is blocked does not find the other; who blocks finds them still.
            Operation::Mute(pair) if !self.blocks.contains(&(pair.1, pair.0)) => _ = self.mutes.insert(pair),
            Operation::Unmute(pair) if !self.blocks.contains(&(pair.1, pair.0)) => _ = self.mutes.remove(&pair),
            Operation::AddCloseFriend(pair) if !self.is_blocked(pair) => _ = self.close_friends.insert(pair),
            Operation::RemoveCloseFriend(pair) => _ = self.close_friends.remove(&pair),
            Operation::SetPrivate { of, is_private: true } => _ = self.private.insert(of),
            Operation::SetPrivate { of, is_private: false } => _ = self.private.remove(&of),
            // Whoever is public by now has let everyone in.
            Operation::RunJobs | Operation::KillWorker { .. } => {
                let (waiting, granted) = self.requests.drain().partition(|(_, of)| self.private.contains(of));
                self.requests = waiting;
                self.follows.extend::<HashSet<Pair>>(granted);
            }
            _ => {}
        }
    }

    fn is_blocked(&self, (one, other): Pair) -> bool {
        self.blocks.contains(&(one, other)) || self.blocks.contains(&(other, one))
    }

    fn end(&mut self, pair: Pair) {
        self.follows.remove(&pair);
        self.requests.remove(&pair);
    }

    fn shows(&self, viewer: usize, post: &Post) -> bool {
        let pair = (viewer, post.author);
        let is_for_viewer =
            AUDIENCES[post.audience] != "CLOSE_FRIENDS" || self.close_friends.contains(&(post.author, viewer));
        post.is_published
            && !post.is_archived
            && (post.author == viewer || (self.follows.contains(&pair) && !self.mutes.contains(&pair) && is_for_viewer))
    }
}

/// People on a server, and what the model knows of them.
struct World<'a> {
    app: &'a TestApp,
    people: Vec<Person>,
    posts: Vec<Post>,
    relations: Relations,
}

impl<'a> World<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let world = WORLDS.fetch_add(1, Ordering::Relaxed);
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            people.push(app.client().sign_up(&format!("w{world}p{number}")).await);
        }
        Self { app, people, posts: Vec::new(), relations: Relations::default() }
    }

    async fn carry_out(&mut self, operation: Operation) -> Result<(), String> {
        match operation {
            Operation::Post { author, audience } => {
                let id = self.people[author].post_picture_for(AUDIENCES[audience]).await;
                self.posts.push(Post { id, author, audience, is_published: false, is_archived: false });
            }
            Operation::Delete { number } => {
                if !self.posts.is_empty() {
                    let post = self.posts.remove(number % self.posts.len());
                    self.people[post.author].delete_post(&post.id).await;
                }
            }
            Operation::Archive { number, back } => {
                let count = self.posts.len().max(1);
                let Some(post) = self.posts.get_mut(number % count).filter(|post| post.is_published) else {
                    return Ok(());
                };
                let verb = if back { "unarchivePost" } else { "archivePost" };
                self.people[post.author].to_post(verb, &post.id).await.payload();
                post.is_archived = !back;
            }
            Operation::SetAudience { number, audience } => {
                let count = self.posts.len().max(1);
                let Some(post) = self.posts.get_mut(number % count) else { return Ok(()) };
                self.people[post.author].set_audience(&post.id, AUDIENCES[audience]).await;
                post.audience = audience;
            }
            Operation::Follow(pair) => self.act("followUser", pair).await,
            Operation::Unfollow(pair) => self.act("unfollowUser", pair).await,
            Operation::Block(pair) => self.act("blockUser", pair).await,
            Operation::Unblock(pair) => self.act("unblockUser", pair).await,
            Operation::Mute(pair) => self.act("muteUser", pair).await,
            Operation::Unmute(pair) => self.act("unmuteUser", pair).await,
            Operation::AddCloseFriend(pair) => self.act("addCloseFriend", pair).await,
            Operation::RemoveCloseFriend(pair) => self.act("removeCloseFriend", pair).await,
            Operation::SetPrivate { of, is_private } => self.people[of].set_private(is_private).await,
            Operation::LoseTimeline { of } => self.app.lose_timeline(&self.people[of].username).await,
            Operation::LoseAuthorTimeline { of } => {
                let timeline = of_author(self.account(of).await.id);
                self.app.app.timelines.forget(timeline).await.unwrap();
            }
            Operation::RunJobs | Operation::KillWorker { .. } => {
                if let Operation::KillWorker { steps } = operation {
                    self.kill_worker(steps).await;
                }
                self.app.run_jobs().await;
                self.posts.iter_mut().for_each(|post| post.is_published = true);
            }
            Operation::Read { viewer, first } => return self.read(viewer, first).await,
        }
        self.relations.carry_out(operation);
        Ok(())
    }

    /// One person does something to another; whether it is refused is the model's to say.
    async fn act(&self, verb: &str, (person, other): Pair) {
        self.people[person].to_user(verb, &self.people[other].id).await.data();
    }

    async fn account(&self, of: usize) -> account::Model {
        let found = darkroom_service::account::by_username(&self.app.app, None, &self.people[of].username).await;
        found.unwrap().unwrap()
    }

    /// A worker does so many steps, each from one await to the next, and is gone; its leases end.
    async fn kill_worker(&self, steps: usize) {
        let mut work = Box::pin(darkroom_worker::drain(&self.app.app));
        let mut left = steps;
        poll_fn(|context| {
            left -= 1;
            match work.as_mut().poll(context) {
                Poll::Ready(ran) => {
                    ran.unwrap();
                    Poll::Ready(())
                }
                Poll::Pending if left == 0 => Poll::Ready(()),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        drop(work);
        let lease = self.app.app.config.worker.lease_seconds;
        self.app.clock.advance(TimeDelta::seconds(2 * lease as i64));
    }

    async fn read(&self, viewer: usize, first: i32) -> Result<(), String> {
        let shown = |post: &&Post| self.relations.shows(viewer, post);
        let expected: Vec<String> = self.posts.iter().rev().filter(shown).map(|post| post.id.clone()).collect();
        let found = self.people[viewer].feed(first).await;
        if found == expected {
            return Ok(());
        }
        Err(format!("pages of {first} for person {viewer}:\n   found {found:#?}\nexpected {expected:#?}"))
    }

    async fn live(&mut self, operations: &[Operation]) -> Result<(), String> {
        for operation in operations {
            self.carry_out(*operation).await?;
        }
        self.carry_out(Operation::RunJobs).await?;
        for viewer in 0..PEOPLE {
            for first in [2, 7, 100] {
                self.read(viewer, first).await?;
            }
        }
        // Neither is a hole that a reader does not see: what is on its way has arrived long since.
        self.app.app.settle().await;
        self.app.clock.advance(TimeDelta::hours(1));
        for person in 0..PEOPLE {
            let missing = feed::audit_of(&self.app.app, &self.account(person).await).await.unwrap();
            if missing > 0 {
                return Err(format!("the timeline of person {person} lacks {missing} posts"));
            }
        }
        Ok(())
    }
}

#[tokio::test]
async fn the_feed_is_what_the_model_says() {
    let app = TestApp::start().await;
    let run = async |operations: &[Operation]| World::new(&app).await.live(operations).await;
    sequence::hold(24, 40, draw, run).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn the_feed_is_what_the_model_says_where_everybody_with_two_followers_is_pulled() {
    // And pushed again with none; pages of one, so that there are steps between them.
    let settings = [("DARKROOM_FEED_PULL_ABOVE", "1"), ("DARKROOM_FEED_FAN_OUT_CHUNK", "1")];
    let app = TestApp::start_with(&settings).await;
    let run = async |operations: &[Operation]| {
        let mut world = World::new(&app).await;
        for pair in [(0, 1), (0, 2), (1, 0), (2, 1)] {
            world.carry_out(Operation::Follow(pair)).await?;
        }
        world.live(operations).await
    };
    sequence::hold(24, 40, draw, run).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn the_feed_is_what_the_model_says_where_the_timeline_ends_and_the_database_goes_on() {
    // The smallest window there is; every world begins with more posts than it holds.
    let app = TestApp::start_with(&[("DARKROOM_FEED_WINDOW", "20")]).await;
    let run = async |operations: &[Operation]| {
        let mut world = World::new(&app).await;
        for number in 0..26 {
            world.carry_out(Operation::Post { author: number % 2, audience: number % 3 }).await?;
        }
        for followee in 0..2 {
            world.carry_out(Operation::Follow((2, followee))).await?;
        }
        world.carry_out(Operation::RunJobs).await?;
        world.read(2, 6).await?;
        app.app.settle().await;
        assert_eq!(app.timeline_length(&world.people[2].username).await, Some(20));
        world.live(operations).await
    };
    sequence::hold(8, 40, draw, run).await;
    app.run_jobs().await;
    app.finish().await;
}
