//! The demo's world: who lives in it, who follows whom, what they post, like, say and show for a day. Only a plan; carrying
//! it out through the service is the command's work.

mod cast;
mod comment;
mod text;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::paint::Scene;
use super::random::Random;

pub(crate) use comment::CommentPlan;

/// Everything that `darkroom demo` puts into an empty data folder. People and posts are named by their index.
pub(crate) struct World {
    /// Who signs up; the first is whom the newcomer signs in as.
    pub(crate) people: Vec<Person>,
    /// (follower, followed): no pair twice, nobody themselves.
    pub(crate) follows: Vec<(usize, usize)>,
    /// Oldest first.
    pub(crate) posts: Vec<PostPlan>,
    /// (person, post): no pair twice, nobody their own.
    pub(crate) likes: Vec<(usize, usize)>,
    /// Oldest first, all younger than a day.
    pub(crate) stories: Vec<StoryPlan>,
    /// Each answer after what it answers.
    pub(crate) comments: Vec<CommentPlan>,
}

/// Somebody to sign up.
pub(crate) struct Person {
    /// Unique, `[a-z0-9._]{3,30}`.
    pub(crate) username: &'static str,
    /// As shown on the profile.
    pub(crate) full_name: &'static str,
    /// A line or two about them.
    pub(crate) bio: &'static str,
    /// What they like to photograph, at least two scenes.
    pub(crate) scenes: &'static [Scene],
    /// Seed of their profile picture, the same in every world.
    pub(crate) avatar_seed: u64,
    /// How well known they are, 1 to 9: weighs follows, posts and likes.
    fame: u8,
}

/// A post with one picture.
pub(crate) struct PostPlan {
    /// Index of the author.
    pub(crate) author: usize,
    /// What the picture shows.
    pub(crate) scene: Scene,
    /// Seed of the picture.
    pub(crate) seed: u64,
    /// Width in pixels.
    pub(crate) width: u32,
    /// Height in pixels.
    pub(crate) height: u32,
    /// At most 2,200 characters, with hashtags and sometimes a mention.
    pub(crate) caption: String,
    /// A place, for most pictures that have one.
    pub(crate) location: Option<&'static str>,
    /// The picture in words.
    pub(crate) alt_text: &'static str,
    /// How long ago it was published.
    pub(crate) age: Duration,
}

/// A story of one picture.
pub(crate) struct StoryPlan {
    /// Index of the author.
    pub(crate) author: usize,
    /// What the picture shows.
    pub(crate) scene: Scene,
    /// Seed of the picture.
    pub(crate) seed: u64,
    /// Width in pixels.
    pub(crate) width: u32,
    /// Height in pixels.
    pub(crate) height: u32,
    /// The picture in words.
    pub(crate) alt_text: &'static str,
    /// How long ago it was published, less than 24 hours.
    pub(crate) age: Duration,
}

const POSTS: usize = 168;
const STORIES: usize = 18;
const FIRST_PERSON_FOLLOWS: usize = 20;
const HOUR: u64 = 3_600;

impl World {
    /// The same world for the same seed.
    pub(crate) fn imagine(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let people: Vec<Person> = cast::CAST
            .iter()
            .map(|&(username, full_name, bio, scenes, fame, avatar_seed)| Person {
                username,
                full_name,
                bio,
                scenes,
                avatar_seed,
                fame,
            })
            .collect();
        let follows = follows(&people, &mut random);
        let posts = posts(&people, &follows, &mut random);
        let likes = likes(&people, &follows, &posts, &mut random);
        let stories = stories(&people, &follows, &mut random);
        let comments = comment::comments(&people, &posts, &likes, &mut random);
        Self { people, follows, posts, likes, stories, comments }
    }
}

