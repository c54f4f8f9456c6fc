//! Whatever happens, the feed is what a plain model says: the published posts of oneself and of those one follows.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use darkroom_testing::sequence::{self, Dice};
use darkroom_testing::{Person, TestApp};

/// People of each world.
const PEOPLE: usize = 3;

/// Names differ between worlds that share a server.
static WORLDS: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug, Clone, Copy)]
enum Operation {
    Post {
        author: usize,
    },
    /// The post with this number, counted modulo those that are there.
    Delete {
        number: usize,
    },
    Follow {
        follower: usize,
        followee: usize,
    },
    Unfollow {
        follower: usize,
        followee: usize,
    },
    LoseTimeline {
        of: usize,
    },
    RunJobs,
    Read {
        viewer: usize,
        first: i32,
    },
}

fn draw(dice: &mut Dice) -> Operation {
    let person = dice.below(PEOPLE);
    let other = (person + 1 + dice.below(PEOPLE - 1)) % PEOPLE;
    match dice.below(20) {
        0..=4 => Operation::Post { author: person },
        5 => Operation::Delete { number: dice.below(100) },
        6..=8 => Operation::Follow { follower: person, followee: other },
        9 => Operation::Unfollow { follower: person, followee: other },
        10 => Operation::LoseTimeline { of: person },
        11..=13 => Operation::RunJobs,
        _ => Operation::Read { viewer: person, first: 1 + dice.below(12) as i32 },
    }
}

struct Post {
    id: String,
    author: usize,
    is_published: bool,
}

/// People on a server, and what the model knows of them.
struct World<'a> {
    app: &'a TestApp,
    people: Vec<Person>,
    posts: Vec<Post>,
    follows: HashSet<(usize, usize)>,
}

impl<'a> World<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let world = WORLDS.fetch_add(1, Ordering::Relaxed);
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            people.push(app.client().sign_up(&format!("w{world}p{number}")).await);
        }
        Self { app, people, posts: Vec::new(), follows: HashSet::new() }
    }

    async fn carry_out(&mut self, operation: Operation) -> Result<(), String> {
        match operation {
            Operation::Post { author } => {
                let id = self.people[author].post_picture().await;
                self.posts.push(Post { id, author, is_published: false });
            }
            Operation::Delete { number } => {
                if !self.posts.is_empty() {
                    let post = self.posts.remove(number % self.posts.len());
                    self.people[post.author].delete_post(&post.id).await;
                }
            }
            Operation::Follow { follower, followee } => {
                self.people[follower].follow(&self.people[followee].id).await;
                self.follows.insert((follower, followee));
            }
            Operation::Unfollow { follower, followee } => {
                self.people[follower].unfollow(&self.people[followee].id).await;
                self.follows.remove(&(follower, followee));
            }
            Operation::LoseTimeline { of } => self.app.lose_timeline(&self.people[of].username).await,
            Operation::RunJobs => {
                self.app.run_jobs().await;
                self.posts.iter_mut().for_each(|post| post.is_published = true);
            }
            Operation::Read { viewer, first } => return self.read(viewer, first).await,
        }
        Ok(())
    }

    async fn read(&self, viewer: usize, first: i32) -> Result<(), String> {
        let shown = |post: &&Post| {
            post.is_published && (post.author == viewer || self.follows.contains(&(viewer, post.author)))
        };
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
        Ok(())
    }
}

#[tokio::test]
async fn the_feed_is_what_the_model_says() {
    let app = TestApp::start().await;
    let run = async |operations: &[Operation]| World::new(&app).await.live(operations).await;
    sequence::hold(24, 25, draw, run).await;
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
            world.carry_out(Operation::Post { author: number % 2 }).await?;
        }
        for followee in 0..2 {
            world.carry_out(Operation::Follow { follower: 2, followee }).await?;
        }
        world.carry_out(Operation::RunJobs).await?;
        world.read(2, 6).await?;
        app.app.settle().await;
        assert_eq!(app.timeline_length(&world.people[2].username).await, Some(20));
        world.live(operations).await
    };
    sequence::hold(8, 25, draw, run).await;
    app.run_jobs().await;
    app.finish().await;
}
