//! What people care for: signals, added up as they come, bounded for each person, decaying by themselves.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use darkroom_entity::affinity::{self, Kind};
use sea_orm::sea_query::{Alias, CaseStatement, Expr, ExprTrait, OnConflict, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::decay::{decayed, grown};
use super::topic::{self, Topic};
use crate::app::App;
use crate::error::Result;
use crate::session::Viewer;
use crate::transaction::Transaction;

/// What one person can care for: the weakest are forgotten beyond. Between two looks at the number a few more may stand there.
pub const SUBJECTS: u64 = 500;

/// Of so many signals one looks whether there are too many subjects.
const LOOKS: u8 = 16;

/// Something that a person did and that tells what they care for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Signal {
    /// Liked a post.
    Liked,
    /// Commented on a post.
    Commented,
    /// Saved a post.
    Saved,
    /// Began to follow a person.
    Followed,
    /// Looked at a person's profile.
    Visited,
    /// Saw a story.
    Viewed,
    /// Looked at a post, for how large a part, 0–1, of what counts at most.
    Dwelled(f64),
}

impl Signal {
    /// What it adds for the person, and for each hashtag and the kind of media.
    fn weights(self) -> (f64, f64) {
        match self {
            Self::Liked => (1.0, 1.0),
            Self::Commented => (3.0, 2.0),
            Self::Saved => (1.5, 2.0),
            Self::Followed => (2.0, 0.0),
            Self::Visited => (0.5, 0.0),
            Self::Viewed => (0.3, 0.0),
            Self::Dwelled(part) => (0.0, 0.5 * part),
        }
    }
}

/// What one statement writes: in the order of the key, so that two of one person do not lock crosswise.
#[derive(Debug, Default)]
pub(super) struct Gains(BTreeMap<(Kind, String), f64>);

impl Gains {
    fn add(&mut self, kind: Kind, subject: String, by: f64) {
        if by > 0.0 {
            *self.0.entry((kind, subject)).or_default() += by;
        }
    }

    /// Adds what a signal about a post at a moment says.
    pub(super) fn add_signal(&mut self, signal: Signal, topic: &Topic, at: DateTime<Utc>) {
        let (person, interest) = signal.weights();
        let grown = grown(at);
        self.add(Kind::Author, author_key(topic.author_id), person * grown);
        for tag in &topic.hashtags {
            self.add(Kind::Hashtag, tag.clone(), interest * grown);
        }
        if let Some(media) = &topic.media {
            self.add(Kind::Media, media.clone(), interest * grown);
        }
    }

    /// Writes it for a person.
    pub(super) async fn write(self, rows: &impl ConnectionTrait, account_id: Uuid) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let gained = self.0.into_iter().map(|((kind, subject), score)| affinity::ActiveModel {
            account_id: Set(account_id),
            kind: Set(kind),
            subject: Set(subject),
            score: Set(score),
        });
        let score = affinity::Column::Score;
        let sum = Expr::col((affinity::Entity, score)).add(Expr::col((Alias::new("excluded"), score)));
        let key = [affinity::Column::AccountId, affinity::Column::Kind, affinity::Column::Subject];
        affinity::Entity::insert_many(gained)
            .on_conflict(OnConflict::columns(key).value(score, sum).to_owned())
            .exec_without_returning(rows)
            .await?;
        if rand::random_range(0..LOOKS) == 0 {
            prune(rows, account_id).await?;
        }
        Ok(())
    }
}

/// The name under which a person stands among what somebody cares for.
fn author_key(author_id: Uuid) -> String {
    author_id.simple().to_string()
}

/// Notes what the viewer did with a post, in the transaction in which they do it. Nothing of people who have opted out, of one's
/// own posts, and of posts that the viewer may not see.
pub(crate) async fn note_post(tx: &Transaction<'_>, viewer: &Viewer, signal: Signal, post_id: Uuid) -> Result<()> {
    if !viewer.account.is_personalised {
        return Ok(());
    }
    let topics = topic::of(tx.rows(), viewer.id(), &[post_id]).await?;
    let Some(topic) = topics.get(&post_id).filter(|topic| topic.author_id != viewer.id()) else { return Ok(()) };
    let mut gains = Gains::default();
    gains.add_signal(signal, topic, tx.app().clock.now());
    gains.write(tx.rows(), viewer.id()).await
}

/// Notes what one person did with another, who are not the same. Whether the first has opted out, the caller asks.
pub(crate) async fn note_author(
    rows: &impl ConnectionTrait,
    account_id: Uuid,
    signal: Signal,
    author_id: Uuid,
    at: DateTime<Utc>,
) -> Result<()> {
    if account_id == author_id {
        return Ok(());
    }
    let mut gains = Gains::default();
    gains.add(Kind::Author, author_key(author_id), signal.weights().0 * grown(at));
    gains.write(rows, account_id).await
}

