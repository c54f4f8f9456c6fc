//! Whom an event concerns, by what is true now.

use darkroom_entity::notification::Kind;
use darkroom_entity::{comment, comment_like, comment_mention, follow, post, post_like, post_mention};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::Event;
use super::key::About;
use crate::error::Result;
use crate::text::MENTIONS_PER_POST;

/// An event with everything that is needed to tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Occasion {
    pub(super) actor_id: Uuid,
    pub(super) about: About,
    pub(super) addressed: Vec<Addressed>,
}

/// Somebody whom an event concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Addressed {
    pub(super) recipient_id: Uuid,
    /// As what they can be told, the most specific first.
    pub(super) kinds: Vec<Kind>,
}

impl Occasion {
    fn new(actor_id: Uuid, about: About, recipients: impl IntoIterator<Item = (Uuid, Kind)>) -> Self {
        Self { actor_id, about, addressed: addressed(actor_id, recipients) }
    }
}

/// Each person once, with all that concerns them in the order given; never the actor.
fn addressed(actor_id: Uuid, recipients: impl IntoIterator<Item = (Uuid, Kind)>) -> Vec<Addressed> {
    let mut all: Vec<Addressed> = Vec::new();
    for (recipient_id, kind) in recipients {
        if recipient_id == actor_id {
            continue;
        }
        match all.iter_mut().find(|one| one.recipient_id == recipient_id) {
            Some(one) => one.kinds.push(kind),
            None => all.push(Addressed { recipient_id, kinds: vec![kind] }),
        }
    }
    all
}

/// Whom the event concerns; none if it is so no longer.
pub(super) async fn find(rows: &impl ConnectionTrait, event: Event) -> Result<Option<Occasion>> {
    Ok(match event {
        Event::PostLiked { post_id, actor_id } => post_row(rows, post_id).await?.map(|post| {
            let about = About { post_id: Some(post_id), ..About::default() };
            Occasion::new(actor_id, about, [(post.author_id, Kind::PostLike)])
        }),
        Event::CommentLiked { comment_id, actor_id } => comment_row(rows, comment_id).await?.map(|comment| {
            let about = About { post_id: Some(comment.post_id), comment_id: Some(comment_id), answered_id: None };
            Occasion::new(actor_id, about, [(comment.author_id, Kind::CommentLike)])
        }),
        Event::Commented { comment_id } => said(rows, comment_id).await?,
        Event::Captioned { post_id } => match post_row(rows, post_id).await? {
            Some(post) => {
                let mentioned = mentioned_by(rows, post_id).await?;
                Some(captioned(&post, mentioned))
            }
            None => None,
        },
        Event::Mentioned { post_id, account_id } => {
            post_row(rows, post_id).await?.map(|post| captioned(&post, vec![account_id]))
        }
        Event::Followed { follower_id, followee_id } => {
            Some(Occasion::new(follower_id, About::default(), [(followee_id, Kind::Follow)]))
        }
        Event::FollowRequested { follower_id, followee_id } => {
            Some(Occasion::new(follower_id, About::default(), [(followee_id, Kind::FollowRequest)]))
        }
        Event::FollowAccepted { follower_id, followee_id } => {
            Some(Occasion::new(followee_id, About::default(), [(follower_id, Kind::FollowAccepted)]))
        }
    })
}

fn captioned(post: &post::Model, mentioned: Vec<Uuid>) -> Occasion {
    let about = About { post_id: Some(post.id), ..About::default() };
    Occasion::new(post.author_id, about, mentioned.into_iter().map(|person| (person, Kind::Mention)))
}

