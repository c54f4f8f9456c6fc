//! What people say below each other's pictures, and who likes it.

use super::{Person, PostPlan};
use crate::random::Random;

/// A comment, or an answer to one.
pub(crate) struct CommentPlan {
    /// Index of who says it.
    pub(crate) author: usize,
    /// Index of the post.
    pub(crate) post: usize,
    /// Index of the comment that it answers, which comes before it and answers none.
    pub(crate) answers: Option<usize>,
    /// A line, perhaps with a mention.
    pub(crate) text: String,
    /// Who likes it: nobody twice, nobody their own.
    pub(crate) likes: Vec<usize>,
}

/// Comments below one post at most, without answers.
const PER_POST: usize = 6;

/// What people say.
const SAID: &[&str] = &[
    "The light in this one!",
    "I keep coming back to this.",
    "Where was this taken?",
    "This made my morning.",
    "Those colours are unreal.",
    "How long did you wait for that?",
    "Printing this, if you let me.",
    "I can almost hear it.",
    "The composition is so quiet. Love it.",
    "More of these, please 🙏",
    "I was there last year and it never looked like this.",
    "What did you shoot it with?",
    "Instant favourite.",
    "You have an eye for this.",
    "The details in the corner 👀",
    "Simple and perfect.",
    "My phone background as of now.",
    "Teach me.",
    "This feels like a Sunday.",
    "Wow.",
];

/// What authors answer; `{}` is the username of whom they answer.
const ANSWERED: &[&str] = &[
    "@{} thank you!",
    "@{} an hour before everyone woke up.",
    "@{} pure luck, I promise.",
    "@{} come along next time!",
    "@{} that means a lot.",
    "@{} the oldest lens that I own.",
    "@{} I'll send you the spot.",
    "@{} it took eleven tries.",
];

/// Some of those who like a picture say something below it; its author answers now and then.
pub(super) fn comments(
    people: &[Person],
    posts: &[PostPlan],
    likes: &[(usize, usize)],
    random: &mut Random,
) -> Vec<CommentPlan> {
    let mut likers = vec![Vec::new(); posts.len()];
    for &(person, post) in likes {
        likers[post].push(person);
    }
    let mut all = Vec::new();
    for (post, likers) in likers.iter().enumerate() {
        let author = posts[post].author;
        let mut lines = SAID.to_vec();
        random.shuffle(&mut lines);
        let said = likers.iter().copied().filter(|_| random.chance(0.2)).take(PER_POST).collect::<Vec<_>>();
        for (person, line) in said.into_iter().zip(lines) {
            let mut likes: Vec<usize> =
                likers.iter().copied().filter(|&other| other != person && random.chance(0.08)).collect();
            if random.chance(0.5) {
                likes.push(author);
            }
            let place = all.len();
            all.push(CommentPlan { author: person, post, answers: None, text: line.to_owned(), likes });
            if random.chance(0.35) {
                let text = random.pick(ANSWERED).replace("{}", people[person].username);
                let likes = if random.chance(0.4) { vec![person] } else { Vec::new() };
                all.push(CommentPlan { author, post, answers: Some(place), text, likes });
            }
        }
    }
    all
}
