//! Who may see what: the one place that says so.
//!
//! Each function is a condition that goes into the query. There is no check after a fetch: what a viewer may not see is
//! not found, in the same words and at the same cost as what does not exist. Denied unless said otherwise.
//!
//! | | its author | an accepted follower | anyone else |
//! |---|---|---|---|
//! | account (name, picture, counts) | yes | yes | yes |
//! | published post, public account | yes | yes | yes |
//! | published post, private account | yes | yes | no |
//! | pending post | yes | no | no |
//! | live story, its photo ready | yes | yes | public account only |
//! | expired story | no | no | no |
//! | media not attached to anything | yes | no | no |

use chrono::{DateTime, Utc};
use darkroom_entity::{account, follow, media, post, post_media, story};
use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition};
use uuid::Uuid;

/// Accepted followees of `viewer`: ids only.
pub(crate) fn followees(viewer: Uuid) -> SelectStatement {
    Query::select()
        .column((follow::Entity, follow::Column::FolloweeId))
        .from(follow::Entity)
        .and_where(follow::Column::FollowerId.eq(viewer))
        .and_where(follow::Column::State.eq(follow::State::Accepted))
        .to_owned()
}

/// What an author shows to this viewer: everything if it is the viewer, or a public account, or one that they follow.
fn author_shows(author: impl IntoColumnRef + Clone, viewer: Option<Uuid>) -> Condition {
    let public = Query::select()
        .expr(Expr::value(1))
        .from(account::Entity)
        .and_where(Expr::col((account::Entity, account::Column::Id)).eq(Expr::col(author.clone())))
        .and_where(account::Column::IsPrivate.eq(false))
        .to_owned();
    let mut shown = Condition::any().add(Expr::exists(public));
    if let Some(viewer) = viewer {
        let followed = Query::select()
            .expr(Expr::value(1))
            .from(follow::Entity)
            .and_where(follow::Column::FollowerId.eq(viewer))
            .and_where(Expr::col((follow::Entity, follow::Column::FolloweeId)).eq(Expr::col(author.clone())))
            .and_where(follow::Column::State.eq(follow::State::Accepted))
            .to_owned();
        shown = shown.add(Expr::col(author).eq(viewer)).add(Expr::exists(followed));
    }
    shown
}

/// Posts that this viewer may see. For queries on `post`.
pub fn posts(viewer: Option<Uuid>) -> Condition {
    let published = Condition::all()
        .add(post::Column::State.eq(post::State::Published))
        .add(author_shows((post::Entity, post::Column::AuthorId), viewer));
    match viewer {
        Some(viewer) => Condition::any().add(post::Column::AuthorId.eq(viewer)).add(published),
        None => published,
    }
}

/// Posts that stand in this viewer's feed: their own and those of the people they follow, published. For queries on
/// `post`; it implies [`posts`].
pub fn feed(viewer: Uuid) -> Condition {
    Condition::all().add(post::Column::State.eq(post::State::Published)).add(
        Condition::any()
            .add(post::Column::AuthorId.eq(viewer))
            .add(post::Column::AuthorId.in_subquery(followees(viewer))),
    )
}

/// Stories that this viewer may see at `now`. For queries on `story`.
pub fn stories(viewer: Option<Uuid>, now: DateTime<Utc>) -> Condition {
    let ready = Query::select()
        .expr(Expr::value(1))
        .from(media::Entity)
        .and_where(Expr::col((media::Entity, media::Column::Id)).eq(Expr::col((story::Entity, story::Column::MediaId))))
        .and_where(media::Column::Status.eq(media::Status::Ready))
        .to_owned();
    let shown =
        Condition::all().add(Expr::exists(ready)).add(author_shows((story::Entity, story::Column::AuthorId), viewer));
    let to_whom = match viewer {
        Some(viewer) => Condition::any().add(story::Column::AuthorId.eq(viewer)).add(shown),
        None => shown,
    };
    Condition::all().add(story::Column::ExpiresAt.gt(now)).add(to_whom)
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

/// Whether `subject`'s lists of followers and followees are open to this viewer. A condition without columns of its own:
/// for queries on `follow`.
pub fn lists_of(subject: Uuid, viewer: Option<Uuid>) -> Condition {
    if viewer == Some(subject) {
        return Condition::all();
    }
    let public = Query::select()
        .expr(Expr::value(1))
        .from(account::Entity)
        .and_where(account::Column::Id.eq(subject))
        .and_where(account::Column::IsPrivate.eq(false))
        .to_owned();
    let mut open = Condition::any().add(Expr::exists(public));
    if let Some(viewer) = viewer {
        let mine = sea_orm::sea_query::Alias::new("mine");
        let followed = Query::select()
            .expr(Expr::value(1))
            .from_as(follow::Entity, mine.clone())
            .and_where(Expr::col((mine.clone(), follow::Column::FollowerId)).eq(viewer))
            .and_where(Expr::col((mine.clone(), follow::Column::FolloweeId)).eq(subject))
            .and_where(Expr::col((mine, follow::Column::State)).eq(follow::State::Accepted))
            .to_owned();
        open = open.add(Expr::exists(followed));
    }
    open
}

/// Media that this viewer may look up by its id: their own, and ready ones that a visible post, a visible story or a
/// profile shows. For queries on `media`.
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
    let shown = Condition::all().add(media::Column::Status.eq(media::Status::Ready)).add(
        Condition::any()
            .add(media::Column::Attachment.eq(media::Attachment::Avatar))
            .add(Expr::exists(in_post))
            .add(Expr::exists(in_story)),
    );
    Condition::any().add(own_media(viewer)).add(shown)
}
