//! What people are told, and by whose doings.

use darkroom_entity::{account, comment, mute, notification, post};
use sea_orm::Condition;
use sea_orm::sea_query::{Alias, DynIden, Expr, ExprTrait, IntoIden, Query};
use uuid::Uuid;

use super::person::{Column, looker, reaches};
use super::{comments, not_muted, posts};

/// Notifications that are shown to this person: their own, of what still is so, by people and about things that they see.
/// For queries in which `row` names the table `notification`.
pub fn notifications(row: impl IntoIden, recipient: Uuid) -> Condition {
    let row: DynIden = row.into_iden();
    let of = |column: notification::Column| Column::of(row.clone(), column);
    let about_comment = Query::select()
        .expr(Expr::value(1))
        .from(comment::Entity)
        .and_where(Expr::col((comment::Entity, comment::Column::Id)).eq(of(notification::Column::CommentId).expr()))
        .cond_where(comments(Some(recipient)))
        .to_owned();
    let about_post = Query::select()
        .expr(Expr::value(1))
        .from(post::Entity)
        .and_where(Expr::col((post::Entity, post::Column::Id)).eq(of(notification::Column::PostId).expr()))
        .cond_where(posts(Some(recipient)))
        .to_owned();
    // Whoever sees a comment sees its post.
    let about_no_comment = Condition::all()
        .add(of(notification::Column::CommentId).expr().is_null())
        .add(Condition::any().add(of(notification::Column::PostId).expr().is_null()).add(Expr::exists(about_post)));
    Condition::all()
        .add(of(notification::Column::RecipientId).expr().eq(recipient))
        .add(of(notification::Column::WithdrawnAt).expr().is_null())
        .add(reaches(&of(notification::Column::ActorId), &looker(Some(recipient))))
        .add(Condition::any().add(about_no_comment).add(Expr::exists(about_comment)))
}

/// People by whose doings this person can be told something at all: neither is suspended, no block stands between them,
/// and the person did not mute their posts. For queries on `account`.
///
/// A mute counts when something happens: what was told before it stays in the list.
pub fn senders(recipient: Uuid) -> Condition {
    let sender = Column::from(account::Column::Id);
    let addressee = Alias::new("addressee");
    let is_there = Query::select()
        .expr(Expr::value(1))
        .from_as(account::Entity, addressee.clone())
        .and_where(Expr::col((addressee.clone(), account::Column::Id)).eq(recipient))
        .and_where(Expr::col((addressee, account::Column::SuspendedAt)).is_null())
        .to_owned();
    reaches(&sender, &looker(Some(recipient)))
        .add(not_muted(&sender, recipient, mute::Column::Posts))
        .add(Expr::exists(is_there))
}
