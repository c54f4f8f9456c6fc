//! What live subscriptions listen to and look at.
//!
//! An event is a nudge with an id in it; whoever listens reads the rows, so that nobody is told what they may not see.
//! Many may listen to one post: what each of them may see is asked for all of them at once ([`comments_among`],
//! [`people_among`], [`posts_among`]), so that one comment costs a few queries and not one a listener.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use darkroom_entity::{account, comment, post};
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::transaction::Transaction;
use crate::visibility::{self, Column};

/// From so many on who ask for one row, it is worth a statement of its own.
const MANY: usize = 4;

/// People of one such statement.
const LOOKERS: usize = 500;

/// People who ask for different rows and whose sight one statement asks for: each adds a sub-query to it.
const SIGHTS: usize = 50;

/// Somebody who asks, and a row that they ask for.
pub type Asked = (Option<Uuid>, Uuid);

/// Where a person's new notifications are told, by their ids.
pub fn notifications_topic(account_id: Uuid) -> String {
    format!("notifications:{account_id}")
}

/// Where a person is told that posts came to their timeline, by the posts' ids.
pub fn feed_topic(account_id: Uuid) -> String {
    format!("feed:{account_id}")
}

/// Where posts of an author who is [pulled](crate::feed) are told, by their ids: followers listen to it themselves.
pub fn author_topic(author_id: Uuid) -> String {
    format!("posts:{author_id}")
}

/// Where new comments below a post are told, by their ids.
pub fn comments_topic(post_id: Uuid) -> String {
    format!("comments:{post_id}")
}

/// The moment that an id begins with, in milliseconds.
pub fn moment_of(id: Uuid) -> DateTime<Utc> {
    DateTime::from_timestamp_millis((id.as_u128() >> 80) as i64).unwrap_or_default()
}

/// The place of a moment among ids that begin with their time: at or before every id of that millisecond.
pub fn place_of(moment: DateTime<Utc>) -> Uuid {
    let millis = u128::try_from(moment.timestamp_millis()).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}

/// Tells those who listen to a comment's post, once the comment is there to be read.
pub(crate) async fn announce_comment(tx: &mut Transaction<'_>, comment_id: Uuid) -> Result<()> {
    let post_id: Option<Uuid> = comment::Entity::find_by_id(comment_id)
        .select_only()
        .column(comment::Column::PostId)
        .into_tuple()
        .one(tx.rows())
        .await?;
    if let Some(post_id) = post_id {
        tx.emit(comments_topic(post_id), comment_id.to_string());
    }
    Ok(())
}

/// Tells these people that a post came to their timelines. Lost, it costs them nothing but a moment: they look again.
pub(crate) async fn announce_post(app: &App, accounts: &[Uuid], post_id: Uuid) {
    let topics: Vec<String> = accounts.iter().copied().map(feed_topic).collect();
    if let Err(error) = app.events.publish_to_each(&topics, &post_id.to_string()).await {
        tracing::debug!(%error, "a post was not announced to those who listen");
    }
}

/// Tells those who listen to a pulled author of a post.
pub(crate) async fn announce_post_of(app: &App, author_id: Uuid, post_id: Uuid) {
    if let Err(error) = app.events.publish(&author_topic(author_id), &post_id.to_string()).await {
        tracing::debug!(%error, "a post was not announced to those who listen");
    }
}

/// Of these comments those that the one who asks may see, for everyone who asks at once.
pub async fn comments_among(app: &App, asked: &[Asked]) -> Result<HashMap<Asked, comment::Model>> {
    let seen = sights(app, asked, &Kind::COMMENT).await?;
    // What they say is the same for everyone.
    let ids: HashSet<Uuid> = seen.iter().map(|(_, id)| *id).collect();
    let rows = comment::Entity::find().filter(comment::Column::Id.is_in(ids)).all(app.rows()).await?;
    let rows: HashMap<Uuid, comment::Model> = rows.into_iter().map(|row| (row.id, row)).collect();
    Ok(seen.into_iter().filter_map(|asked| rows.get(&asked.1).map(|row| (asked, row.clone()))).collect())
}

/// Of these people those whose account the one who asks may see, for everyone who asks at once.
pub async fn people_among(app: &App, asked: &[Asked]) -> Result<HashMap<Asked, account::Model>> {
    let seen = sights(app, asked, &Kind::PERSON).await?;
    let ids: HashSet<Uuid> = seen.iter().map(|(_, id)| *id).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = account::Entity::find().filter(account::Column::Id.is_in(ids)).all(app.rows()).await?;
    let rows: HashMap<Uuid, account::Model> = rows.into_iter().map(|row| (row.id, row)).collect();
    Ok(seen.into_iter().filter_map(|asked| rows.get(&asked.1).map(|row| (asked, row.clone()))).collect())
}

/// Of these posts those that the one who asks may see, for everyone who asks at once.
pub async fn posts_among(app: &App, asked: &[Asked]) -> Result<HashSet<Asked>> {
    sights(app, asked, &Kind::POST).await
}

/// Rows that many ask for: from what, by which id, and who sees them.
struct Kind {
    rows: fn() -> SelectStatement,
    id: fn() -> Expr,
    seen_by: fn(Option<Uuid>) -> Condition,
    seen_by_each: fn() -> Condition,
}

