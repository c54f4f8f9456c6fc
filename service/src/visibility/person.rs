//! What stands between two people: suspension, blocks, follows, close friends.

use darkroom_entity::audience::Audience;
use darkroom_entity::{account, block, close_friend, follow};
use sea_orm::sea_query::{Alias, DynIden, Expr, ExprTrait, IntoIden, Query};
use sea_orm::{ColumnTrait, Condition};
use uuid::Uuid;

/// A column of the query's table, named with the table, so that it means the same inside a sub-query.
#[derive(Debug, Clone)]
pub struct Column(DynIden, DynIden);

impl<C: ColumnTrait> From<C> for Column {
    fn from(column: C) -> Self {
        let (table, column) = column.as_column_ref();
        Self(table, column)
    }
}

impl Column {
    pub(super) fn of(table: impl IntoIden, column: impl IntoIden) -> Self {
        Self(table.into_iden(), column.into_iden())
    }

    pub(super) fn expr(&self) -> Expr {
        Expr::col((self.0.clone(), self.1.clone()))
    }
}

/// Accounts whose name, picture and counts this viewer may see: not suspended, and not blocking the viewer. For queries
/// on `account`.
///
/// The viewer finds the accounts that they block themselves: nothing but the card, to know whom and to take it back.
pub fn accounts(viewer: Option<Uuid>) -> Condition {
    let this = Column::from(account::Column::Id);
    let mut shown = Condition::all().add(account::Column::SuspendedAt.is_null());
    if let Some(viewer) = viewer {
        shown = shown.add(blocks(&this, &Side::Person(viewer)).not());
    }
    shown
}

/// People whose account this viewer finds by its name: as [`accounts`], for queries with a column that holds an account's
/// id. For profile pictures, and for lists of what the viewer did themselves and may take back.
pub fn cards(column: impl Into<Column>, viewer: Option<Uuid>) -> Condition {
    let column = column.into();
    let shown = standing(&column, Condition::all());
    match viewer {
        Some(viewer) => shown.add(blocks(&column, &Side::Person(viewer)).not()),
        None => shown,
    }
}

/// People in a list (likers, followers, viewers of a story …) who are shown to this viewer: not suspended, and no block
/// between them and the viewer. For queries with a column that holds an account's id.
pub fn people(column: impl Into<Column>, viewer: Option<Uuid>) -> Condition {
    reaches(&column.into(), viewer)
}

/// As [`people`], and the viewer themselves in any case.
pub(super) fn is_seen(column: &Column, viewer: Option<Uuid>) -> Condition {
    match viewer {
        Some(viewer) => Condition::any().add(column.expr().eq(viewer)).add(reaches(column, Some(viewer))),
        None => reaches(column, None),
    }
}

/// Whether `subject`'s lists of followers and followees are open to this viewer. A condition without columns of the
/// query's own.
pub fn lists_of(subject: Uuid, viewer: Option<Uuid>) -> Condition {
    if viewer == Some(subject) {
        return Condition::all();
    }
    let owner = Alias::new("owner");
    let id = Column::of(owner.clone(), account::Column::Id);
    let mut open = Condition::any().add(Expr::col((owner.clone(), account::Column::IsPrivate)).eq(false));
    if let Some(viewer) = viewer {
        open = open.add(is_followed(&id, viewer));
    }
    let row = Query::select()
        .expr(Expr::value(1))
        .from_as(account::Entity, owner.clone())
        .and_where(id.expr().eq(subject))
        .and_where(Expr::col((owner, account::Column::SuspendedAt)).is_null())
        .cond_where(open)
        .cond_where(no_block(&id, viewer))
        .to_owned();
    Condition::all().add(Expr::exists(row))
}

/// Whether what an author made for an audience is for this viewer. Not whether it is the viewer's own.
pub(super) fn audience_includes(author: &Column, audience: &Column, viewer: Option<Uuid>) -> Condition {
    let is = |wanted: Audience| audience.expr().eq(wanted);
    let public = Expr::col((owner(), account::Column::IsPrivate)).eq(false);
    let mut included = Condition::any().add(Condition::all().add(is(Audience::Everyone)).add(public));
    if let Some(viewer) = viewer {
        included = included
            .add(
                Condition::all()
                    .add(audience.expr().is_in([Audience::Everyone, Audience::Followers]))
                    .add(is_followed(author, viewer)),
            )
            .add(Condition::all().add(is(Audience::CloseFriends)).add(is_close_friend(author, viewer)));
    }
    standing(author, included).add(no_block(author, viewer))
}

