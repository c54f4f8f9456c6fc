//! Commenting.

use darkroom_entity::post::{self, Commenters};
use darkroom_entity::{comment, comment_mention};
use sea_orm::{ActiveValue::Set, EntityTrait};
use uuid::Uuid;

use super::mention::mentioned;
use super::{count_replies, visible_in};
use crate::app::App;
use crate::error::{Error, Problem, Result, reject_if_any};
use crate::follow::{self, FollowState};
use crate::notification::{self, Event};
use crate::ranking::{self, Signal};
use crate::session::Viewer;
use crate::{post as posts, text};

/// What somebody wants to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewComment {
    /// Below which post: one that they may see.
    pub post_id: Uuid,
    /// 1 to `limits.comment_max_chars` characters.
    pub text: String,
    /// Which comment it answers: one below the same post. It joins that one's thread.
    pub reply_to_id: Option<Uuid>,
}

/// Adds a comment.
///
/// # Errors
/// Not found is a post or a comment that the viewer may not see; forbidden a post whose author lets others comment only.
pub async fn add(app: &App, viewer: &Viewer, new: NewComment) -> Result<comment::Model> {
    if let Some(id) = app.done_before() {
        return visible_in(app.rows(), viewer, id).await;
    }
    let text = checked_text(app, &new.text)?;
    let post = posts::visible_in(app.rows(), viewer, new.post_id).await?;
    may_comment(app, viewer, &post).await?;
    let thread_id = match new.reply_to_id {
        Some(id) => Some(thread_of(app, viewer, post.id, id).await?),
        None => None,
    };
    // Before the transaction: on SQLite every writer waits for its end.
    let people = mentioned(app, viewer.id(), post.id, &text).await?;

    let mut tx = app.begin().await?;
    let row = comment::Model {
        id: app.clock.new_id(),
        post_id: post.id,
        author_id: viewer.id(),
        thread_id,
        reply_to_id: new.reply_to_id,
        text,
        like_count: 0,
        reply_count: 0,
        pinned_at: None,
        created_at: app.clock.now(),
    };
    comment::Entity::insert(comment::ActiveModel::from(row.clone())).exec_without_returning(tx.rows()).await?;
    if !people.is_empty() {
        let rows = people.into_iter().enumerate().map(|(position, account_id)| comment_mention::ActiveModel {
            comment_id: Set(row.id),
            account_id: Set(account_id),
            position: Set(position as i32),
        });
        comment_mention::Entity::insert_many(rows).exec_without_returning(tx.rows()).await?;
    }
    notification::tell(&mut tx, Event::Commented { comment_id: row.id }).await?;
    ranking::note_post(&tx, viewer, Signal::Commented, post.id).await?;
    if let Some(thread_id) = thread_id
        && !count_replies(&tx, thread_id, 1).await?
    {
        return Err(not_answerable());
    }
    posts::count(&tx, viewer, post.id, post::Column::CommentCount, 1).await?;
    tx.outcome(row.id);
    tx.commit().await?;
    Ok(row)
}

fn checked_text(app: &App, text: &str) -> Result<String> {
    let mut problems = Vec::new();
    let text = text::clean("text", text, app.config.limits.comment_max_chars, &mut problems);
    if text.is_empty() {
        problems.push(Problem::invalid("text", "A comment holds at least one character."));
    }
    reject_if_any(problems)?;
    Ok(text)
}

/// Whether the post's author lets the viewer comment.
async fn may_comment(app: &App, viewer: &Viewer, post: &post::Model) -> Result<()> {
    if post.author_id == viewer.id() {
        return Ok(());
    }
    match post.commenters {
        Commenters::Everyone => Ok(()),
        Commenters::Followers => {
            let states = follow::states(app, viewer.id(), &[post.author_id]).await?;
            match states.get(&post.author_id) {
                Some(FollowState::Following) => Ok(()),
                _ => Err(Error::forbidden("postId", "Only its author's followers may comment on it.")),
            }
        }
        Commenters::Nobody => Err(Error::forbidden("postId", "Its author has turned comments off.")),
    }
}

/// The thread that an answer to this comment joins.
async fn thread_of(app: &App, viewer: &Viewer, post_id: Uuid, answered: Uuid) -> Result<Uuid> {
    let answered = match visible_in(app.rows(), viewer, answered).await {
        Ok(row) if row.post_id == post_id => row,
        Ok(_) => return Err(not_answerable()),
        Err(error) if error.is_not_found() => return Err(not_answerable()),
        Err(error) => return Err(error),
    };
    Ok(answered.thread_id.unwrap_or(answered.id))
}

fn not_answerable() -> Error {
    Error::not_found("replyToId", "comment")
}
