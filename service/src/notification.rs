//! What people are told: one row an event and recipient, made by a job, shown in groups.
//!
//! A verb says what happened with `tell`, in its own transaction; the job decides who is told, by what is true when it
//! runs: not the actor themselves, nobody who blocks the actor, muted their posts or does not see what it is about, nobody
//! who does not want this kind of it. A verb that takes something back says so with `withdraw`.
//!
//! ```text
//!   tell ──► job ──► occasion: whom it concerns ──► recipient: who is told ──► row, once ──► event to listeners
//! ```
//!
//! Nothing is told twice: `(recipient, unique_key)` is unique. A like that is taken back withdraws its row, which stays for
//! as long as others do. Liking again within an hour of the first time puts it back where it was, quietly; later it is
//! told anew. So whoever likes and unlikes without end tells once an hour.

mod deliver;
mod key;
mod list;
mod occasion;
mod read;
mod recipient;
mod setting;
mod sweep;
mod withdraw;

use darkroom_entity::notification::Kind;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::Result;
use crate::job::Notify;
use crate::live;
use crate::transaction::Transaction;

pub use deliver::deliver;
pub use list::{
    ACTORS, EVENTS_COUNTED, Entry, Group, UNREAD_COUNTED, among, arrived_after, by_ids, groups, list, unread_count,
};
pub use read::mark_read;
pub use setting::{Setting, settings, update_settings};
pub use sweep::sweep;
pub(crate) use sweep::{purge_comments, purge_post};
pub(crate) use withdraw::withdraw;

/// Every kind, in the order in which settings are listed.
pub const KINDS: [Kind; 8] = [
    Kind::PostLike,
    Kind::CommentLike,
    Kind::Comment,
    Kind::Reply,
    Kind::Mention,
    Kind::Follow,
    Kind::FollowRequest,
    Kind::FollowAccepted,
];

/// What happened, in ids only: whoever is told of it is found when the job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Somebody likes a post.
    PostLiked {
        /// What they like.
        post_id: Uuid,
        /// Who.
        actor_id: Uuid,
    },
    /// Somebody likes a comment.
    CommentLiked {
        /// What they like.
        comment_id: Uuid,
        /// Who.
        actor_id: Uuid,
    },
    /// Somebody commented on a post, perhaps in reply, perhaps mentioning people.
    Commented {
        /// What they said.
        comment_id: Uuid,
    },
    /// A post was published, whose caption may mention people.
    Captioned {
        /// The post.
        post_id: Uuid,
    },
    /// The caption of a published post was changed, and mentions somebody whom it did not mention before.
    Mentioned {
        /// The post.
        post_id: Uuid,
        /// Whom: they are told.
        account_id: Uuid,
    },
    /// Somebody follows somebody.
    Followed {
        /// Who.
        follower_id: Uuid,
        /// Whom: they are told.
        followee_id: Uuid,
    },
    /// Somebody asks to follow a private account.
    FollowRequested {
        /// Who.
        follower_id: Uuid,
        /// Whom: they are told.
        followee_id: Uuid,
    },
    /// Somebody let a person in who had asked.
    FollowAccepted {
        /// Who had asked: they are told.
        follower_id: Uuid,
        /// Who let them in.
        followee_id: Uuid,
    },
}

/// Says what happened. People are told once this transaction is committed, and those who listen to the post of a comment
/// hear of it at once.
pub(crate) async fn tell(tx: &mut Transaction<'_>, event: Event) -> Result<()> {
    if let Event::Commented { comment_id } = event {
        live::announce_comment(tx, comment_id).await?;
    }
    tx.enqueue(&Notify { event }).await
}