/// A comment concerns whom it answers, whom it mentions, and whose post it stands below.
async fn said(rows: &impl ConnectionTrait, comment_id: Uuid) -> Result<Option<Occasion>> {
    let Some(comment) = comment_row(rows, comment_id).await? else { return Ok(None) };
    let Some(post) = post_row(rows, comment.post_id).await? else { return Ok(None) };
    let answered = match comment.reply_to_id {
        Some(id) => comment_row(rows, id).await?,
        None => None,
    };
    let mentioned: Vec<Uuid> = comment_mention::Entity::find()
        .select_only()
        .column(comment_mention::Column::AccountId)
        .filter(comment_mention::Column::CommentId.eq(comment_id))
        .order_by_asc(comment_mention::Column::Position)
        .limit(MENTIONS_PER_POST as u64)
        .into_tuple()
        .all(rows)
        .await?;
    let about = About {
        post_id: Some(post.id),
        comment_id: Some(comment_id),
        answered_id: answered.as_ref().map(|answered| answered.id),
    };
    let recipients = answered
        .map(|answered| (answered.author_id, Kind::Reply))
        .into_iter()
        .chain(mentioned.into_iter().map(|person| (person, Kind::Mention)))
        .chain([(post.author_id, Kind::Comment)]);
    Ok(Some(Occasion::new(comment.author_id, about, recipients)))
}

async fn post_row(rows: &impl ConnectionTrait, id: Uuid) -> Result<Option<post::Model>> {
    Ok(post::Entity::find_by_id(id).one(rows).await?)
}

async fn comment_row(rows: &impl ConnectionTrait, id: Uuid) -> Result<Option<comment::Model>> {
    Ok(comment::Entity::find_by_id(id).one(rows).await?)
}

async fn mentioned_by(rows: &impl ConnectionTrait, post_id: Uuid) -> Result<Vec<Uuid>> {
    Ok(post_mention::Entity::find()
        .select_only()
        .column(post_mention::Column::AccountId)
        .filter(post_mention::Column::PostId.eq(post_id))
        .order_by_asc(post_mention::Column::Position)
        .limit(MENTIONS_PER_POST as u64)
        .into_tuple()
        .all(rows)
        .await?)
}

/// Whether it is still so for this recipient, held fast until the transaction ends: whoever takes it back meanwhile waits,
/// and then finds the notification to withdraw.
pub(super) async fn holds(rows: &impl ConnectionTrait, event: Event, recipient_id: Uuid) -> Result<bool> {
    let followed = async |follower: Uuid, followee: Uuid, state: follow::State| -> Result<bool> {
        let row = follow::Entity::find_by_id((follower, followee)).lock_shared().one(rows).await?;
        Ok(row.is_some_and(|row| row.state == state))
    };
    match event {
        Event::PostLiked { post_id, actor_id } => {
            Ok(post_like::Entity::find_by_id((post_id, actor_id)).lock_shared().one(rows).await?.is_some())
        }
        Event::CommentLiked { comment_id, actor_id } => {
            Ok(comment_like::Entity::find_by_id((comment_id, actor_id)).lock_shared().one(rows).await?.is_some())
        }
        Event::Commented { comment_id } => {
            Ok(comment::Entity::find_by_id(comment_id).lock_shared().one(rows).await?.is_some())
        }
        Event::Captioned { post_id } | Event::Mentioned { post_id, .. } => {
            Ok(post_mention::Entity::find_by_id((post_id, recipient_id)).lock_shared().one(rows).await?.is_some())
        }
        Event::Followed { follower_id, followee_id } | Event::FollowAccepted { follower_id, followee_id } => {
            followed(follower_id, followee_id, follow::State::Accepted).await
        }
        Event::FollowRequested { follower_id, followee_id } => {
            followed(follower_id, followee_id, follow::State::Requested).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTOR: Uuid = Uuid::from_u128(1);
    const ONE: Uuid = Uuid::from_u128(2);
    const TWO: Uuid = Uuid::from_u128(3);

    #[test]
    fn everyone_is_addressed_once_by_the_most_specific_kind_first() {
        let told =
            addressed(ACTOR, [(ONE, Kind::Reply), (TWO, Kind::Mention), (ONE, Kind::Mention), (ONE, Kind::Comment)]);
        assert_eq!(
            told,
            [
                Addressed { recipient_id: ONE, kinds: vec![Kind::Reply, Kind::Mention, Kind::Comment] },
                Addressed { recipient_id: TWO, kinds: vec![Kind::Mention] },
            ]
        );
    }

    #[test]
    fn nobody_is_told_of_their_own_doings() {
        assert_eq!(addressed(ACTOR, [(ACTOR, Kind::Reply), (ACTOR, Kind::Comment)]), []);
    }
}
