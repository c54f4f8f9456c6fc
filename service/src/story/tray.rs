//! The tray: people with live stories, those with something unseen first, then by their newest story.

use chrono::{DateTime, Utc};
use darkroom_entity::{story, story_view};
use sea_orm::sea_query::{Alias, CaseStatement, Expr, ExprTrait, Func, Query};
use sea_orm::{Condition, ConnectionTrait, JoinType, Order};
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::page::Page;
use crate::session::Viewer;
use crate::visibility;

/// A place in the tray: what its order is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReelKey {
    /// Whether there is something the viewer has not seen.
    pub has_unseen: bool,
    /// When the newest story was posted.
    pub newest: DateTime<Utc>,
    /// Whose it is.
    pub author_id: Uuid,
}

/// One person in the tray.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reel {
    /// Its place, and whose it is.
    pub key: ReelKey,
}

/// A page of the viewer's tray: the people they follow, and themselves, as far as they have a live story.
///
/// One's own stories count as seen.
pub async fn tray(app: &App, viewer: &Viewer, first: usize, after: Option<ReelKey>) -> Result<Page<Reel>> {
    let (me, now) = (viewer.id(), app.clock.now());
    let (author, newest, unseen) = (Alias::new("author"), Alias::new("newest"), Alias::new("unseen"));
    let is_unseen = Condition::all()
        .add(Expr::col((story_view::Entity, story_view::Column::ViewerId)).is_null())
        .add(Expr::col((story::Entity, story::Column::AuthorId)).ne(me));
    let per_person = Query::select()
        .expr_as(Expr::col((story::Entity, story::Column::AuthorId)), author.clone())
        .expr_as(Func::max(Expr::col((story::Entity, story::Column::CreatedAt))), newest.clone())
        .expr_as(Func::max(CaseStatement::new().case(is_unseen, 1).finally(0)), unseen.clone())
        .from(story::Entity)
        .join(
            JoinType::LeftJoin,
            story_view::Entity,
            Condition::all()
                .add(
                    Expr::col((story_view::Entity, story_view::Column::StoryId))
                        .eq(Expr::col((story::Entity, story::Column::Id))),
                )
                .add(Expr::col((story_view::Entity, story_view::Column::ViewerId)).eq(me)),
        )
        .cond_where(visibility::reels(me, now))
        .group_by_col((story::Entity, story::Column::AuthorId))
        .to_owned();
    let reel = Alias::new("reel");
    let mut query = Query::select()
        .columns([author.clone(), newest.clone(), unseen.clone()])
        .from_subquery(per_person, reel)
        .order_by(unseen.clone(), Order::Desc)
        .order_by(newest.clone(), Order::Desc)
        .order_by(author.clone(), Order::Desc)
        .limit(first as u64 + 1)
        .to_owned();
    if let Some(after) = after {
        let rank = i32::from(after.has_unseen);
        let same_rank = Expr::col(unseen.clone()).eq(rank);
        let same_time = Expr::col(newest.clone()).eq(after.newest);
        query.cond_where(
            Condition::any()
                .add(Expr::col(unseen).lt(rank))
                .add(Condition::all().add(same_rank.clone()).add(Expr::col(newest).lt(after.newest)))
                .add(Condition::all().add(same_rank).add(same_time).add(Expr::col(author).lt(after.author_id))),
        );
    }
    let rows = app.rows().query_all(&query).await?;
    let mut reels = Vec::with_capacity(rows.len());
    for row in rows {
        let key = ReelKey {
            has_unseen: row.try_get::<i32>("", "unseen")? > 0,
            newest: row.try_get("", "newest")?,
            author_id: row.try_get("", "author")?,
        };
        reels.push(Reel { key });
    }
    Ok(Page::cut(reels, first))
}
