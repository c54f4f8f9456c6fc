//! Who may see what: the one place that says so.
//!
//! Each function is a condition that goes into the query. There is no check after a fetch: what a viewer may not see is
//! not found, in the same words and at the same cost as what does not exist. Denied unless said otherwise.
//!
//! Of everything below, nothing is seen of a suspended person, and nothing between two of whom one blocks the other,
//! whatever the table says; save that the blocker still finds the account that they block, to take it back.
//!
//! | | its author | a close friend | an accepted follower | anyone else |
//! |---|---|---|---|---|
//! | account (name, picture, counts) | yes | yes | yes | yes |
//! | published post or live, ready story for everyone | yes | yes | yes | public account only |
//! | … for followers | yes | if they follow | yes | no |
//! | … for close friends | yes | yes | no | no |
//! | pending or archived post; story whose photo is not ready | yes | no | no | no |
//! | expired story | no | no | no | no |
//! | comment | yes, while they see its post | as its post | as its post | as its post |
//! | saved posts and collections | yes | no | no | no |
//! | notification | its recipient only, while they see its actor and what it is about | | | |
//! | lists of followers and followees | yes | as a follower, if they are one | yes | public account only |
//! | media not attached to anything | yes | no | no | no |
//! | upload under way | yes | no | no | no |
//!
//! Mutes hide nothing: they keep a person's posts out of the [feed] and their stories out of the tray ([`reels`]).

mod notification;
mod person;

use chrono::{DateTime, Utc};
use darkroom_entity::audience::Audience;
use darkroom_entity::{account, collection, comment, follow, media, mute, post, post_media, story, upload};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition};
use uuid::Uuid;

use self::person::{Looker, audience_includes, looker, reaches};

pub use notification::{notifications, senders};
pub(crate) use person::{Column, accounts_for_each};
pub use person::{accounts, cards, lists_of, people};

/// Accepted followees of `viewer`: ids only.
pub(crate) fn followees(viewer: Uuid) -> SelectStatement {
    Query::select()
        .column((follow::Entity, follow::Column::FolloweeId))
        .from(follow::Entity)
        .and_where(follow::Column::FollowerId.eq(viewer))
        .and_where(follow::Column::State.eq(follow::State::Accepted))
        .to_owned()
}

/// Posts that this viewer may see. For queries on `post`.
pub fn posts(viewer: Option<Uuid>) -> Condition {
    posts_for(&looker(viewer))
}

/// Posts that each of many people may see, who stand in this column. For queries on `post` and on theirs.
pub(crate) fn posts_for_each(people: &Column) -> Condition {
    posts_for(&Some(people.expr()))
}

fn posts_for(looker: &Looker) -> Condition {
    let author = Column::from(post::Column::AuthorId);
    let shown = Condition::all().add(post::Column::State.eq(post::State::Published)).add(audience_includes(
        &author,
        &Column::from(post::Column::Audience),
        looker,
    ));
    own_or(post::Column::AuthorId, looker, shown)
}

/// Posts that stand in this viewer's feed: their own and those of the people they follow and don't mute, published. For
/// queries on `post` that look for them; it implies [`posts`].
pub fn feed(viewer: Uuid) -> Condition {
    feed_where(viewer, post::Column::AuthorId.in_subquery(followees(viewer)))
}

/// As [`feed`], for queries on `post` that name a few of them: each author's follow is looked up, and nobody else's. Asked as
/// [`feed`] asks, PostgreSQL reads everybody whom the viewer follows, for each page.
pub(crate) fn feed_among(viewer: Uuid) -> Condition {
    feed_where(viewer, person::is_followed(&Column::from(post::Column::AuthorId), &Expr::value(viewer)))
}

/// As [`feed_among`], for posts of people who are [known](crate::card) to stand in the viewer's feed: followed, not muted, no block
/// either way. What is left to ask is of the post, and whether its author, whose suspension stands in this column of the query, has
/// been suspended.
pub(crate) fn feed_of_known(viewer: Uuid, suspended_at: &Column) -> Condition {
    let author = Column::from(post::Column::AuthorId);
    Condition::all()
        .add(post::Column::State.eq(post::State::Published))
        .add(suspended_at.expr().is_null())
        .add(Condition::any().add(post::Column::AuthorId.eq(viewer)).add(reaches_followers(&author, viewer)))
}

/// Posts that are for a follower: for everyone and for followers, or, of a close friend's, for close friends.
fn reaches_followers(author: &Column, viewer: Uuid) -> Condition {
    Condition::any()
        .add(post::Column::Audience.is_in([Audience::Everyone, Audience::Followers]))
        .add(person::is_close_friend(author, &Expr::value(viewer)))
}

