//! The posts of a feed's page: from what is known, else from the statement that says it.

use std::borrow::Cow;

use sea_orm::{ConnectionTrait, QueryTrait};
use uuid::Uuid;

use super::statement::{self, Among};
use super::{Marked, Row, marks, say, say_to, with_cards};
use crate::app::App;
use crate::error::Result;
use crate::session::Proof;
use crate::sight;

/// Those of these posts that stand in the viewer's feed, as they see them, in no order. A bounded number.
///
/// What was read a while ago for a session that is presumed to stand need not be read again, if a look at the log of changes shows that
/// it is still so ([`known`](super::known)).
pub(crate) async fn marked_in_feed(app: &App, viewer: Uuid, ids: &[Uuid]) -> Result<Vec<Marked>> {
    let Some(owed) = &app.owed else {
        return Ok(read_of_feed(app, viewer, ids, None).await?.posts);
    };
    let proof = owed.proof(app);
    if let Some(posts) = known_of_feed(app, viewer, ids, &proof).await? {
        owed.pay();
        return Ok(posts);
    }
    Ok(read_of_feed(app, viewer, ids, Some(&proof)).await?.posts)
}

/// How often a page that is known is begun anew because the log tells of a change: it is looked at, what has changed is read, and it is
/// looked at again.
const TURNS: usize = 3;

/// The page from what is known, once that is seen to be still so. What is not known of a few of its posts is read before. None if too
/// little is known, or if it changes all the time.
async fn known_of_feed(app: &App, viewer: Uuid, ids: &[Uuid], proof: &Proof) -> Result<Option<Vec<Marked>>> {
    if !app.known.has_begun() && !app.known.look(app).await {
        return Ok(None);
    }
    let (mut ids, mut has_read) = (Cow::Borrowed(ids), false);
    for _ in 0..TURNS {
        let Some(page) = app.known.page(app, viewer, proof, &ids) else { return Ok(None) };
        if page.stands && page.missing.is_empty() {
            let said = if cfg!(debug_assertions) { Some(read_anew(app, viewer, &ids).await?) } else { None };
            if !app.known.look(app).await {
                return Ok(None);
            }
            if app.known.holds(page.as_of, viewer, &page.found) {
                debug_assert!(said.is_none_or(|said| is_same(said, &page.found)), "something is known that is not so");
                sight::cards("memory", page.found.len() * 2);
                return Ok(Some(page.found));
            }
        } else if page.missing.len() < page.found.len() && !has_read {
            has_read = true;
            // With one of which it is known that it stands there: without a row nothing is proved.
            let mut wanted = page.missing;
            wanted.push(page.found[0].card.id);
            let read = read_of_feed(app, viewer, &wanted, Some(proof)).await?;
            if !read.stands {
                return Ok(None);
            }
            // What does not stand in the feed now, deleted or muted as it may be, is no part of the page.
            let gone = |id: &Uuid| wanted.contains(id) && read.posts.iter().all(|post| post.card.id != *id);
            ids.to_mut().retain(|id| !gone(id));
        } else {
            return Ok(None);
        }
    }
    Ok(None)
}

/// Some posts of a feed, and whether the statement has proved who asks.
struct ReadOfFeed {
    posts: Vec<Marked>,
    stands: bool,
}

/// Those of these posts that stand in the feed, from the database, by a statement that is kept. What it says is known from then on.
///
/// Where the statement proves who asks, it proves along with it what is known of whose posts stand there, and asks of nobody who
/// is known.
async fn read_of_feed(app: &App, viewer: Uuid, ids: &[Uuid], proof: Option<&Proof>) -> Result<ReadOfFeed> {
    let since = proof.and_then(|_| app.known.now());
    // What is known is known for longer than this operation: a replica is to have come as far as the log was just now.
    let anew = if since.is_some() { app.anew() } else { Cow::Borrowed(app) };
    let app = &*anew;
    let known = proof.and_then(|proof| Some((proof.reader.circle_revision, app.cards.authors_of(ids)?)));
    let among = match known {
        Some((revision, authors)) if app.circles.hold(viewer, revision, &authors) => Among::Known,
        _ => Among::Anybody,
    };
    let said = say(app, statement::of_feed(app, viewer, ids, proof, among)).await?;
    let proved = proof.zip(said.until);
    if let Some((proof, _)) = proved.filter(|_| among == Among::Anybody) {
        app.circles.learn(viewer, proof.reader.circle_revision, said.rows.iter().map(|row| row.author.id));
    }
    let posts = with_cards(app, viewer, said.rows, || statement::among(viewer, ids, Among::Anybody)).await?;
    if let Some((since, (proof, until))) = since.zip(proved) {
        app.known.learn(app, since, viewer, proof, until, &posts);
    }
    Ok(ReadOfFeed { posts, stands: proved.is_some() })
}

/// What the database says of these posts whatever is known. In tests it says so beside each page that is known.
async fn read_anew(app: &App, viewer: Uuid, ids: &[Uuid]) -> Result<Vec<Row>> {
    let query = marks(viewer, statement::among(viewer, ids, Among::Anybody), None);
    let rows = app.database.connection();
    Ok(say_to(rows, query.build(rows.get_database_backend())).await?.rows)
}

/// Whether rows say what is known.
fn is_same(rows: Vec<Row>, known: &[Marked]) -> bool {
    let order = |one: &Row| one.post.id;
    let sorted = |mut rows: Vec<Row>| {
        rows.sort_unstable_by_key(order);
        rows
    };
    let (said, known) = (sorted(rows), sorted(known.iter().map(Row::of).collect()));
    if said != known {
        tracing::error!(?said, ?known, "what is known is not so");
    }
    said == known
}
