//! Cards: what a post, or the author of one, looks like to everyone who may see it.
//!
//! ```text
//!   one query:  which of these posts the viewer may see, their counters, the viewer's own marks, two revisions each
//!        │
//!        ▼                                       the same revision?
//!   cards ── this process ──► Redis (one round trip for the whole page) ──► database (a constant number of statements)
//! ```
//!
//! What depends on who looks, and what many people change, is never in a card: that query answers it each time, so
//! visibility and counters are exact. What is in a card counts up `card_revision` of its row in the transaction that changes
//! it. The query brings the revision that counts, and a card of another one is not used: nothing has to be invalidated, and
//! nothing can be stale, for nobody. How long a card is kept bounds memory alone.

mod circle;
mod content;
mod feed;
mod known;
mod load;
mod revision;
mod shelf;
mod statement;
mod written;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use darkroom_entity::{account, post, post_like, saved_post};
use darkroom_platform::database::Rows;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, JoinType, QueryFilter, QueryResult, QuerySelect, QueryTrait,
    Select, Statement, TryGetableMany,
};
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::id_map::{self, IdMap};
use crate::session::Proof;

pub(crate) use circle::Circles;
pub use content::{AuthorCard, LinkWindow, MediaCard, PostCard, RenditionCard};
pub(crate) use feed::marked_in_feed;
pub(crate) use known::Known;
pub(crate) use revision::{count_authors, count_posts};
pub(crate) use shelf::Cards;
pub use shelf::Wanted;
pub(crate) use statement::Statements;

/// How often a page is asked for again of which a card changed between the query and the look at it. What changes faster is
/// left out of the page: it is as if it had come, or gone, a moment later.
const ATTEMPTS: usize = 3;

/// A post as one viewer sees it at this moment.
#[derive(Debug, Clone)]
pub struct Marked {
    /// What it looks like to everyone.
    pub card: Arc<PostCard>,
    /// Who posted it.
    pub author: Author,
    /// How many like it.
    pub like_count: i64,
    /// How many comments it has.
    pub comment_count: i64,
    /// Whether the viewer likes it.
    pub viewer_has_liked: bool,
    /// Whether the viewer has saved it.
    pub viewer_has_saved: bool,
}

/// A person as everyone sees them at this moment.
#[derive(Debug, Clone)]
pub struct Author {
    /// What they say of themselves.
    pub card: Arc<AuthorCard>,
    /// How many follow them.
    pub follower_count: i64,
    /// How many they follow.
    pub following_count: i64,
    /// Their published posts.
    pub post_count: i64,
}

impl Author {
    /// The person of a row that was found visible, with the card of them that is at hand. None if that is of another revision
    /// than the row, or if there is none of somebody who has a picture: nothing but a card knows it.
    #[must_use]
    pub fn of(row: account::Model, card: Option<Arc<AuthorCard>>) -> Option<Self> {
        let (follower_count, following_count, post_count) = (row.follower_count, row.following_count, row.post_count);
        let card = match card {
            Some(card) if card.revision == row.card_revision => card,
            None if row.avatar_media_id.is_none() => Arc::new(AuthorCard::new(row, None)),
            _ => return None,
        };
        Some(Self { card, follower_count, following_count, post_count })
    }
}

impl Marked {
    /// Its row, as far as the card and the query know it: all of it.
    #[must_use]
    pub fn row(&self) -> post::Model {
        let card = &self.card;
        post::Model {
            id: card.id,
            author_id: card.author_id,
            state: card.state,
            audience: card.audience,
            commenters: card.commenters,
            caption: card.caption.clone(),
            location: card.location.clone(),
            like_count: self.like_count,
            comment_count: self.comment_count,
            created_at: card.created_at,
            published_at: card.published_at,
            edited_at: card.edited_at,
            pinned_at: card.pinned_at,
            card_revision: card.revision,
        }
    }
}

/// The posts of a query whose condition is of [`visibility`](crate::visibility), as this viewer sees them, in its order: one
/// statement, and what is needed for cards that are not at hand. A bounded number.
pub async fn marked(app: &App, viewer: Uuid, posts: Select<post::Entity>) -> Result<Vec<Marked>> {
    let proof = app.owed.as_ref().map(|owed| owed.proof(app));
    let statement = marks(viewer, posts.clone(), proof.as_ref()).build(app.rows().get_database_backend());
    let said = say(app, statement).await?;
    with_cards(app, viewer, said.rows, || posts.clone()).await
}