fn feed_where(viewer: Uuid, followed: Expr) -> Condition {
    let author = Column::from(post::Column::AuthorId);
    // A followee's post for followers needs no second look at the follow.
    let of_followees = feed_reaches(&author, viewer, followed).add(reaches_followers(&author, viewer));
    Condition::all()
        .add(post::Column::State.eq(post::State::Published))
        .add(Condition::any().add(post::Column::AuthorId.eq(viewer)).add(of_followees))
}

/// People whose posts for followers stand in this viewer's feed: followed, not muted, not suspended, no block either way. For queries on
/// `account` that name a few of them.
pub(crate) fn authors_in_feed(viewer: Uuid) -> Condition {
    let author = Column::from(account::Column::Id);
    feed_reaches(&author, viewer, person::is_followed(&author, &Expr::value(viewer)))
}

/// Whether an author who is `followed` has a place in the viewer's feed.
fn feed_reaches(author: &Column, viewer: Uuid, followed: Expr) -> Condition {
    Condition::all().add(followed).add(reaches(author, &looker(Some(viewer)))).add(not_muted(
        author,
        viewer,
        mute::Column::Posts,
    ))
}

/// Posts whose ids make this viewer's timeline: all that they and the people they follow have ever published. For queries
/// on `post`.
///
/// It holds more than the [feed], which is asked of the ids at each look: so a mute, a suspension, an audience or an
/// archived post that is taken back shows again at once, without the timeline having changed.
pub(crate) fn timeline(viewer: Uuid) -> Condition {
    Condition::all().add(post::Column::State.is_in([post::State::Published, post::State::Archived])).add(
        Condition::any()
            .add(post::Column::AuthorId.eq(viewer))
            .add(post::Column::AuthorId.in_subquery(followees(viewer))),
    )
}

/// Posts whose ids make an author's own timeline: all that they have ever published. For queries on `post`.
///
/// As with [`timeline`], who sees what of it is asked at each look.
pub(crate) fn released_by(author: Uuid) -> Condition {
    Condition::all()
        .add(post::Column::AuthorId.eq(author))
        .add(post::Column::State.is_in([post::State::Published, post::State::Archived]))
}

/// Stories that this viewer may see at `now`. For queries on `story`.
pub fn stories(viewer: Option<Uuid>, now: DateTime<Utc>) -> Condition {
    let ready = Query::select()
        .expr(Expr::value(1))
        .from(media::Entity)
        .and_where(Expr::col((media::Entity, media::Column::Id)).eq(Expr::col((story::Entity, story::Column::MediaId))))
        .and_where(media::Column::Status.eq(media::Status::Ready))
        .to_owned();
    let (author, looker) = (Column::from(story::Column::AuthorId), looker(viewer));
    let shown = Condition::all().add(Expr::exists(ready)).add(audience_includes(
        &author,
        &Column::from(story::Column::Audience),
        &looker,
    ));
    Condition::all().add(story::Column::ExpiresAt.gt(now)).add(own_or(story::Column::AuthorId, &looker, shown))
}

/// Stories that stand in this viewer's tray at `now`: their own and those of the people they follow and don't mute. For
/// queries on `story`; it implies [`stories`].
pub fn reels(viewer: Uuid, now: DateTime<Utc>) -> Condition {
    let author = Column::from(story::Column::AuthorId);
    let followed = Condition::all().add(story::Column::AuthorId.in_subquery(followees(viewer))).add(not_muted(
        &author,
        viewer,
        mute::Column::Stories,
    ));
    Condition::all()
        .add(Condition::any().add(story::Column::AuthorId.eq(viewer)).add(followed))
        .add(stories(Some(viewer), now))
}

/// Comments that this viewer may see: below a post that they may see, by somebody whom they may see; a reply only below a
/// comment that is there, by somebody whom they may see. For queries on `comment`.
pub fn comments(viewer: Option<Uuid>) -> Condition {
    comments_for(&looker(viewer))
}

/// Comments that each of many people may see, who stand in this column. For queries on `comment` and on theirs.
pub(crate) fn comments_for_each(people: &Column) -> Condition {
    comments_for(&Some(people.expr()))
}

