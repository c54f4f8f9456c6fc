//! The checker: what was acknowledged against what is there, and what must not be there.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use darkroom_entity::{comment, follow, job, media, post, post_like, story};
use darkroom_platform::Clock;
use darkroom_service::job::Queue;
use darkroom_testing::{files_under, uuid_of};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::book::{Book, Fate, Wish};
use crate::load::{AUTHORS, Company, PRIVATE, SPY};
use crate::site::Site;

/// Work that nobody waits for may take so long after the load has ended.
const DRAINED: Duration = Duration::from_secs(90);

/// Jobs that are named when they do not end.
const SHOWN: usize = 20;

/// Jobs that are to be run now, or are being run: not what comes back by a schedule, and not what waits for a day that is
/// to come.
const OPEN_JOBS: &str = "state <> 'dead' AND name <> 'story.expire' AND (unique_key IS NULL OR unique_key <> name)";

/// What was found. Each entry says what; none at all is as it must be.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Acknowledged and not there.
    pub(crate) lost: Vec<String>,
    /// There more than once.
    pub(crate) doubled: Vec<String>,
    /// Wrong counters, orphans, what must not be seen.
    pub(crate) wrong: Vec<String>,
}

/// Lets every job end, then compares. The load has ended.
pub(crate) async fn check(site: &Site, company: &Company) -> Findings {
    let mut found = Findings::default();
    drained(site).await;
    clear_up(site).await;
    jobs(site, &mut found).await;
    made(site, company, &mut found).await;
    wishes(site, company, &mut found).await;
    counters(site, &mut found).await;
    objects(site, &mut found).await;
    feeds(site, company, &mut found).await;
    hidden(company, &mut found).await;
    found.wrong.append(&mut company.book.open().wrong);
    found
}