/// What a statement has said, with cards: `posts` is the query behind it, which asks about everybody.
async fn with_cards(
    app: &App,
    viewer: Uuid,
    mut rows: Vec<Row>,
    posts: impl Fn() -> Select<post::Entity> + Send + Sync,
) -> Result<Vec<Marked>> {
    // Cards are kept for everybody, and what has changed meanwhile a replica may not know yet.
    let app = &*app.at_truth();
    let order: Vec<Uuid> = rows.iter().map(|row| row.post.id).collect();
    let mut done: IdMap<Marked> = id_map::with_capacity(order.len());
    for _ in 0..ATTEMPTS {
        let mut authors: Vec<Wanted> = rows.iter().map(|row| row.author).collect();
        authors.sort_unstable_by_key(|wanted| wanted.id);
        authors.dedup();
        let wanted: Vec<Wanted> = rows.iter().map(|row| row.post).collect();
        let (cards, people) = app.cards.of(app, &wanted, &authors).await?;
        let mut changed = Vec::new();
        for row in rows {
            match (cards.get(&row.post.id), people.get(&row.author.id)) {
                (Some(card), Some(author)) => {
                    done.insert(row.post.id, row.with(Arc::clone(card), Arc::clone(author)));
                }
                _ => changed.push(row.post.id),
            }
        }
        if changed.is_empty() {
            break;
        }
        // What it has become may not be this viewer's to see: the query decides anew.
        let changed = posts().filter(post::Column::Id.is_in(changed));
        let proof = app.owed.as_ref().map(|owed| owed.proof(app));
        let statement = marks(viewer, changed, proof.as_ref()).build(app.rows().get_database_backend());
        rows = say(app, statement).await?.rows;
    }
    Ok(order.iter().filter_map(|id| done.remove(id)).collect())
}

/// The cards of posts that were found visible: of their revisions, or of newer ones. Those of posts that are gone are left
/// out. A bounded number.
pub async fn of_posts(app: &App, posts: &[Wanted]) -> Result<IdMap<Arc<PostCard>>> {
    let app = &*app.at_truth();
    let (mut found, _) = app.cards.of(app, posts, &[]).await?;
    for _ in 1..ATTEMPTS {
        let changed: Vec<Uuid> = posts.iter().map(|one| one.id).filter(|id| !found.contains_key(id)).collect();
        if changed.is_empty() {
            break;
        }
        let newer = load::post_revisions(app, &changed).await?;
        found.extend(app.cards.of(app, &newer, &[]).await?.0);
    }
    Ok(found)
}

/// The cards of people who were found visible, as [`of_posts`].
pub async fn of_authors(app: &App, people: &[Wanted]) -> Result<IdMap<Arc<AuthorCard>>> {
    let app = &*app.at_truth();
    let (_, mut found) = app.cards.of(app, &[], people).await?;
    for _ in 1..ATTEMPTS {
        let changed: Vec<Uuid> = people.iter().map(|one| one.id).filter(|id| !found.contains_key(id)).collect();
        if changed.is_empty() {
            break;
        }
        let newer = load::author_revisions(app, &changed).await?;
        found.extend(app.cards.of(app, &[], &newer).await?.1);
    }
    Ok(found)
}

/// What the one query says of a post.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    post: Wanted,
    author: Wanted,
    like_count: i64,
    comment_count: i64,
    follower_count: i64,
    following_count: i64,
    post_count: i64,
    liked: bool,
    saved: bool,
}

impl Row {
    fn of(post: &Marked) -> Self {
        let (card, author) = (&post.card, &post.author);
        Self {
            post: Wanted { id: card.id, revision: card.revision },
            author: Wanted { id: author.card.id, revision: author.card.revision },
            like_count: post.like_count,
            comment_count: post.comment_count,
            follower_count: author.follower_count,
            following_count: author.following_count,
            post_count: author.post_count,
            liked: post.viewer_has_liked,
            saved: post.viewer_has_saved,
        }
    }

