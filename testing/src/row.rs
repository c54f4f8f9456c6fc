//! Rows that a test writes or counts itself: where the API has no way, or none that is quick enough for many.

use std::collections::HashMap;

use darkroom_entity::{account, block, close_friend, comment, comment_like, follow, post, post_like};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::app::TestApp;

/// The row that an id of the API names.
pub fn uuid_of(id: &str) -> Uuid {
    let (_, suffix) = id.split_once('_').unwrap();
    let value = |letter| "0123456789abcdefghjkmnpqrstvwxyz".find(letter).unwrap() as u128;
    Uuid::from_u128(suffix.chars().fold(0, |bits, letter| bits << 5 | value(letter)))
}

impl TestApp {
    /// Writes a comment with everything that it counts for; `thread` is the top comment that it replies to.
    pub async fn write_comment(&self, post_id: Uuid, author_id: Uuid, thread: Option<Uuid>) -> Uuid {
        let row = comment::Model {
            id: self.clock.new_id(),
            post_id,
            author_id,
            thread_id: thread,
            reply_to_id: thread,
            text: "A comment".to_owned(),
            like_count: 0,
            reply_count: 0,
            pinned_at: None,
            created_at: self.clock.now(),
        };
        let rows = self.app.rows();
        comment::Entity::insert(comment::ActiveModel::from(row.clone())).exec_without_returning(rows).await.unwrap();
        let one_more = Expr::col(comment::Column::ReplyCount).add(1);
        comment::Entity::update_many()
            .col_expr(comment::Column::ReplyCount, one_more)
            .filter(comment::Column::Id.is_in(thread))
            .exec(rows)
            .await
            .unwrap();
        let one_more = Expr::col(post::Column::CommentCount).add(1);
        post::Entity::update_many()
            .col_expr(post::Column::CommentCount, one_more)
            .filter(post::Column::Id.eq(post_id))
            .exec(rows)
            .await
            .unwrap();
        row.id
    }

    /// Writes a like of a comment, counted.
    pub async fn write_comment_like(&self, comment_id: Uuid, account_id: Uuid) {
        let (id, created_at) = (self.clock.new_id(), self.clock.now());
        let row = comment_like::ActiveModel::from(comment_like::Model { comment_id, account_id, id, created_at });
        comment_like::Entity::insert(row).exec_without_returning(self.app.rows()).await.unwrap();
        comment::Entity::update_many()
            .col_expr(comment::Column::LikeCount, Expr::col(comment::Column::LikeCount).add(1))
            .filter(comment::Column::Id.eq(comment_id))
            .exec(self.app.rows())
            .await
            .unwrap();
    }

    /// Writes accounts that nobody signs in to, whose names begin with `prefix`.
    pub async fn write_people(&self, prefix: &str, number: usize) -> Vec<Uuid> {
        let now = self.clock.now();
        let people: Vec<account::Model> = (0..number)
            .map(|number| account::Model {
                id: self.clock.new_id(),
                username: format!("{prefix}{number}"),
                username_key: format!("{prefix}{number}"),
                email: format!("{prefix}{number}@example.test"),
                email_key: format!("{prefix}{number}@example.test"),
                password_hash: String::new(),
                full_name: String::new(),
                bio: String::new(),
                avatar_media_id: None,
                is_private: false,
                is_verified: false,
                follower_count: 0,
                following_count: 0,
                post_count: 0,
                timeline_epoch: 0,
                created_at: now,
                updated_at: now,
                suspended_at: None,
                card_revision: 0,
            })
            .collect();
        for some in people.chunks(100) {
            let rows = some.iter().cloned().map(account::ActiveModel::from);
            account::Entity::insert_many(rows).exec_without_returning(self.app.rows()).await.unwrap();
        }
        people.iter().map(|person| person.id).collect()
    }

    /// Has each of these people ask to follow somebody.
    pub async fn write_follow_requests(&self, from: &[Uuid], to: Uuid) {
        for some in from.chunks(100) {
            let rows = some.iter().map(|follower_id| {
                follow::ActiveModel::from(follow::Model {
                    follower_id: *follower_id,
                    followee_id: to,
                    id: self.clock.new_id(),
                    state: follow::State::Requested,
                    created_at: self.clock.now(),
                })
            });
            follow::Entity::insert_many(rows).exec_without_returning(self.app.rows()).await.unwrap();
        }
    }

    /// Puts all of these people on somebody's list of close friends.
    pub async fn write_close_friends(&self, of: Uuid, friends: &[Uuid]) {
        for some in friends.chunks(100) {
            let rows = some.iter().map(|friend_id| {
                close_friend::ActiveModel::from(close_friend::Model {
                    account_id: of,
                    friend_id: *friend_id,
                    id: self.clock.new_id(),
                    created_at: self.clock.now(),
                })
            });
            close_friend::Entity::insert_many(rows).exec_without_returning(self.app.rows()).await.unwrap();
        }
    }

    /// How many follows and requests there are between people of whom neither blocks the other.
    pub async fn unblocked_follows(&self) -> i64 {
        let blocks = block::Entity::find().all(self.app.rows()).await.unwrap();
        let between = |one, other| {
            blocks.iter().any(|row| [(one, other), (other, one)].contains(&(row.blocker_id, row.blocked_id)))
        };
        let follows = follow::Entity::find().all(self.app.rows()).await.unwrap();
        follows.iter().filter(|row| !between(row.follower_id, row.followee_id)).count() as i64
    }

    /// Every counter that says something else than the rows that it counts.
    pub async fn wrong_counters(&self) -> Vec<String> {
        let rows = self.app.rows();
        let mut counts: HashMap<(&str, Uuid), i64> = HashMap::new();
        let mut count = |counter, id| *counts.entry((counter, id)).or_default() += 1;
        let accepted = follow::Column::State.eq(follow::State::Accepted);
        for row in follow::Entity::find().filter(accepted).all(rows).await.unwrap() {
            count("following", row.follower_id);
            count("followers", row.followee_id);
        }
        let posts = post::Entity::find().all(rows).await.unwrap();
        for row in posts.iter().filter(|row| row.state == post::State::Published) {
            count("posts", row.author_id);
        }
        let likes = post_like::Entity::find().select_only().column(post_like::Column::PostId);
        for post_id in likes.into_tuple().all(rows).await.unwrap() {
            count("likes", post_id);
        }
        let likes = comment_like::Entity::find().select_only().column(comment_like::Column::CommentId);
        for comment_id in likes.into_tuple().all(rows).await.unwrap() {
            count("likes", comment_id);
        }
        let comments = comment::Entity::find().all(rows).await.unwrap();
        for row in &comments {
            count("comments", row.post_id);
            if let Some(thread) = row.thread_id {
                count("replies", thread);
            }
        }
        let mut wrong = Vec::new();
        let mut check = |counter, id, says: i64| {
            let is = counts.get(&(counter, id)).copied().unwrap_or_default();
            if says != is {
                wrong.push(format!("{counter} of {id}: {says} instead of {is}"));
            }
        };
        for row in account::Entity::find().all(rows).await.unwrap() {
            check("following", row.id, row.following_count);
            check("followers", row.id, row.follower_count);
            check("posts", row.id, row.post_count);
        }
        for row in posts {
            check("likes", row.id, row.like_count);
            check("comments", row.id, row.comment_count);
        }
        for row in comments {
            check("likes", row.id, row.like_count);
            check("replies", row.id, row.reply_count);
        }
        wrong
    }
}