async fn drained(site: &Site) {
    let begun = Instant::now();
    loop {
        let due = format!("{OPEN_JOBS} AND NOT (name = 'object.purge' AND state = 'queued')");
        if site.count("job", &due).await == 0 {
            return;
        }
        if begun.elapsed() > DRAINED {
            let line = "name || ' ' || state || ' ' || COALESCE(SUBSTR(last_error, 1, 200), '')";
            let left = site.lines(&format!("SELECT {line} AS line FROM job WHERE {due}")).await;
            let left = &left[..left.len().min(SHOWN)];
            panic!("after {} s jobs are left: {left:#?}", DRAINED.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Has done now what the product does hours later: uploads that broke off are swept a day after they began, and the objects
/// of photos that went while they were processed are purged when nobody can write them any more.
async fn clear_up(site: &Site) {
    let now = Clock::system().now();
    let aged = media::ActiveModel { created_at: Set(now - TimeDelta::days(2)), ..Default::default() };
    let broken = media::Column::Status.eq(media::Status::Uploading);
    let broken = media::Entity::update_many().set(aged).filter(broken).exec(site.rows()).await.unwrap();
    if broken.rows_affected > 0 {
        site.enqueue("media.sweep", json!({}), Queue::Bulk).await;
    }
    let begun = Instant::now();
    loop {
        let broken = site.count("media", "status = 'uploading'").await;
        let waiting = site.count("job", "name = 'object.purge' AND state <> 'dead'").await;
        if broken == 0 && waiting == 0 {
            return;
        }
        job::Entity::update_many()
            .set(job::ActiveModel { run_at: Set(now), ..Default::default() })
            .filter(job::Column::Name.eq("object.purge"))
            .filter(job::Column::State.eq(job::State::Queued))
            .filter(job::Column::RunAt.gt(Clock::system().now()))
            .exec(site.rows())
            .await
            .unwrap();
        assert!(begun.elapsed() < DRAINED, "{broken} broken uploads and {waiting} purges are left");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn jobs(site: &Site, found: &mut Findings) {
    let dead =
        site.lines("SELECT name || ': ' || COALESCE(last_error, '') AS line FROM job WHERE state = 'dead'").await;
    found.lost.extend(dead.into_iter().map(|job| format!("a job is dead: {job}")));
}

/// Uploads, posts, comments and stories.
async fn made(site: &Site, company: &Company, found: &mut Findings) {
    let photos = media::Entity::find().all(site.rows()).await.unwrap();
    let posts = post::Entity::find().all(site.rows()).await.unwrap();
    let comments = comment::Entity::find().all(site.rows()).await.unwrap();
    let stories = story::Entity::find().all(site.rows()).await.unwrap();
    let book = company.book.open();

    let failed = photos.iter().filter(|photo| photo.status == media::Status::Failed).count() as i64;
    if failed > site.spoiled {
        found.lost.push(format!("{failed} good photos FAILED"));
    }
    let deleted: HashSet<&str> =
        book.posts.iter().filter(|post| post.gone.is_some()).map(|post| post.media.as_str()).collect();
    let by_id: HashMap<Uuid, media::Status> = photos.iter().map(|photo| (photo.id, photo.status)).collect();
    for upload in &book.uploads {
        let Some(id) = &upload.id else { continue };
        match by_id.get(&uuid_of(id)) {
            Some(media::Status::Ready | media::Status::Failed) => {}
            None if deleted.contains(id.as_str()) => {}
            other => found.lost.push(format!("{}, {id}, is {other:?}", upload.token)),
        }
    }
    let there: HashSet<Uuid> = posts.iter().map(|post| post.id).collect();
    for post in &book.posts {
        let Some(id) = &post.id else { continue };
        match (there.contains(&uuid_of(id)), post.gone) {
            (false, None) => found.lost.push(format!("{}, {id}", post.token)),
            (true, Some(Fate::Acknowledged)) => found.lost.push(format!("the deletion of {}, {id}", post.token)),
            _ => {}
        }
    }
    let gone: HashSet<&str> = book.posts.iter().filter(|p| p.gone.is_some()).filter_map(|p| p.id.as_deref()).collect();
    let said: HashSet<Uuid> = comments.iter().map(|comment| comment.id).collect();
    for comment in &book.comments {
        let Some(id) = &comment.id else { continue };
        let may_be_gone = comment.on.as_deref().is_some_and(|on| gone.contains(on));
        if !said.contains(&uuid_of(id)) && !may_be_gone {
            found.lost.push(format!("{}, {id}", comment.token));
        }
    }
    let told: HashSet<Uuid> = stories.iter().map(|story| story.id).collect();
    let is_lost = |id: &&String| !told.contains(&uuid_of(id));
    found.lost.extend(
        book.stories.iter().filter_map(|story| story.id.as_ref()).filter(is_lost).map(|id| format!("story {id}")),
    );

    twice("photo", photos.iter().map(|photo| photo.alt_text.as_str()), found);
    twice("post", posts.iter().map(|post| post.caption.as_str()), found);
    twice("comment", comments.iter().map(|comment| comment.text.as_str()), found);
    twice("story", stories.iter().map(|story| story.media_id), found);
}

/// Names what stands there more than once: words that were used once.
fn twice<T: Ord + std::fmt::Debug>(what: &str, all: impl Iterator<Item = T>, found: &mut Findings) {
    let mut all: Vec<T> = all.collect();
    all.sort_unstable();
    let pairs = all.windows(2).filter(|pair| pair[0] == pair[1]);
    found.doubled.extend(pairs.map(|pair| format!("{what} {:?}", pair[0])));
}

/// Likes and follows. From now on everybody knows how they stand.
async fn wishes(site: &Site, company: &Company, found: &mut Findings) {
    let likes = post_like::Entity::find().all(site.rows()).await.unwrap();
    let likes: HashSet<(Uuid, Uuid)> = likes.iter().map(|like| (like.account_id, like.post_id)).collect();
    let follows = follow::Entity::find().all(site.rows()).await.unwrap();
    let follows: HashSet<(Uuid, Uuid)> = follows.iter().map(|row| (row.follower_id, row.followee_id)).collect();
    let person = |at: usize| uuid_of(&company.people[at].id);
    let mut book = company.book.open();
    let Book { posts, likes: liked, follows: followed, .. } = &mut *book;
    let gone: HashSet<&str> = posts.iter().filter(|p| p.gone.is_some()).filter_map(|p| p.id.as_deref()).collect();
    liked.retain(|(_, post), _| !gone.contains(post.as_str()));
    for ((by, post), wish) in liked.iter_mut() {
        settle(wish, likes.contains(&(person(*by), uuid_of(post))), || format!("{by} likes {post}"), found);
    }
    for ((by, other), wish) in followed.iter_mut() {
        settle(wish, follows.contains(&(person(*by), person(*other))), || format!("{by} follows {other}"), found);
    }
}

fn settle(wish: &mut Wish, is: bool, what: impl Fn() -> String, found: &mut Findings) {
    if wish.fate == Fate::Acknowledged && wish.wanted != is {
        found.lost.push(format!("{}: {} was acknowledged, {is} it is", what(), wish.wanted));
    }
    *wish = Wish { wanted: is, fate: Fate::Acknowledged };
}

/// Counters against what they count: both read in one statement.
async fn counters(site: &Site, found: &mut Findings) {
    let counted = [
        ("post", "like_count", "SELECT COUNT(*) FROM post_like WHERE post_id = c.id"),
        ("post", "comment_count", "SELECT COUNT(*) FROM comment WHERE post_id = c.id"),
        ("account", "follower_count", "SELECT COUNT(*) FROM follow WHERE followee_id = c.id AND state = 'accepted'"),
        ("account", "following_count", "SELECT COUNT(*) FROM follow WHERE follower_id = c.id AND state = 'accepted'"),
        ("account", "post_count", "SELECT COUNT(*) FROM post WHERE author_id = c.id AND state = 'published'"),
        ("story", "viewer_count", "SELECT COUNT(*) FROM story_view WHERE story_id = c.id"),
    ];
    for (table, column, count) in counted {
        let wrong = site.count(&format!("{table} c"), &format!("c.{column} <> ({count})")).await;
        if wrong > 0 {
            found.wrong.push(format!("{wrong} counters {table}.{column} are wrong"));
        }
    }
    // What hangs on nothing: purges have ended.
    for table in ["post_like", "comment", "post_media", "post_hashtag", "saved_post"] {
        let orphans = site.count(&format!("{table} c"), "NOT EXISTS (SELECT 1 FROM post WHERE id = c.post_id)").await;
        if orphans > 0 {
            found.wrong.push(format!("{orphans} rows of {table} hang on posts that are gone"));
        }
    }
    let pending = "c.state = 'pending' AND NOT EXISTS (SELECT 1 FROM post_media p JOIN media m ON m.id = p.media_id
        WHERE p.post_id = c.id AND m.status <> 'ready')";
    let pending = site.count("post c", pending).await;
    if pending > 0 {
        found.lost.push(format!("{pending} posts wait for photos that are ready"));
    }
}

/// Every object has a row and every row its objects; nothing is left aside.
async fn objects(site: &Site, found: &mut Findings) {
    let keys: HashSet<String> = site.world.object_keys().await.into_iter().collect();
    let known = "SELECT original_key AS line FROM media WHERE original_key <> ''
        UNION SELECT object_key AS line FROM rendition UNION SELECT object_key AS line FROM doomed_object";
    let known: HashSet<String> = site.lines(known).await.into_iter().collect();
    let three =
        "c.status = 'ready' AND (SELECT COUNT(*) FROM rendition WHERE media_id = c.id AND format = 'jpeg') <> 3";
    let incomplete = site.count("media c", three).await;
    if incomplete > 0 {
        found.lost.push(format!("{incomplete} photos are READY without their three sizes"));
    }
    found.wrong.extend(keys.difference(&known).map(|key| format!("object {key} is nobody's")));
    found.lost.extend(known.difference(&keys).map(|key| format!("object {key} is missing")));
    let data = PathBuf::from(site.world.variable("DARKROOM_DATA_DIR").unwrap());
    let temporary = files_under(&data.join("tmp"));
    found.wrong.extend(temporary.iter().map(|path| format!("{} is left", path.display())));
}

/// Each follower's whole feed, once from the database or a timeline, once more from the timeline.
async fn feeds(site: &Site, company: &Company, found: &mut Findings) {
    let states = post::Entity::find().all(site.rows()).await.unwrap();
    let published: HashSet<Uuid> =
        states.iter().filter(|post| post.state == post::State::Published).map(|post| post.id).collect();
    for viewer in 0..company.people.len() {
        for round in 0..2 {
            let feed = feed(company, viewer).await;
            let seen: HashSet<&String> = feed.iter().collect();
            let name = &company.people[viewer].username;
            if seen.len() < feed.len() {
                found.doubled.push(format!("{} posts in {name}'s feed", feed.len() - seen.len()));
            }
            let book = company.book.open();
            let follows = |by: usize| book.follows.get(&(viewer, by)).is_some_and(|wish| wish.wanted);
            for post in &book.posts {
                let Some(id) = &post.id else { continue };
                let belongs = (post.by == viewer || follows(post.by)) && published.contains(&uuid_of(id));
                match (belongs && post.gone.is_none(), seen.contains(id)) {
                    (true, false) => found.lost.push(format!("{} in {name}'s feed ({round})", post.token)),
                    (false, true) if !belongs || post.gone == Some(Fate::Acknowledged) => {
                        found.wrong.push(format!("{} is in {name}'s feed ({round})", post.token));
                    }
                    _ => {}
                }
            }
        }
    }
}

async fn feed(company: &Company, viewer: usize) -> Vec<String> {
    let query = "query($after: String) { feed(mode: FOLLOWING, first: 50, after: $after) {
        nodes { id } pageInfo { hasNextPage endCursor } } }";
    let (mut ids, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = company.people[viewer].voice.query(query, json!({ "after": after })).await;
        let nodes = page["feed"]["nodes"].as_array().unwrap();
        ids.extend(nodes.iter().map(|node| node["id"].as_str().unwrap().to_owned()));
        let info = &page["feed"]["pageInfo"];
        if info["hasNextPage"] != true {
            return ids;
        }
        after = info["endCursor"].clone();
    }
}

/// What a stranger must not see, and what nobody sees any more.
async fn hidden(company: &Company, found: &mut Findings) {
    let (ids, links) = {
        let book = company.book.open();
        let deleted = |post: &&crate::book::Posted| post.gone == Some(Fate::Acknowledged);
        let posts = book.posts.iter().filter(|post| post.by == PRIVATE || deleted(post));
        let stories = book.stories.iter().filter(|story| story.by == PRIVATE);
        let ids: Vec<String> = posts
            .flat_map(|post| post.id.iter().chain([&post.media]))
            .chain(stories.flat_map(|story| story.id.iter().chain([&story.media])))
            .cloned()
            .collect();
        let links: Vec<String> = book.posts.iter().filter(deleted).filter_map(|post| post.link.clone()).collect();
        (ids, links)
    };
    let spy = &company.people[SPY].voice;
    for some in ids.chunks(50) {
        let seen = spy.query("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": some })).await;
        let seen = seen["nodes"].as_array().into_iter().flatten().filter(|node| !node.is_null());
        found.wrong.extend(seen.map(|node| format!("a stranger sees {node}")));
    }
    let private = spy
        .query(
            "query($name: String!) { user(username: $name) { posts(first: 5) { nodes { id } } stories { id } } }",
            json!({ "name": AUTHORS[PRIVATE] }),
        )
        .await;
    if private["user"]["posts"]["nodes"] != json!([]) || private["user"]["stories"] != json!([]) {
        found.wrong.push(format!("a stranger sees {private}"));
    }
    for link in links.iter().rev().take(20) {
        // Given out by a server that may have ended since: any other one answers for it.
        let path = link.split_once("/media/").map(|(_, rest)| format!("/media/{rest}"));
        let Some(path) = path else { continue };
        match spy.status_of(&spy.url(&path)).await {
            Some(404 | 410 | 403) => {}
            other => found.wrong.push(format!("the link to a deleted photo gives {other:?}")),
        }
    }
}
