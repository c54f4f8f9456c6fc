//! What tests write into tables themselves.

use darkroom_entity::{account, block, comment, comment_like, comment_mention, mute};
use darkroom_service::job::Notify;
use darkroom_service::live;
use darkroom_service::notification::Event;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait};

use crate::app::TestApp;
use crate::client::Person;
use crate::people::{id_of, uuid_of};

impl TestApp {
    /// Writes a comment below a post, perhaps in answer to another, and says so. Returns its id.
    pub async fn say(&self, author: &Person, post: &str, answers: Option<&str>, mentions: &[&Person]) -> String {
        let id = self.app.clock.new_id();
        let answered = answers.map(uuid_of);
        let row = comment::Model {
            id,
            post_id: uuid_of(post),
            author_id: uuid_of(&author.id),
            thread_id: answered,
            reply_to_id: answered,
            text: "said".to_owned(),
            like_count: 0,
            reply_count: 0,
            pinned_at: None,
            created_at: self.app.clock.now(),
        };
        let mut tx = self.app.begin().await.unwrap();
        comment::Entity::insert(comment::ActiveModel::from(row.clone()))
            .exec_without_returning(tx.rows())
            .await
            .unwrap();
        for (position, person) in mentions.iter().enumerate() {
            let mention = comment_mention::ActiveModel {
                comment_id: Set(id),
                account_id: Set(uuid_of(&person.id)),
                position: Set(position as i32),
            };
            comment_mention::Entity::insert(mention).exec_without_returning(tx.rows()).await.unwrap();
        }
        tx.emit(live::comments_topic(row.post_id), id.to_string());
        tx.enqueue(&Notify { event: Event::Commented { comment_id: id } }).await.unwrap();
        tx.commit().await.unwrap();
        id_of("comment", id)
    }

    /// Likes a comment.
    pub async fn like_comment(&self, person: &Person, comment: &str) {
        let (comment_id, actor_id) = (uuid_of(comment), uuid_of(&person.id));
        let like = comment_like::ActiveModel {
            comment_id: Set(comment_id),
            account_id: Set(actor_id),
            id: Set(self.app.clock.new_id()),
            created_at: Set(self.app.clock.now()),
        };
        let mut tx = self.app.begin().await.unwrap();
        comment_like::Entity::insert(like).exec_without_returning(tx.rows()).await.unwrap();
        tx.enqueue(&Notify { event: Event::CommentLiked { comment_id, actor_id } }).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Removes a comment's row.
    pub async fn unsay(&self, comment: &str) {
        comment::Entity::delete_by_id(uuid_of(comment)).exec(self.app.rows()).await.unwrap();
    }

    /// Lets one person block another.
    pub async fn write_block(&self, blocker: &Person, blocked: &Person) {
        let row = block::ActiveModel {
            blocker_id: Set(uuid_of(&blocker.id)),
            blocked_id: Set(uuid_of(&blocked.id)),
            id: Set(self.app.clock.new_id()),
            created_at: Set(self.app.clock.now()),
        };
        block::Entity::insert(row).exec_without_returning(self.app.rows()).await.unwrap();
    }

    /// Lets one person mute another's posts.
    pub async fn write_mute(&self, muter: &Person, muted: &Person) {
        let row = mute::ActiveModel {
            muter_id: Set(uuid_of(&muter.id)),
            muted_id: Set(uuid_of(&muted.id)),
            id: Set(self.app.clock.new_id()),
            created_at: Set(self.app.clock.now()),
            posts: Set(true),
            stories: Set(false),
        };
        mute::Entity::insert(row).exec_without_returning(self.app.rows()).await.unwrap();
    }

    /// Suspends a person, or takes it back.
    pub async fn write_suspension(&self, person: &Person, suspended: bool) {
        let since = suspended.then(|| self.app.clock.now());
        let row = account::ActiveModel { id: Set(uuid_of(&person.id)), suspended_at: Set(since), ..Default::default() };
        row.update(self.app.rows()).await.unwrap();
    }

    /// Runs the job of a like once more, as after a lost answer.
    pub async fn tell_again(&self, person: &Person, post: &str) {
        let event = Event::PostLiked { post_id: uuid_of(post), actor_id: uuid_of(&person.id) };
        darkroom_service::notification::deliver(&self.app, event).await.unwrap();
    }
}