/// Takes back what was noted of a post, which the viewer sees, at a moment: what `account_id` did that is no longer so. What is not there any more, since
/// the person opted out meanwhile or it was the weakest, stays away. To be called before other rows than the person's are
/// locked.
pub(crate) async fn take_back(
    tx: &Transaction<'_>,
    viewer: &Viewer,
    account_id: Uuid,
    signal: Signal,
    post_id: Uuid,
    at: DateTime<Utc>,
) -> Result<()> {
    let topics = topic::of(tx.rows(), viewer.id(), &[post_id]).await?;
    let Some(topic) = topics.get(&post_id).filter(|topic| topic.author_id != account_id) else { return Ok(()) };
    let mut gains = Gains::default();
    gains.add_signal(signal, topic, at);
    let subjects = |kind: Kind| gains.0.keys().filter(move |(of, _)| *of == kind).map(|(_, subject)| subject.clone());
    let one_of = |kind: Kind| {
        Condition::all().add(affinity::Column::Kind.eq(kind)).add(affinity::Column::Subject.is_in(subjects(kind)))
    };
    let noted = Condition::all()
        .add(affinity::Column::AccountId.eq(account_id))
        .add(Condition::any().add(one_of(Kind::Author)).add(one_of(Kind::Hashtag)).add(one_of(Kind::Media)));
    // In the order of the key, as they are written: an update alone locks in whatever order it finds them.
    affinity::Entity::find()
        .select_only()
        .column(affinity::Column::Subject)
        .filter(noted.clone())
        .order_by_asc(affinity::Column::Kind)
        .order_by_asc(affinity::Column::Subject)
        .lock_exclusive()
        .into_tuple::<String>()
        .all(tx.rows())
        .await?;
    let (person, interest) = signal.weights();
    let by: Expr = CaseStatement::new()
        .case(affinity::Column::Kind.eq(Kind::Author), person * grown(at))
        .finally(interest * grown(at))
        .into();
    let score = || Expr::col(affinity::Column::Score);
    // What is left of rounding is nothing.
    let rest = CaseStatement::new().case(score().gt(by.clone().mul(1.000_001)), score().sub(by)).finally(0.0);
    affinity::Entity::update_many()
        .col_expr(affinity::Column::Score, rest.into())
        .filter(noted.clone())
        .exec(tx.rows())
        .await?;
    affinity::Entity::delete_many().filter(noted).filter(affinity::Column::Score.lte(0.0)).exec(tx.rows()).await?;
    Ok(())
}

/// Forgets what one person has had to do with another.
pub(crate) async fn forget_author(rows: &impl ConnectionTrait, account_id: Uuid, author_id: Uuid) -> Result<()> {
    affinity::Entity::delete_by_id((account_id, Kind::Author, author_key(author_id))).exec(rows).await?;
    Ok(())
}

/// Forgets what two people have had to do with each other. In the order of their ids.
pub(crate) async fn forget_each_other(rows: &impl ConnectionTrait, one: Uuid, other: Uuid) -> Result<()> {
    let [first, second] = if one < other { [one, other] } else { [other, one] };
    forget_author(rows, first, second).await?;
    forget_author(rows, second, first).await
}

/// Forgets the weakest of what a person cares for beyond [`SUBJECTS`].
pub async fn prune(rows: &impl ConnectionTrait, account_id: Uuid) -> Result<()> {
    let score = affinity::Column::Score;
    let strongest = Query::select()
        .column(score)
        .from(affinity::Entity)
        .and_where(affinity::Column::AccountId.eq(account_id))
        .order_by(score, sea_orm::Order::Desc)
        .limit(SUBJECTS)
        .to_owned();
    let weakest_kept = Query::select().expr(Expr::col(score).min()).from_subquery(strongest, "strongest").to_owned();
    affinity::Entity::delete_many()
        .filter(affinity::Column::AccountId.eq(account_id))
        .filter(Expr::col(score).lt(Expr::from(weakest_kept)))
        .exec(rows)
        .await?;
    Ok(())
}

/// What a person cares for, decayed to a moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Taste {
    pub(super) authors: HashMap<Uuid, f64>,
    pub(super) hashtags: HashMap<String, f64>,
    pub(super) media: HashMap<String, f64>,
}

impl Taste {
    /// The strongest [`SUBJECTS`].
    pub(super) async fn of(app: &App, account_id: Uuid) -> Result<Self> {
        let rows = affinity::Entity::find()
            .filter(affinity::Column::AccountId.eq(account_id))
            .order_by_desc(affinity::Column::Score)
            .limit(SUBJECTS)
            .all(app.rows())
            .await?;
        let now = app.clock.now();
        let mut taste = Self::default();
        for row in rows {
            let score = decayed(row.score, now);
            match row.kind {
                Kind::Author => {
                    if let Ok(author) = Uuid::try_parse(&row.subject) {
                        taste.authors.insert(author, score);
                    }
                }
                Kind::Hashtag => {
                    taste.hashtags.insert(row.subject, score);
                }
                Kind::Media => {
                    taste.media.insert(row.subject, score);
                }
            }
        }
        Ok(taste)
    }

    /// How much the person has done lately, all together.
    pub(super) fn doings(&self) -> f64 {
        self.authors.values().sum()
    }
}
