//! The posts among which a viewer's are ranked, with what their rank is made of: a constant number of statements.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use darkroom_entity::audience::Audience;
use darkroom_entity::{account, post};
use sea_orm::{ActiveEnum, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::affinity::Taste;
use super::item::{Item, LOOK, tag_key};
use super::score::{Facts, Values, values};
use crate::app::App;
use crate::error::Result;
use crate::visibility;

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

/// These posts as the viewer's candidates, in no order; those that are gone are left out.
pub(super) async fn of(app: &App, viewer: Uuid, ids: &[Uuid], taste: &Taste, activity: f64) -> Result<Vec<Candidate>> {
    let items = app.items.of(app, ids).await?;
    let feed = Feed::among(app, viewer, items.iter().map(|item| &**item)).await?;
    let liked: HashMap<u64, f64> = taste.hashtags.iter().map(|(tag, score)| (tag_key(tag), *score)).collect();
    let now = app.clock.now();
    let half_life = f64::from(app.config.ranking.recency_half_life_hours);
    let candidate = |item: &Item| Candidate {
        id: item.id,
        author_id: item.author_id,
        standing: feed.standing(item, now),
        values: values(&facts(item, viewer, taste, &liked, now), activity, half_life),
    };
    Ok(items.iter().map(|item| candidate(item)).collect())
}

fn facts(item: &Item, viewer: Uuid, taste: &Taste, liked: &HashMap<u64, f64>, now: DateTime<Utc>) -> Facts {
    let media = item.media.as_ref().and_then(|kind| taste.media.get(&kind.to_value()).copied());
    Facts {
        is_own: item.author_id == viewer,
        author: taste.authors.get(&item.author_id).copied().unwrap_or_default(),
        hashtags: item.tags.iter().filter_map(|tag| liked.get(tag)).sum(),
        media: media.unwrap_or_default(),
        age_hours: (now - item.since).num_seconds() as f64 / 3600.0,
        likes: item.like_count as f64,
        comments: item.comment_count as f64,
        followers: item.follower_count as f64,
        seen: item.seen as f64,
        dwell: item.dwell_ms as f64 / 1000.0,
        completeness: item.completeness,
    }
}

/// Whose posts stand in a viewer's feed, of some authors and at the moment. It decides who takes a place in an order, not who sees what.
struct Feed {
    viewer: Uuid,
    authors: HashSet<Uuid>,
    /// Posts for close friends that are for the viewer.
    close: HashSet<Uuid>,
}

impl Feed {
    /// Of the authors of these.
    async fn among(app: &App, viewer: Uuid, items: impl Iterator<Item = &Item> + Clone) -> Result<Self> {
        let others = items.filter(|item| item.author_id != viewer);
        let authors: HashSet<Uuid> = others.clone().map(|item| item.author_id).collect();
        let authors = authors.into_iter().collect();
        let close = others.filter(|item| item.audience == Audience::CloseFriends).map(|item| item.id).collect();
        Ok(Self {
            viewer,
            authors: seen::<account::Entity>(app, account::Column::Id, authors, visibility::authors_in_feed(viewer))
                .await?,
            close: seen::<post::Entity>(app, post::Column::Id, close, visibility::feed_among(viewer)).await?,
        })
    }

    fn standing(&self, item: &Item, now: DateTime<Utc>) -> Standing {
        let is_own = item.author_id == self.viewer;
        let is_for_them = item.audience != Audience::CloseFriends || self.close.contains(&item.id);
        if item.state != post::State::Published || !(is_own || is_for_them && self.authors.contains(&item.author_id)) {
            Standing::Hidden
        } else if is_own && item.is_dated && now - item.since < FRESH {
            Standing::FreshOwn
        } else {
            Standing::Visible
        }
    }
}

/// Those of these rows that are seen.
async fn seen<E: EntityTrait>(app: &App, id: E::Column, ids: Vec<Uuid>, is_seen: Condition) -> Result<HashSet<Uuid>> {
    let mut found = HashSet::with_capacity(ids.len());
    for ids in ids.chunks(LOOK) {
        let rows = E::find()
            .select_only()
            .column(id)
            .filter(id.is_in(ids.iter().copied()))
            .filter(is_seen.clone())
            .into_tuple::<Uuid>()
            .all(app.rows())
            .await?;
        found.extend(rows);
    }
    Ok(found)
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