impl Kind {
    const COMMENT: Self = Self {
        rows: || Query::select().from(comment::Entity).to_owned(),
        id: || Expr::col((comment::Entity, comment::Column::Id)),
        seen_by: visibility::comments,
        seen_by_each: || visibility::comments_for_each(&Column::of(LOOKER, account::Column::Id)),
    };
    const PERSON: Self = Self {
        rows: || Query::select().from(account::Entity).to_owned(),
        id: || Expr::col((account::Entity, account::Column::Id)),
        seen_by: visibility::accounts,
        seen_by_each: || visibility::accounts_for_each(&Column::of(LOOKER, account::Column::Id)),
    };
    const POST: Self = Self {
        rows: || Query::select().from(post::Entity).to_owned(),
        id: || Expr::col((post::Entity, post::Column::Id)),
        seen_by: visibility::posts,
        seen_by_each: || visibility::posts_for_each(&Column::of(LOOKER, account::Column::Id)),
    };
}

/// Who asks, where a statement is for many of them.
const LOOKER: &str = "looker";

/// Runs queries of visible ids for many viewers: a row that many ask for is asked about once, beside all of them; the
/// others are asked about by parts of a few statements.
async fn sights(app: &App, asked: &[Asked], kind: &Kind) -> Result<HashSet<Asked>> {
    let mut by_id: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for (viewer, id) in asked {
        by_id.entry(*id).or_default().extend(viewer);
    }
    by_id.retain(|_, viewers| viewers.len() >= MANY);
    let mut seen = HashSet::new();
    for (id, viewers) in &by_id {
        for viewers in viewers.chunks(LOOKERS) {
            let statement = (kind.rows)()
                .column((LOOKER, account::Column::Id))
                .join_as(JoinType::InnerJoin, account::Entity, LOOKER, (kind.id)().eq(*id))
                .and_where(Expr::col((LOOKER, account::Column::Id)).is_in(viewers.iter().copied()))
                .cond_where((kind.seen_by_each)())
                .to_owned();
            for row in app.rows().query_all(&statement).await? {
                seen.insert((Some(row.try_get("", "id")?), *id));
            }
        }
    }
    let rest = asked.iter().filter(|(viewer, id)| viewer.is_none() || !by_id.contains_key(id));
    one_by_one(app, rest, kind, &mut seen).await?;
    Ok(seen)
}

/// Asks for each viewer in a part of a statement of its own.
async fn one_by_one(
    app: &App,
    asked: impl Iterator<Item = &Asked>,
    kind: &Kind,
    seen: &mut HashSet<Asked>,
) -> Result<()> {
    let mut by_viewer: HashMap<Option<Uuid>, Vec<Uuid>> = HashMap::new();
    for (viewer, id) in asked {
        by_viewer.entry(*viewer).or_default().push(*id);
    }
    let by_viewer: Vec<(Option<Uuid>, Vec<Uuid>)> = by_viewer.into_iter().collect();
    for batch in by_viewer.chunks(SIGHTS) {
        let mut parts = batch.iter().enumerate().map(|(place, (viewer, ids))| {
            (kind.rows)()
                .expr_as((kind.id)(), "id")
                .expr_as(Expr::value(place as i32), "place")
                .and_where((kind.id)().is_in(ids.iter().copied()))
                .cond_where((kind.seen_by)(*viewer))
                .to_owned()
        });
        let Some(mut statement) = parts.next() else { continue };
        statement.unions(parts.map(|part| (UnionType::All, part)));
        for row in app.rows().query_all(&statement).await? {
            let (place, id): (i32, Uuid) = (row.try_get("", "place")?, row.try_get("", "id")?);
            if let Some((viewer, _)) = usize::try_from(place).ok().and_then(|place| batch.get(place)) {
                seen.insert((*viewer, id));
            }
        }
    }
    Ok(())
}

/// The ids of up to `limit` comments and replies below a post after a place, oldest first, whoever may see them: for those
/// who need to know only which of them are old.
pub async fn comment_ids_after(app: &App, post_id: Uuid, place: Uuid, limit: u64) -> Result<Vec<Uuid>> {
    let rows = comment::Entity::find()
        .select_only()
        .column(comment::Column::Id)
        .filter(comment::Column::PostId.eq(post_id))
        .filter(comment::Column::Id.gt(place))
        .order_by_asc(comment::Column::Id)
        .limit(limit);
    Ok(rows.into_tuple().all(app.rows()).await?)
}

/// Up to `limit` comments and replies below a post after the place `after` that the viewer may see, oldest first.
pub async fn comments_after(
    app: &App,
    viewer: Option<Uuid>,
    post_id: Uuid,
    after: Uuid,
    limit: u64,
) -> Result<Vec<comment::Model>> {
    let rows = comment::Entity::find()
        .filter(comment::Column::PostId.eq(post_id))
        .filter(comment::Column::Id.gt(after))
        .filter(visibility::comments(viewer))
        .order_by_asc(comment::Column::Id)
        .limit(limit);
    Ok(rows.all(app.rows()).await?)
}

/// Which of these posts stand in the viewer's feed now and are others': a bounded number.
pub async fn feed_among(app: &App, viewer: Uuid, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
    let rows: Vec<Uuid> = post::Entity::find()
        .select_only()
        .column(post::Column::Id)
        .filter(post::Column::Id.is_in(ids.iter().copied()))
        .filter(visibility::feed_among(viewer))
        .filter(post::Column::AuthorId.ne(viewer))
        .into_tuple()
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use darkroom_platform::Clock;

    use super::*;

    #[test]
    fn a_moments_place_is_before_its_ids_and_after_older_ones() {
        let clock = Clock::manual("2026-05-04T12:00:00.123Z".parse().expect("a moment"));
        let older = clock.new_id();
        clock.advance(chrono::TimeDelta::milliseconds(50));
        let (place, id) = (place_of(clock.now()), clock.new_id());
        assert!(older < place && place < id);
    }
}