/// Preferential attachment: who has followers gains more, and shared subjects help.
fn follows(people: &[Person], random: &mut Random) -> Vec<(usize, usize)> {
    let mut follows = Vec::new();
    let mut followers = vec![0usize; people.len()];
    // In random order, so that nobody is followed more for standing early in the list.
    let mut order: Vec<usize> = (0..people.len()).collect();
    random.shuffle(&mut order);
    for follower in order {
        let wanted = if follower == 0 { FIRST_PERSON_FOLLOWS } else { 3 + (random.unit().powi(2) * 15.0) as usize };
        let mut weights: Vec<f32> = (0..people.len())
            .map(|other| {
                let shared =
                    people[follower].scenes.iter().filter(|scene| people[other].scenes.contains(scene)).count();
                f32::from(people[other].fame).powf(1.6) * (1.0 + followers[other] as f32 * 0.2) * (1.0 + shared as f32)
            })
            .collect();
        weights[follower] = 0.0;
        for _ in 0..wanted {
            let followed = weighted(&weights, random);
            weights[followed] = 0.0;
            followers[followed] += 1;
            follows.push((follower, followed));
        }
    }
    follows
}

/// An index in proportion to its weight; at least one weight is above zero.
fn weighted(weights: &[f32], random: &mut Random) -> usize {
    let mut rest = random.unit() * weights.iter().sum::<f32>();
    for (index, weight) in weights.iter().enumerate() {
        rest -= weight;
        if rest < 0.0 {
            return index;
        }
    }
    // Rounding may leave a crumb: it belongs to the last one that can be chosen.
    weights.iter().rposition(|&weight| weight > 0.0).unwrap_or(0)
}

fn posts(people: &[Person], follows: &[(usize, usize)], random: &mut Random) -> Vec<PostPlan> {
    // Three each, the rest by fame, nobody above eight.
    let mut authors: Vec<usize> = (0..people.len()).flat_map(|person| [person; 3]).collect();
    let mut weights: Vec<f32> = people.iter().map(|person| f32::from(person.fame)).collect();
    let mut extra = vec![0; people.len()];
    while authors.len() < POSTS {
        let author = weighted(&weights, random);
        authors.push(author);
        extra[author] += 1;
        if extra[author] == 5 {
            weights[author] = 0.0;
        }
    }
    random.shuffle(&mut authors);
    let mut ages = ages(authors.len(), random);
    let mut writer = Writer::default();
    let plan = |author: usize| {
        let person = &people[author];
        let scene = writer.scene(person, random);
        let companions: Vec<usize> =
            follows.iter().filter(|(follower, _)| *follower == author).map(|&(_, followed)| followed).collect();
        let companion = random.chance(0.2).then(|| people[*random.pick(&companions)].username);
        let words = text::words(scene);
        let (width, height) = *random.pick(&[(1080, 1350), (1080, 1350), (1080, 1080), (1080, 720)]);
        PostPlan {
            author,
            scene,
            seed: random.bits(),
            width,
            height,
            caption: writer.caption(scene, companion, random),
            location: if random.chance(0.76) { writer.place(scene, random) } else { None },
            alt_text: words.alt_text,
            age: ages.pop().unwrap_or_default(),
        }
    };
    authors.into_iter().map(plan).collect()
}

/// Falling ages when popped from the end: much in the last days, a little from ten weeks ago.
fn ages(count: usize, random: &mut Random) -> Vec<Duration> {
    let mut ages: Vec<Duration> = (0..count)
        .map(|index| {
            let seconds = random.unit().powf(1.7) * (70 * 24 * HOUR) as f32;
            // Some seconds apart even where two dice fell alike: a feed has one order.
            Duration::from_secs(4 * 60 + seconds as u64 + index as u64 * 7)
        })
        .collect();
    ages.sort_unstable();
    ages
}

/// Remembers what was written, so that no caption comes twice while there are others.
#[derive(Default)]
struct Writer {
    scenes: HashMap<Scene, usize>,
    captions: HashMap<Scene, Vec<&'static str>>,
    places: HashMap<Scene, Vec<&'static str>>,
}

