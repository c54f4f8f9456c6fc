//! A steady load: a few people who upload, post, like, comment, follow and tell stories, and one who spies.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use darkroom_testing::sequence::Dice;
use darkroom_testing::{Client, picture};
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::book::{Fate, Made, Posted, Shared, Told, Wish};
use crate::site::Site;
use crate::voice::{Body, Heard, Voice};

/// Who posts. The last of them has a private account, followed by the others.
pub(crate) const AUTHORS: [&str; 4] = ["ada", "ben", "dan", "cleo"];
/// The one with the private account.
pub(crate) const PRIVATE: usize = 3;
/// Follows and unfollows all the time, and posts nothing.
pub(crate) const FICKLE: usize = 4;
/// Follows nobody and looks for what is not for her.
pub(crate) const SPY: usize = 5;

/// The pause between two things that one person does, milliseconds: at least, and at most so much more.
const PACE: (u64, usize) = (80, 200);

/// Somebody with an account.
pub(crate) struct Human {
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) voice: Voice,
}

/// Everybody, and what they were told.
pub(crate) struct Company {
    pub(crate) people: Vec<Human>,
    pub(crate) book: Shared,
}

/// Everybody at work, until [`Load::end`].
pub(crate) struct Load {
    pub(crate) company: Arc<Company>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Company {
    /// Signs everybody up.
    pub(crate) async fn gather(site: &Site) -> Arc<Self> {
        let book = Shared::default();
        let client = Client::new(site.apis[0].address);
        let mut signed_up = Vec::new();
        for name in AUTHORS.iter().copied().chain(["fay", "eve"]) {
            signed_up.push(client.sign_up(name).await);
        }
        signed_up[PRIVATE].set_private(true).await;
        for (at, person) in signed_up.iter().enumerate().filter(|(at, _)| *at != SPY) {
            for (other, followee) in signed_up.iter().enumerate().filter(|(other, _)| *other < FICKLE && *other != at) {
                if other == PRIVATE && at == FICKLE {
                    continue;
                }
                person.follow(&followee.id).await;
                if other == PRIVATE {
                    followee.accept(&person.id).await;
                }
                book.open().follows.insert((at, other), Wish { wanted: true, fate: Fate::Acknowledged });
            }
        }
        let human = |person: &darkroom_testing::Person| Human {
            id: person.id.clone(),
            username: person.username.clone(),
            voice: Voice::new(site.addresses(), &person.token, book.clone()),
        };
        let people = signed_up.iter().map(human).collect();
        Arc::new(Self { people, book })
    }
}

impl Load {
    /// Sets everybody to work.
    pub(crate) fn begin(company: &Arc<Company>, seed: u64) -> Self {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        for at in 0..company.people.len() {
            let (company, stop) = (Arc::clone(company), stop.clone());
            let mut actor = Actor { at, company, dice: Dice::new(seed ^ (at as u64) << 40) };
            tasks.spawn(async move {
                while !stop.is_cancelled() {
                    actor.step().await;
                    let pause = Duration::from_millis(PACE.0 + actor.dice.below(PACE.1) as u64);
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = stop.cancelled() => {}
                    }
                }
            });
        }
        Self { company: Arc::clone(company), stop, tasks }
    }

