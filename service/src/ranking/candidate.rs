//! The posts among which a viewer's are ranked, with what their rank is made of: a constant number of statements.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use darkroom_entity::{account, media, post, post_hashtag, post_impression};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveEnum, ColumnTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef,
};
use uuid::Uuid;

use super::affinity::Taste;
use super::score::{Facts, Values, values};
use super::topic::with_first_media;
use crate::app::App;
use crate::error::Result;
use crate::visibility;

/// Ids that one statement looks at.
const LOOK: usize = 500;

/// How long one's own post stands first.
const FRESH: TimeDelta = TimeDelta::hours(1);

/// One's own newest posts that are looked for past the timeline, to which they are still on their way.
const OWN: u64 = 20;

/// A post that is to be ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) id: Uuid,
    pub(super) author_id: Uuid,
    pub(super) standing: Standing,
    pub(super) values: Values,
}

/// How a candidate stands to the feed at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The viewer's own, just published.
    FreshOwn,
    Visible,
    /// Muted, archived, suspended …: it may be back at the next look.
    Hidden,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    author_id: Uuid,
    created_at: DateTime<Utc>,
    published_at: Option<DateTime<Utc>>,
    like_count: i64,
    comment_count: i64,
    has_caption: bool,
    has_location: bool,
    follower_count: i64,
    kind: Option<media::Kind>,
    has_alt_text: Option<bool>,
    seen: Option<i64>,
    dwell_ms: Option<i64>,
    is_visible: bool,
}

/// These posts as the viewer's candidates, in no order; those that are gone are left out.
pub(super) async fn of(app: &App, viewer: Uuid, ids: &[Uuid], taste: &Taste, activity: f64) -> Result<Vec<Candidate>> {
    let mut candidates = Vec::with_capacity(ids.len());
    for ids in ids.chunks(LOOK) {
        let hashtags = liked_hashtags(app, ids, taste).await?;
        candidates.extend(rows(app, viewer, ids).await?.into_iter().map(|row| {
            let facts = row.facts(viewer, taste, hashtags.get(&row.id).copied().unwrap_or_default(), app.clock.now());
            let half_life = f64::from(app.config.ranking.recency_half_life_hours);
            let is_fresh = row.published_at.is_some_and(|published| app.clock.now() - published < FRESH);
            let standing = match row.is_visible {
                true if facts.is_own && is_fresh => Standing::FreshOwn,
                true => Standing::Visible,
                false => Standing::Hidden,
            };
            let values = values(&facts, activity, half_life);
            Candidate { id: row.id, author_id: row.author_id, standing, values }
        }));
    }
    Ok(candidates)
}

impl Row {
    fn facts(&self, viewer: Uuid, taste: &Taste, hashtags: f64, now: DateTime<Utc>) -> Facts {
        let says = [self.has_caption, self.has_location, self.has_alt_text.unwrap_or_default()];
        let since = now - self.published_at.unwrap_or(self.created_at);
        let media = self.kind.and_then(|kind| taste.media.get(&kind.to_value()).copied());
        Facts {
            is_own: self.author_id == viewer,
            author: taste.authors.get(&self.author_id).copied().unwrap_or_default(),
            hashtags,
            media: media.unwrap_or_default(),
            age_hours: since.num_seconds() as f64 / 3600.0,
            likes: self.like_count as f64,
            comments: self.comment_count as f64,
            followers: self.follower_count as f64,
            seen: self.seen.unwrap_or_default() as f64,
            dwell: self.dwell_ms.unwrap_or_default() as f64 / 1000.0,
            completeness: says.iter().filter(|says| **says).count() as f64 / says.len() as f64,
        }
    }
}

async fn rows(app: &App, viewer: Uuid, ids: &[Uuid]) -> Result<Vec<Row>> {
    // Not `account`: sub-queries of visibility name that one.
    let author = "author";
    let author_of: RelationDef =
        post::Entity::belongs_to(account::Entity).from(post::Column::AuthorId).to(account::Column::Id).into();
    let impressions_of: RelationDef = post::Entity::belongs_to(post_impression::Entity)
        .from(post::Column::Id)
        .to(post_impression::Column::PostId)
        .into();
    let rows = with_first_media(post::Entity::find())
        .select_only()
        .columns([
            post::Column::Id,
            post::Column::AuthorId,
            post::Column::CreatedAt,
            post::Column::PublishedAt,
            post::Column::LikeCount,
            post::Column::CommentCount,
        ])
        .column_as(post::Column::Caption.ne(""), "has_caption")
        .column_as(post::Column::Location.is_not_null(), "has_location")
        .column_as(Expr::col((author, account::Column::FollowerCount)), "follower_count")
        .column(media::Column::Kind)
        .column_as(media::Column::AltText.ne(""), "has_alt_text")
        .columns([post_impression::Column::Seen, post_impression::Column::DwellMs])
        .column_as(Expr::from(visibility::feed(viewer)), "is_visible")
        .join_as(JoinType::InnerJoin, author_of, author)
        .join(JoinType::LeftJoin, impressions_of)
        .filter(post::Column::Id.is_in(ids.iter().copied()))
        .into_model::<Row>()
        .all(app.rows())
        .await?;
    Ok(rows)
}

/// How much the viewer cares for the hashtags of each of these posts, all together.
async fn liked_hashtags(app: &App, ids: &[Uuid], taste: &Taste) -> Result<HashMap<Uuid, f64>> {
    if taste.hashtags.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<(Uuid, String)> = post_hashtag::Entity::find()
        .select_only()
        .columns([post_hashtag::Column::PostId, post_hashtag::Column::Tag])
        .filter(post_hashtag::Column::PostId.is_in(ids.iter().copied()))
        .filter(post_hashtag::Column::Tag.is_in(taste.hashtags.keys().map(String::as_str)))
        .into_tuple()
        .all(app.rows())
        .await?;
    let mut sums: HashMap<Uuid, f64> = HashMap::new();
    for (post, tag) in found {
        *sums.entry(post).or_default() += taste.hashtags.get(&tag).copied().unwrap_or_default();
    }
    Ok(sums)
}

/// The viewer's own newest published posts, down to `end`.
pub(super) async fn own_newest(app: &App, viewer: Uuid, end: Uuid) -> Result<Vec<Uuid>> {
    let own = post::Entity::find()
        .select_only()
        .column(post::Column::Id)
        .filter(post::Column::AuthorId.eq(viewer))
        .filter(post::Column::State.eq(post::State::Published))
        .filter(post::Column::Id.gte(end))
        .order_by_desc(post::Column::Id)
        .limit(OWN)
        .into_tuple();
    Ok(own.all(app.rows()).await?)
}
