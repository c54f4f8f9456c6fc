//! Taking back what is so no longer.

use darkroom_entity::notification::{self, Kind};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::Event;
use super::key::{self, About};
use crate::error::Result;
use crate::transaction::Transaction;

/// Takes back what was told of something that is so no longer. To be called after the change itself: then a job that tells
/// of it at this moment has either seen the change, or is waited for, and its row is found here.
///
/// What the followee of an ended follow was told goes, and what the follower was told of being let in. What was told of the
/// likes of a deleted comment is not shown any more, and goes when its time is over.
pub(crate) async fn withdraw(tx: &mut Transaction<'_>, event: Event) -> Result<()> {
    let which = match event {
        Event::PostLiked { post_id, actor_id } => Condition::all()
            .add(notification::Column::PostId.eq(post_id))
            .add(notification::Column::ActorId.eq(actor_id))
            .add(notification::Column::Kind.eq(Kind::PostLike)),
        Event::CommentLiked { comment_id, actor_id } => Condition::all()
            .add(notification::Column::CommentId.eq(comment_id))
            .add(notification::Column::ActorId.eq(actor_id))
            .add(notification::Column::Kind.eq(Kind::CommentLike)),
        Event::Commented { comment_id } => Condition::all()
            .add(notification::Column::CommentId.eq(comment_id))
            .add(notification::Column::Kind.is_in([Kind::Comment, Kind::Reply, Kind::Mention])),
        Event::Captioned { post_id } => Condition::all()
            .add(notification::Column::PostId.eq(post_id))
            .add(notification::Column::CommentId.is_null())
            .add(notification::Column::Kind.eq(Kind::Mention)),
        Event::Mentioned { post_id, account_id } => {
            let about = About { post_id: Some(post_id), ..About::default() };
            told(account_id, Kind::Mention, Uuid::nil(), about)
        }
        Event::Followed { follower_id, followee_id } => Condition::any()
            .add(told(followee_id, Kind::Follow, follower_id, About::default()))
            .add(told(follower_id, Kind::FollowAccepted, followee_id, About::default())),
        Event::FollowRequested { follower_id, followee_id } => {
            told(followee_id, Kind::FollowRequest, follower_id, About::default())
        }
        Event::FollowAccepted { follower_id, followee_id } => {
            told(follower_id, Kind::FollowAccepted, followee_id, About::default())
        }
    };
    let now = tx.app().clock.now();
    notification::Entity::update_many()
        .set(notification::ActiveModel { withdrawn_at: Set(Some(now)), ..Default::default() })
        .filter(which)
        .filter(notification::Column::WithdrawnAt.is_null())
        .exec(tx.rows())
        .await?;
    Ok(())
}

/// The row of that name.
fn told(recipient_id: Uuid, kind: Kind, actor_id: Uuid, about: About) -> Condition {
    Condition::all()
        .add(notification::Column::RecipientId.eq(recipient_id))
        .add(notification::Column::UniqueKey.eq(key::unique(kind, actor_id, about)))
}