    /// Waits until so many more changes were acknowledged. Says how long the first of them took.
    pub(crate) async fn flows(&self, more: u64, within: Duration) -> Duration {
        let (begun, before) = (Instant::now(), self.company.book.open().acknowledged);
        let mut first = None;
        loop {
            let now = self.company.book.open().acknowledged - before;
            if now > 0 {
                first.get_or_insert(begun.elapsed());
            }
            if now >= more {
                return first.unwrap_or_default();
            }
            assert!(begun.elapsed() < within, "{now} of {more} changes were acknowledged within {within:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Lets everybody finish what they are at.
    pub(crate) async fn end(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
    }
}

/// One of them.
struct Actor {
    at: usize,
    company: Arc<Company>,
    dice: Dice,
}

impl Actor {
    fn me(&self) -> &Human {
        &self.company.people[self.at]
    }

    fn book(&self) -> &Shared {
        &self.company.book
    }

    fn has_key(&mut self) -> bool {
        self.dice.below(2) == 0
    }

    async fn step(&mut self) {
        match (self.at, self.dice.below(100)) {
            (SPY, _) => self.spy().await,
            (FICKLE, 0..40) => self.follow().await,
            (FICKLE, 40..70) => self.like().await,
            (FICKLE, _) => self.comment().await,
            (_, 0..30) => self.post().await,
            (_, 30..38) => self.story().await,
            (_, 38..42) => drop(self.upload().await),
            (_, 42..50) => self.delete().await,
            (_, 50..75) => self.like().await,
            (_, 75..90) => self.comment().await,
            (_, _) => self.read().await,
        }
    }

    /// Uploads a small picture. Its id, if it was acknowledged.
    async fn upload(&mut self) -> Option<String> {
        let token = self.book().token("photo");
        let (width, height) = (40 + self.dice.below(60) as u32, 30 + self.dice.below(60) as u32);
        let body = Body::upload(picture::jpeg(width, height), &token);
        let has_key = self.has_key();
        let id = self.make(&body, has_key, "media").await?;
        let mut book = self.book().open();
        book.uploads.push(Made { token, id: id.clone(), on: None });
        id
    }

    /// Runs a mutation that makes a `noun`. `None`: refused. `Some(None)`: nobody knows. Else its id.
    async fn make(&self, body: &Body, has_key: bool, noun: &str) -> Option<Option<String>> {
        match self.me().voice.mutate(body, has_key).await {
            Heard::Done(payload) => {
                self.book().open().acknowledged += 1;
                Some(payload[noun]["id"].as_str().map(str::to_owned))
            }
            Heard::Unsure => Some(None),
            Heard::Refused(codes) => {
                // What it hangs on may have been deleted meanwhile. A conflict would mean that a repetition was not known
                // to be one: nobody else touches what this person uses here.
                if codes.iter().any(|code| code != "NOT_FOUND") {
                    self.book().open().wrong.push(format!("a {noun} was refused: {codes:?} (key: {has_key})"));
                }
                None
            }
        }
    }

    async fn post(&mut self) {
        let Some(media) = self.upload().await else { return };
        let token = self.book().token("post");
        let input = json!({ "mediaIds": [media], "caption": token });
        let has_key = self.has_key();
        let Some(id) = self.make(&Body::mutation("createPost", &input, "post { id }"), has_key, "post").await else {
            return;
        };
        self.book().open().posts.push(Posted { by: self.at, token, id, media, gone: None, link: None });
    }

    async fn story(&mut self) {
        let Some(media) = self.upload().await else { return };
        let has_key = self.has_key();
        let body = Body::mutation("createStory", &json!({ "mediaId": media }), "story { id }");
        let Some(id) = self.make(&body, has_key, "story").await else { return };
        self.book().open().stories.push(Told { by: self.at, id, media });
    }

    /// Deletes one of one's own posts, often the newest, whose photo is being processed. Keeps a link to it.
    async fn delete(&mut self) {
        let own: Vec<(usize, String)> = {
            let book = self.book().open();
            let mine = book.posts.iter().enumerate().filter(|(_, post)| post.by == self.at && post.gone.is_none());
            mine.filter_map(|(place, post)| Some((place, post.id.clone()?))).collect()
        };
        let newest = self.dice.below(2) == 0;
        let pick = if newest { own.len().wrapping_sub(1) } else { self.dice.below(own.len().max(1)) };
        let Some((place, id)) = own.get(pick) else { return };
        let query = "query($id: ID!) { node(id: $id) { ... on Post { media { url(size: THUMBNAIL) } } } }";
        let body = Body::Json(json!({ "query": query, "variables": { "id": id } }));
        if let Heard::Done(node) = self.me().voice.ask(&body, None).await {
            let link = node["media"][0]["url"].as_str().map(str::to_owned);
            self.book().open().posts[*place].link = link;
        }
        let has_key = self.has_key();
        // Before the request: from its beginning on nobody knows, until the answer is there.
        self.book().open().posts[*place].gone = Some(Fate::Maybe);
        let body = Body::mutation("deletePost", &json!({ "postId": id }), "");
        match self.me().voice.mutate(&body, has_key).await {
            Heard::Done(_) => {
                let mut book = self.book().open();
                book.acknowledged += 1;
                book.posts[*place].gone = Some(Fate::Acknowledged);
            }
            Heard::Refused(codes) => self.book().open().wrong.push(format!("a deletion was refused: {codes:?}")),
            Heard::Unsure => {}
        }
    }

    /// A post that somebody sees: all but the spy, and the fickle one does not see the private person's.
    fn some_post(&mut self) -> Option<String> {
        let known: Vec<String> = {
            let book = self.book().open();
            let seen = book.posts.iter().rev().take(40).filter(|post| post.gone.is_none());
            let seen = seen.filter(|post| self.at != FICKLE || post.by != PRIVATE);
            seen.filter_map(|post| post.id.clone()).collect()
        };
        let pick = self.dice.below(known.len().max(1));
        known.get(pick).cloned()
    }

    async fn like(&mut self) {
        let Some(post) = self.some_post() else { return };
        let wanted = self.dice.below(4) != 0;
        let name = if wanted { "likePost" } else { "unlikePost" };
        let body = Body::mutation(name, &json!({ "postId": post }), "");
        let has_key = self.has_key();
        let heard = self.me().voice.mutate(&body, has_key).await;
        let place = (self.at, post);
        self.wished(heard, wanted, |book, wish| wish_for(&mut book.likes, place, wish));
    }

    async fn follow(&mut self) {
        let other = self.dice.below(PRIVATE);
        let wanted = self.dice.below(2) == 0;
        let name = if wanted { "followUser" } else { "unfollowUser" };
        let body = Body::mutation(name, &json!({ "userId": self.company.people[other].id }), "");
        let has_key = self.has_key();
        let heard = self.me().voice.mutate(&body, has_key).await;
        let place = (self.at, other);
        self.wished(heard, wanted, |book, wish| wish_for(&mut book.follows, place, wish));
    }

    fn wished(&self, heard: Heard, wanted: bool, write: impl FnOnce(&mut crate::book::Book, Wish)) {
        let mut book = self.book().open();
        match heard {
            Heard::Done(_) => {
                book.acknowledged += 1;
                write(&mut book, Wish { wanted, fate: Fate::Acknowledged });
            }
            Heard::Unsure => write(&mut book, Wish { wanted, fate: Fate::Maybe }),
            Heard::Refused(codes) if codes.iter().all(|code| code == "NOT_FOUND") => {}
            Heard::Refused(codes) => book.wrong.push(format!("a like or follow was refused: {codes:?}")),
        }
    }

    async fn comment(&mut self) {
        let Some(post) = self.some_post() else { return };
        let token = self.book().token("comment");
        let body = Body::mutation("addComment", &json!({ "postId": post, "text": token }), "comment { id }");
        let has_key = self.has_key();
        let Some(id) = self.make(&body, has_key, "comment").await else { return };
        self.book().open().comments.push(Made { token, id, on: Some(post) });
    }

    /// Looks at the feed, as most people do most of the time.
    async fn read(&mut self) {
        let query = "{ feed(mode: FOLLOWING, first: 20) { nodes { id } } }";
        let Heard::Done(feed) = self.me().voice.ask(&Body::Json(json!({ "query": query })), None).await else { return };
        let mut ids: Vec<&str> =
            feed["nodes"].as_array().into_iter().flatten().filter_map(|n| n["id"].as_str()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() < all {
            self.book().open().wrong.push("a post stood twice on a page of a feed".to_owned());
        }
    }

    /// Asks for something of the private person's, and for something that was deleted.
    async fn spy(&mut self) {
        let hidden: Vec<String> = {
            let book = self.book().open();
            let posts = book.posts.iter().filter(|p| p.by == PRIVATE || p.gone == Some(Fate::Acknowledged));
            let posts = posts.flat_map(|post| post.id.iter().chain([&post.media]));
            let stories = book.stories.iter().filter(|s| s.by == PRIVATE).flat_map(|s| s.id.iter().chain([&s.media]));
            posts.chain(stories).cloned().collect()
        };
        if hidden.is_empty() {
            return;
        }
        let id = &hidden[self.dice.below(hidden.len())];
        let query = "query($id: ID!) { node(id: $id) { id } }";
        let body = Body::Json(json!({ "query": query, "variables": { "id": id } }));
        if let Heard::Done(node) = self.me().voice.ask(&body, None).await
            && !node.is_null()
        {
            self.book().open().wrong.push(format!("a stranger was shown {id}"));
        }
    }
}

/// Notes the latest wish. After one of which nobody knows, later ones are no more certain: the server may still be at it,
/// and end after them.
fn wish_for<P: Eq + Hash>(wishes: &mut HashMap<P, Wish>, place: P, wish: Wish) {
    let uncertain = wishes.get(&place).is_some_and(|before| before.fate == Fate::Maybe);
    let fate = if uncertain { Fate::Maybe } else { wish.fate };
    wishes.insert(place, Wish { fate, ..wish });
}