    fn with(self, card: Arc<PostCard>, author: Arc<AuthorCard>) -> Marked {
        Marked {
            card,
            author: Author {
                card: author,
                follower_count: self.follower_count,
                following_count: self.following_count,
                post_count: self.post_count,
            },
            like_count: self.like_count,
            comment_count: self.comment_count,
            viewer_has_liked: self.liked,
            viewer_has_saved: self.saved,
        }
    }
}

/// The columns of [`Row`], and until when a proof holds.
type Columns = (Uuid, i64, Uuid, i64, i64, i64, i64, i64, i64, bool, bool, Option<DateTime<Utc>>);

/// What a post's author is called in the query. Not `account`: sub-queries of visibility name that one.
const AUTHOR: &str = "author";

/// The query for what is said of posts.
fn marks(viewer: Uuid, posts: Select<post::Entity>, proof: Option<&Proof>) -> Select<post::Entity> {
    let of_author = |column: account::Column| Expr::col((AUTHOR, column));
    let author_of: sea_orm::RelationDef =
        post::Entity::belongs_to(account::Entity).from(post::Column::AuthorId).to(account::Column::Id).into();
    let liked = Query::select()
        .expr(Expr::value(1))
        .from(post_like::Entity)
        .and_where(post_like::Column::PostId.into_expr().eq(post::Column::Id.into_expr()))
        .and_where(post_like::Column::AccountId.eq(viewer))
        .to_owned();
    let saved = Query::select()
        .expr(Expr::value(1))
        .from(saved_post::Entity)
        .and_where(saved_post::Column::PostId.into_expr().eq(post::Column::Id.into_expr()))
        .and_where(saved_post::Column::AccountId.eq(viewer))
        .to_owned();
    let until = proof.map_or_else(|| Expr::value(None::<DateTime<Utc>>), Proof::until);
    posts
        .select_only()
        .column(post::Column::Id)
        .column(post::Column::CardRevision)
        .column(post::Column::AuthorId)
        .column_as(of_author(account::Column::CardRevision), "author_revision")
        .column(post::Column::LikeCount)
        .column(post::Column::CommentCount)
        .column_as(of_author(account::Column::FollowerCount), "follower_count")
        .column_as(of_author(account::Column::FollowingCount), "following_count")
        .column_as(of_author(account::Column::PostCount), "post_count")
        .column_as(Expr::exists(liked), "liked")
        .column_as(Expr::exists(saved), "saved")
        .column_as(until, "until")
        .join_as(JoinType::InnerJoin, author_of, AUTHOR)
}

/// What a statement says.
struct Said {
    rows: Vec<Row>,
    /// Until when the session's time lasts, if the statement has proved that it stands.
    until: Option<DateTime<Utc>>,
}

/// Has the statement say it, and settles what it was to prove.
async fn say(app: &App, statement: Statement) -> Result<Said> {
    let said = say_to(app.rows(), statement).await?;
    if let Some(owed) = &app.owed {
        match said.until {
            Some(_) => owed.pay(),
            None if !said.rows.is_empty() => owed.refuse(),
            // Nothing is shown by it.
            None => {}
        }
    }
    Ok(said)
}

async fn say_to(rows: &Rows, statement: Statement) -> Result<Said> {
    let rows = rows.query_all_raw(statement).await?;
    debug_assert!(rows.iter().all(is_so), "a post was taken for one of the feed that is none");
    let read = |row| Columns::try_get_many_by_index(row).map_err(DbErr::from);
    let rows = rows.iter().map(read).collect::<std::result::Result<Vec<Columns>, DbErr>>()?;
    let until = rows.first().and_then(|row| row.11);
    let row = |row: Columns| Row {
        post: Wanted { id: row.0, revision: row.1 },
        author: Wanted { id: row.2, revision: row.3 },
        like_count: row.4,
        comment_count: row.5,
        follower_count: row.6,
        following_count: row.7,
        post_count: row.8,
        liked: row.9,
        saved: row.10,
    };
    Ok(Said { rows: rows.into_iter().map(row).collect(), until })
}

/// Whether what is known of a row's author is so, if its statement has asked; it does in tests. Without the proof it means
/// nothing.
fn is_so(row: &QueryResult) -> bool {
    let stands = row.try_get_by_index::<Option<DateTime<Utc>>>(11).is_ok_and(|until| until.is_some());
    !stands || row.try_get::<bool>("", statement::CHECK).unwrap_or(true)
}