/// Whether a person is there for this viewer at all: not suspended, and no block either way. For columns that hold the id
/// of an account that is there.
///
/// It asks whether they are among the suspended, who are few and have an index of their own: asked the other way round, of
/// many authors at once, PostgreSQL reads every account.
pub(super) fn reaches(person: &Column, viewer: Option<Uuid>) -> Condition {
    let suspended = Query::select()
        .expr(Expr::value(1))
        .from_as(account::Entity, owner())
        .and_where(Expr::col((owner(), account::Column::Id)).eq(person.expr()))
        .and_where(Expr::col((owner(), account::Column::SuspendedAt)).is_not_null())
        .to_owned();
    Condition::all().add(Expr::exists(suspended).not()).add(no_block(person, viewer))
}

/// A person who is not suspended and for whose account (as `owner`) something holds.
fn standing(person: &Column, holds: Condition) -> Condition {
    let row = Query::select()
        .expr(Expr::value(1))
        .from_as(account::Entity, owner())
        .and_where(Expr::col((owner(), account::Column::Id)).eq(person.expr()))
        .and_where(Expr::col((owner(), account::Column::SuspendedAt)).is_null())
        .cond_where(holds)
        .to_owned();
    Condition::all().add(Expr::exists(row))
}

/// The account in a sub-query: the query around it may be on `account` too.
fn owner() -> Alias {
    Alias::new("owner")
}

fn no_block(person: &Column, viewer: Option<Uuid>) -> Condition {
    match viewer {
        Some(viewer) => {
            let (person, viewer) = (Side::Column(person.clone()), Side::Person(viewer));
            Condition::all().add(block(&person, &viewer).not()).add(block(&viewer, &person).not())
        }
        None => Condition::all(),
    }
}

/// One end of a block.
enum Side {
    Column(Column),
    Person(Uuid),
}

impl Side {
    fn expr(&self) -> Expr {
        match self {
            Self::Column(column) => column.expr(),
            Self::Person(id) => Expr::value(*id),
        }
    }
}

fn blocks(blocker: &Column, blocked: &Side) -> Expr {
    block(&Side::Column(blocker.clone()), blocked)
}

fn block(blocker: &Side, blocked: &Side) -> Expr {
    let row = Query::select()
        .expr(Expr::value(1))
        .from(block::Entity)
        .and_where(Expr::col((block::Entity, block::Column::BlockerId)).eq(blocker.expr()))
        .and_where(Expr::col((block::Entity, block::Column::BlockedId)).eq(blocked.expr()))
        .to_owned();
    Expr::exists(row)
}

/// Whether the viewer is an accepted follower.
fn is_followed(person: &Column, viewer: Uuid) -> Expr {
    let mine = Alias::new("mine");
    let row = Query::select()
        .expr(Expr::value(1))
        .from_as(follow::Entity, mine.clone())
        .and_where(Expr::col((mine.clone(), follow::Column::FollowerId)).eq(viewer))
        .and_where(Expr::col((mine.clone(), follow::Column::FolloweeId)).eq(person.expr()))
        .and_where(Expr::col((mine, follow::Column::State)).eq(follow::State::Accepted))
        .to_owned();
    Expr::exists(row)
}

/// Whether the viewer is on the person's list of close friends.
pub(super) fn is_close_friend(person: &Column, viewer: Uuid) -> Expr {
    let row = Query::select()
        .expr(Expr::value(1))
        .from(close_friend::Entity)
        .and_where(Expr::col((close_friend::Entity, close_friend::Column::AccountId)).eq(person.expr()))
        .and_where(Expr::col((close_friend::Entity, close_friend::Column::FriendId)).eq(viewer))
        .to_owned();
    Expr::exists(row)
}
