//! What of a candidate's rank is the same for every viewer, kept in this process: what recommenders call item features.
//!
//! A post stands in the window of everybody who follows its author, and each of them has their order made anew whenever something
//! new has come. So eight hundred rows with their counters would be read for each of them, of which nearly all were read for somebody
//! else a moment ago. What is kept is a few minutes old at most, which an order that is shown for half an hour is soon anyway; nothing
//! is shown by it, for the query that fetches a page's posts decides who sees what.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use darkroom_entity::audience::Audience;
use darkroom_entity::{account, media, post, post_hashtag, post_impression};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QuerySelect, RelationDef};
use uuid::Uuid;

use super::topic::with_first_media;
use crate::app::App;
use crate::error::Result;
use crate::id_map::{self, IdMap};

/// For so long what was read is good enough.
const FRESH: TimeDelta = TimeDelta::minutes(5);

/// Ids that one statement of an order looks at.
pub(super) const LOOK: usize = 500;

/// What a post brings to every order in which it stands.
#[derive(Debug, PartialEq)]
pub(super) struct Item {
    pub(super) id: Uuid,
    pub(super) author_id: Uuid,
    pub(super) state: post::State,
    pub(super) audience: Audience,
    /// When it was published; when it was accepted, if that is not known.
    pub(super) since: DateTime<Utc>,
    /// Whether `since` says when it was published.
    pub(super) is_dated: bool,
    pub(super) like_count: i64,
    pub(super) comment_count: i64,
    /// Of its author.
    pub(super) follower_count: i64,
    /// How many have seen it, and for how long all together, as far as apps say so.
    pub(super) seen: i64,
    pub(super) dwell_ms: i64,
    /// What its first medium is.
    pub(super) media: Option<media::Kind>,
    /// How much of what a post can say it says, 0–1.
    pub(super) completeness: f64,
    /// Its hashtags, by their [keys](tag_key).
    pub(super) tags: Box<[u64]>,
    read_at: DateTime<Utc>,
}

/// A hashtag in eight bytes. Two that fall together would be taken for each other in a score, which is all that it is for.
pub(super) fn tag_key(tag: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    tag.hash(&mut hasher);
    hasher.finish()
}

/// Those that this process has read last, bounded by the bytes that they take.
pub(crate) struct Items(Cache<Uuid, Arc<Item>, ByBytes>);

#[derive(Clone)]
struct ByBytes;

/// What a place in the cache takes besides the item: key, pointer and links, with the two counts of an [`Arc`].
const PLACE: usize = 80;

impl Weighter<Uuid, Arc<Item>> for ByBytes {
    fn weight(&self, _: &Uuid, item: &Arc<Item>) -> u64 {
        (PLACE + size_of::<Item>() + size_of_val(&*item.tags)) as u64
    }
}

impl Items {
    /// With room for so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let usual = (PLACE + size_of::<Item>()) as u64;
        let places = usize::try_from(bytes / usual).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(places, bytes, ByBytes))
    }

    /// These posts, in no order; those that are gone are left out. What is not at hand is read, two statements for each 500.
    pub(super) async fn of(&self, app: &App, ids: &[Uuid]) -> Result<Vec<Arc<Item>>> {
        let now = app.clock.now();
        let (mut items, mut missing) = (Vec::with_capacity(ids.len()), Vec::new());
        for id in ids {
            match self.0.get(id).filter(|item| now - item.read_at < FRESH) {
                Some(item) => items.push(item),
                None => missing.push(*id),
            }
        }
        for ids in missing.chunks(LOOK) {
            let mut tags = hashtags(app, ids).await?;
            for row in rows(app, ids).await? {
                let tags = tags.remove(&row.id).unwrap_or_default().into_boxed_slice();
                let item = Arc::new(row.item(tags, now));
                self.0.insert(item.id, Arc::clone(&item));
                items.push(item);
            }
        }
        Ok(items)
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    author_id: Uuid,
    state: post::State,
    audience: Audience,
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
}

impl Row {
    fn item(self, tags: Box<[u64]>, read_at: DateTime<Utc>) -> Item {
        let says = [self.has_caption, self.has_location, self.has_alt_text.unwrap_or_default()];
        Item {
            id: self.id,
            author_id: self.author_id,
            state: self.state,
            audience: self.audience,
            since: self.published_at.unwrap_or(self.created_at),
            is_dated: self.published_at.is_some(),
            like_count: self.like_count,
            comment_count: self.comment_count,
            follower_count: self.follower_count,
            seen: self.seen.unwrap_or_default(),
            dwell_ms: self.dwell_ms.unwrap_or_default(),
            media: self.kind,
            completeness: says.iter().filter(|says| **says).count() as f64 / says.len() as f64,
            tags,
            read_at,
        }
    }
}

async fn rows(app: &App, ids: &[Uuid]) -> Result<Vec<Row>> {
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
            post::Column::State,
            post::Column::Audience,
            post::Column::CreatedAt,
            post::Column::PublishedAt,
            post::Column::LikeCount,
            post::Column::CommentCount,
        ])
        .column_as(post::Column::Caption.ne(""), "has_caption")
        .column_as(post::Column::Location.is_not_null(), "has_location")
        .column(account::Column::FollowerCount)
        .column(media::Column::Kind)
        .column_as(media::Column::AltText.ne(""), "has_alt_text")
        .columns([post_impression::Column::Seen, post_impression::Column::DwellMs])
        .join(JoinType::InnerJoin, author_of)
        .join(JoinType::LeftJoin, impressions_of)
        .filter(post::Column::Id.is_in(ids.iter().copied()))
        .into_model::<Row>()
        .all(app.rows())
        .await?;
    Ok(rows)
}

/// The hashtags of each of these posts, which has a bounded number of them.
async fn hashtags(app: &App, ids: &[Uuid]) -> Result<IdMap<Vec<u64>>> {
    let found: Vec<(Uuid, String)> = post_hashtag::Entity::find()
        .select_only()
        .columns([post_hashtag::Column::PostId, post_hashtag::Column::Tag])
        .filter(post_hashtag::Column::PostId.is_in(ids.iter().copied()))
        .into_tuple()
        .all(app.rows())
        .await?;
    let mut tags: IdMap<Vec<u64>> = id_map::with_capacity(ids.len());
    for (post, tag) in found {
        tags.entry(post).or_default().push(tag_key(&tag));
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: u128, tags: usize) -> Arc<Item> {
        let row = Row {
            id: Uuid::from_u128(id),
            author_id: Uuid::nil(),
            state: post::State::Published,
            audience: Audience::Everyone,
            created_at: DateTime::UNIX_EPOCH,
            published_at: None,
            like_count: 0,
            comment_count: 0,
            has_caption: true,
            has_location: false,
            follower_count: 0,
            kind: None,
            has_alt_text: None,
            seen: None,
            dwell_ms: None,
        };
        Arc::new(row.item(vec![0; tags].into_boxed_slice(), DateTime::UNIX_EPOCH))
    }

    #[test]
    fn no_more_bytes_are_kept_than_there_is_room_for() {
        const ROOM: u64 = 1 << 20;
        let items = Items::new(ROOM);
        for id in 0..20_000 {
            items.0.insert(Uuid::from_u128(id << 64 | id), item(id, id as usize % 30));
        }
        assert!(items.0.weight() <= ROOM, "{}", items.0.weight());
        assert!(items.0.weight() > ROOM / 2, "{}", items.0.weight());
        assert_eq!(ByBytes.weight(&Uuid::nil(), &item(0, 30)) - ByBytes.weight(&Uuid::nil(), &item(0, 0)), 30 * 8);
    }
}