impl Writer {
    /// The one of a person's scenes that the world has seen least of.
    fn scene(&mut self, person: &Person, random: &mut Random) -> Scene {
        let mut scenes = person.scenes.to_vec();
        random.shuffle(&mut scenes);
        let scene = scenes.into_iter().min_by_key(|scene| self.scenes.get(scene).copied().unwrap_or(0));
        let scene = scene.unwrap_or(Scene::Poster);
        *self.scenes.entry(scene).or_default() += 1;
        scene
    }

    fn caption(&mut self, scene: Scene, companion: Option<&str>, random: &mut Random) -> String {
        let words = text::words(scene);
        let bag = self.captions.entry(scene).or_default();
        let mut caption = draw(bag, words.captions, random).unwrap_or_default().to_owned();
        if let Some(username) = companion {
            caption.push(' ');
            caption.push_str(&random.pick(text::COMPANIONS).replace("{}", username));
        }
        let mut hashtags = words.hashtags();
        random.shuffle(&mut hashtags);
        let separator = if random.chance(0.4) { "\n\n#" } else { " #" };
        for (index, hashtag) in hashtags.iter().take(random.whole(1, 4)).enumerate() {
            caption.push_str(if index == 0 { separator } else { " #" });
            caption.push_str(hashtag);
        }
        caption
    }

    fn place(&mut self, scene: Scene, random: &mut Random) -> Option<&'static str> {
        let bag = self.places.entry(scene).or_default();
        draw(bag, &text::words(scene).places(), random)
    }
}

/// Draws from a shuffled bag that is filled again when it is empty; `None` if there is nothing to fill it with.
fn draw(bag: &mut Vec<&'static str>, all: &[&'static str], random: &mut Random) -> Option<&'static str> {
    if bag.is_empty() {
        bag.extend_from_slice(all);
        random.shuffle(bag);
    }
    bag.pop()
}

/// Followers like often, strangers now and then, everybody more what turned out well and has been there for a while.
fn likes(
    people: &[Person],
    follows: &[(usize, usize)],
    posts: &[PostPlan],
    random: &mut Random,
) -> Vec<(usize, usize)> {
    let follows: HashSet<(usize, usize)> = follows.iter().copied().collect();
    let mut likes = Vec::new();
    for (index, post) in posts.iter().enumerate() {
        let charm = 0.3 + 0.7 * random.unit();
        let hours = post.age.as_secs() as f32 / HOUR as f32;
        let seen = 0.25 + 0.75 * (hours / 20.0).min(1.0);
        let fame = f32::from(people[post.author].fame) / 9.0;
        for person in (0..people.len()).filter(|&person| person != post.author) {
            let shares = people[person].scenes.contains(&post.scene);
            let keen = if follows.contains(&(person, post.author)) { 0.72 } else { 0.07 + 0.1 * fame };
            if random.chance(keen * charm * seen * if shares { 1.25 } else { 1.0 }) {
                likes.push((person, index));
            }
        }
    }
    likes
}

/// Most by people whom the first person follows, so that their tray is full; some show two or three.
fn stories(people: &[Person], follows: &[(usize, usize)], random: &mut Random) -> Vec<StoryPlan> {
    let followed: Vec<usize> = follows.iter().filter(|(follower, _)| *follower == 0).map(|&(_, other)| other).collect();
    let mut authors: Vec<usize> = followed.iter().copied().take(STORIES * 2 / 3).collect();
    while authors.len() < STORIES {
        authors.push(if random.chance(0.6) { *random.pick(&authors) } else { random.index(people.len()) });
    }
    let mut stories: Vec<StoryPlan> = authors
        .into_iter()
        .enumerate()
        .map(|(index, author)| {
            let scene = *random.pick(people[author].scenes);
            let minutes = 5 + random.index(21 * 60) as u64;
            StoryPlan {
                author,
                scene,
                seed: random.bits(),
                width: 1080,
                height: 1920,
                alt_text: text::words(scene).alt_text,
                age: Duration::from_secs(minutes * 60 + index as u64),
            }
        })
        .collect();
    stories.sort_by_key(|story| std::cmp::Reverse(story.age));
    stories
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
