//! Two names of a notification: what makes it one row, and what shows it together with others.

use chrono::{DateTime, Utc};
use darkroom_entity::notification::Kind;
use sea_orm::ActiveEnum;
use uuid::Uuid;

/// What a notification is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct About {
    pub(super) post_id: Option<Uuid>,
    pub(super) comment_id: Option<Uuid>,
    /// The recipient's comment that the comment answers.
    pub(super) answered_id: Option<Uuid>,
}

/// What makes a notification one row for its recipient, however often its job runs: the same for all kinds that one
/// comment could be told as.
pub(super) fn unique(kind: Kind, actor_id: Uuid, about: About) -> String {
    let post = about.post_id.unwrap_or_default();
    match (kind, about.comment_id) {
        (Kind::Comment | Kind::Reply | Kind::Mention, Some(comment)) => format!("comment:{comment}"),
        (Kind::Mention | Kind::Comment | Kind::Reply, None) => format!("mention:{post}"),
        (Kind::PostLike, _) => format!("post_like:{actor_id}:{post}"),
        (Kind::CommentLike, comment) => format!("comment_like:{actor_id}:{}", comment.unwrap_or_default()),
        (Kind::Follow | Kind::FollowRequest | Kind::FollowAccepted, _) => format!("{}:{actor_id}", kind.to_value()),
    }
}

/// What is shown as one: the kind, the thing that it happened to, the UTC day.
pub(super) fn group(kind: Kind, about: About, now: DateTime<Utc>) -> String {
    let thing = match kind {
        Kind::PostLike | Kind::Comment => about.post_id,
        Kind::CommentLike => about.comment_id,
        Kind::Reply => about.answered_id,
        Kind::Mention => about.comment_id.or(about.post_id),
        Kind::Follow | Kind::FollowRequest | Kind::FollowAccepted => None,
    };
    let thing = thing.map(|id| id.simple().to_string()).unwrap_or_default();
    format!("{}:{thing}:{}", kind.to_value(), now.format("%Y-%m-%d"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTOR: Uuid = Uuid::from_u128(1);

    fn about(post: u128, comment: Option<u128>) -> About {
        About { post_id: Some(Uuid::from_u128(post)), comment_id: comment.map(Uuid::from_u128), answered_id: None }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    #[test]
    fn a_comment_is_one_row_whatever_it_is_told_as() {
        let keys = [Kind::Comment, Kind::Reply, Kind::Mention].map(|kind| unique(kind, ACTOR, about(2, Some(3))));
        assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
        assert_ne!(unique(Kind::Mention, ACTOR, about(2, None)), keys[0], "a caption is no comment");
    }

    #[test]
    fn likes_are_one_row_a_person_and_thing() {
        assert_eq!(unique(Kind::PostLike, ACTOR, about(2, None)), unique(Kind::PostLike, ACTOR, about(2, None)));
        assert_ne!(unique(Kind::PostLike, ACTOR, about(2, None)), unique(Kind::PostLike, ACTOR, about(3, None)));
        assert_ne!(
            unique(Kind::CommentLike, ACTOR, about(2, Some(3))),
            unique(Kind::CommentLike, ACTOR, about(2, Some(4)))
        );
    }

    #[test]
    fn groups_end_with_the_day_in_utc() {
        let group = |time: &str| group(Kind::PostLike, about(2, None), at(time));
        assert_eq!(group("2026-05-04T00:00:00Z"), group("2026-05-04T23:59:59.999999Z"));
        assert_ne!(group("2026-05-04T23:59:59Z"), group("2026-05-05T00:00:00Z"));
    }

    #[test]
    fn names_fit_their_columns() {
        let all = About { answered_id: Some(Uuid::max()), ..about(u128::MAX, Some(u128::MAX)) };
        for kind in super::super::KINDS {
            assert!(group(kind, all, at("2026-05-04T00:00:00Z")).len() <= 100);
            assert!(unique(kind, Uuid::max(), all).len() <= 160);
        }
    }
}