fn comments_for(looker: &Looker) -> Condition {
    let top = Alias::new("top");
    let thread = Query::select()
        .expr(Expr::value(1))
        .from_as(comment::Entity, top.clone())
        .and_where(
            Expr::col((top.clone(), comment::Column::Id)).eq(Expr::col((comment::Entity, comment::Column::ThreadId))),
        )
        .cond_where(person::is_seen(&Column::of(top, comment::Column::AuthorId), looker))
        .to_owned();
    Condition::all()
        .add(of_posts_for(comment::Column::PostId, looker))
        .add(person::is_seen(&Column::from(comment::Column::AuthorId), looker))
        .add(Condition::any().add(comment::Column::ThreadId.is_null()).add(Expr::exists(thread)))
}

/// Rows about a post that this viewer may see. For queries with a column that holds a post's id.
pub fn of_posts(column: impl Into<Column>, viewer: Option<Uuid>) -> Condition {
    of_posts_for(column, &looker(viewer))
}

fn of_posts_for(column: impl Into<Column>, looker: &Looker) -> Condition {
    let post = Query::select()
        .expr(Expr::value(1))
        .from(post::Entity)
        .and_where(Expr::col((post::Entity, post::Column::Id)).eq(column.into().expr()))
        .cond_where(posts_for(looker))
        .to_owned();
    Condition::all().add(Expr::exists(post))
}

/// Collections that this viewer may see: their own. For queries on `collection`.
pub fn collections(viewer: Option<Uuid>) -> Condition {
    match viewer {
        Some(viewer) => Condition::all().add(collection::Column::AccountId.eq(viewer)),
        None => Condition::all().add(Expr::value(false)),
    }
}

/// Uploads that this viewer may see at `now`: their own, until their time is over. For queries on `upload`.
pub fn uploads(viewer: Uuid, now: DateTime<Utc>) -> Condition {
    Condition::all().add(upload::Column::AccountId.eq(viewer)).add(upload::Column::ExpiresAt.gt(now))
}

/// Media that this viewer may look up by its own id. For queries on `media`.
///
/// Others reach a media through the post, story or profile that shows it; that is where its visibility is decided.
pub fn own_media(viewer: Option<Uuid>) -> Condition {
    match viewer {
        Some(viewer) => Condition::all().add(media::Column::AccountId.eq(viewer)),
        None => Condition::all().add(Expr::value(false)),
    }
}

/// Media that this viewer may look up by its id: their own, and ready ones that a visible post, a visible story or a
/// visible profile shows. For queries on `media`.
pub fn media(viewer: Option<Uuid>, now: DateTime<Utc>) -> Condition {
    let this = || Expr::col((media::Entity, media::Column::Id));
    let in_post = Query::select()
        .expr(Expr::value(1))
        .from(post_media::Entity)
        .inner_join(
            post::Entity,
            Expr::col((post::Entity, post::Column::Id)).eq(Expr::col((post_media::Entity, post_media::Column::PostId))),
        )
        .and_where(Expr::col((post_media::Entity, post_media::Column::MediaId)).eq(this()))
        .cond_where(posts(viewer))
        .to_owned();
    let in_story = Query::select()
        .expr(Expr::value(1))
        .from(story::Entity)
        .and_where(Expr::col((story::Entity, story::Column::MediaId)).eq(this()))
        .cond_where(stories(viewer, now))
        .to_owned();
    let on_profile = Condition::all()
        .add(media::Column::Attachment.eq(media::Attachment::Avatar))
        .add(cards(media::Column::AccountId, viewer));
    let shown = Condition::all()
        .add(media::Column::Status.eq(media::Status::Ready))
        .add(Condition::any().add(on_profile).add(Expr::exists(in_post)).add(Expr::exists(in_story)));
    Condition::any().add(own_media(viewer)).add(shown)
}

/// What is the viewer's own, whatever else holds, or what is shown.
fn own_or(author: impl ColumnTrait, looker: &Looker, shown: Condition) -> Condition {
    match looker {
        Some(id) => Condition::any().add(Column::from(author).expr().eq(id.clone())).add(shown),
        None => shown,
    }
}

/// People whose posts (or stories) this viewer has not muted.
fn not_muted(author: &Column, viewer: Uuid, what: mute::Column) -> Expr {
    let muted = Query::select()
        .expr(Expr::value(1))
        .from(mute::Entity)
        .and_where(Expr::col((mute::Entity, mute::Column::MuterId)).eq(viewer))
        .and_where(Expr::col((mute::Entity, mute::Column::MutedId)).eq(author.expr()))
        .and_where(Expr::col((mute::Entity, what)).eq(true))
        .to_owned();
    Expr::exists(muted).not()
}
