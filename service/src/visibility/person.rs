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
    /// Of a table by another name.
    pub(crate) fn of(table: impl IntoIden, column: impl IntoIden) -> Self {
        Self(table.into_iden(), column.into_iden())
    }

    pub(super) fn expr(&self) -> Expr {
        Expr::col((self.0.clone(), self.1.clone()))
    }
}

/// The id of whoever looks: a value, or a column in which the query has many of them. Signed out: `None`.
pub(super) type Looker = Option<Expr>;

/// One person who looks.
pub(super) fn looker(viewer: Option<Uuid>) -> Looker {
    viewer.map(Expr::value)
}

/// Accounts whose name, picture and counts this viewer may see: not suspended, and not blocking the viewer. For queries
/// on `account`.
///
/// The viewer finds the accounts that they block themselves: nothing but the card, to know whom and to take it back.
pub fn accounts(viewer: Option<Uuid>) -> Condition {
    accounts_for(&looker(viewer))
}

/// Accounts that each of many people may see, who stand in this column. For queries on `account` and on theirs.
pub(crate) fn accounts_for_each(people: &Column) -> Condition {
    accounts_for(&Some(people.expr()))
}

fn accounts_for(looker: &Looker) -> Condition {
    let this = Column::from(account::Column::Id);
    let shown = Condition::all().add(account::Column::SuspendedAt.is_null());
    match looker {
        Some(id) => shown.add(block(this.expr(), id.clone()).not()),
        None => shown,
    }
}

/// People whose account this viewer finds by its name: as [`accounts`], for queries with a column that holds an account's
/// id. For profile pictures, and for lists of what the viewer did themselves and may take back.
pub fn cards(column: impl Into<Column>, viewer: Option<Uuid>) -> Condition {
    let column = column.into();
    let shown = standing(&column, Condition::all());
    match viewer {
        Some(viewer) => shown.add(block(column.expr(), Expr::value(viewer)).not()),
        None => shown,
    }
}

/// People in a list (likers, followers, viewers of a story …) who are shown to this viewer: not suspended, and no block
/// between them and the viewer. For queries with a column that holds an account's id.
pub fn people(column: impl Into<Column>, viewer: Option<Uuid>) -> Condition {
    reaches(&column.into(), &looker(viewer))
}

/// As [`people`], and the viewer themselves in any case.
pub(super) fn is_seen(column: &Column, looker: &Looker) -> Condition {
    match looker {
        Some(id) => Condition::any().add(column.expr().eq(id.clone())).add(reaches(column, looker)),
        None => reaches(column, looker),
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
    let looker = looker(viewer);
    if let Some(viewer) = &looker {
        open = open.add(is_followed(&id, viewer));
    }
    let row = Query::select()
        .expr(Expr::value(1))
        .from_as(account::Entity, owner.clone())
        .and_where(id.expr().eq(subject))
        .and_where(Expr::col((owner, account::Column::SuspendedAt)).is_null())
        .cond_where(open)
        .cond_where(no_block(&id, &looker))
        .to_owned();
    Condition::all().add(Expr::exists(row))
}

/// Whether what an author made for an audience is for this viewer. Not whether it is the viewer's own.
pub(super) fn audience_includes(author: &Column, audience: &Column, looker: &Looker) -> Condition {
    let is = |wanted: Audience| audience.expr().eq(wanted);
    let public = Expr::col((owner(), account::Column::IsPrivate)).eq(false);
    let mut included = Condition::any().add(Condition::all().add(is(Audience::Everyone)).add(public));
    if let Some(viewer) = looker {
        included = included
            .add(
                Condition::all()
                    .add(audience.expr().is_in([Audience::Everyone, Audience::Followers]))
                    .add(is_followed(author, viewer)),
            )
            .add(Condition::all().add(is(Audience::CloseFriends)).add(is_close_friend(author, viewer)));
    }
    standing(author, included).add(no_block(author, looker))
}

/// Whether a person is there for this viewer at all: not suspended, and no block either way. For columns that hold the id
/// of an account that is there.
///
/// It asks whether they are among the suspended, who are few and have an index of their own: asked the other way round, of
/// many authors at once, PostgreSQL reads every account.
pub(super) fn reaches(person: &Column, looker: &Looker) -> Condition {
    let suspended = Query::select()
        .expr(Expr::value(1))
        .from_as(account::Entity, owner())
        .and_where(Expr::col((owner(), account::Column::Id)).eq(person.expr()))
        .and_where(Expr::col((owner(), account::Column::SuspendedAt)).is_not_null())
        .to_owned();
    Condition::all().add(Expr::exists(suspended).not()).add(no_block(person, looker))
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

fn no_block(person: &Column, looker: &Looker) -> Condition {
    match looker {
        Some(looker) => Condition::all()
            .add(block(person.expr(), looker.clone()).not())
            .add(block(looker.clone(), person.expr()).not()),
        None => Condition::all(),
    }
}

fn block(blocker: Expr, blocked: Expr) -> Expr {
    let row = Query::select()
        .expr(Expr::value(1))
        .from(block::Entity)
        .and_where(Expr::col((block::Entity, block::Column::BlockerId)).eq(blocker))
        .and_where(Expr::col((block::Entity, block::Column::BlockedId)).eq(blocked))
        .to_owned();
    Expr::exists(row)
}

/// Whether the viewer is an accepted follower.
pub(super) fn is_followed(person: &Column, viewer: &Expr) -> Expr {
    let mine = Alias::new("mine");
    let row = Query::select()
        .expr(Expr::value(1))
        .from_as(follow::Entity, mine.clone())
        .and_where(Expr::col((mine.clone(), follow::Column::FollowerId)).eq(viewer.clone()))
        .and_where(Expr::col((mine.clone(), follow::Column::FolloweeId)).eq(person.expr()))
        .and_where(Expr::col((mine, follow::Column::State)).eq(follow::State::Accepted))
        .to_owned();
    Expr::exists(row)
}

/// Whether the viewer is on the person's list of close friends.
pub(super) fn is_close_friend(person: &Column, viewer: &Expr) -> Expr {
    let row = Query::select()
        .expr(Expr::value(1))
        .from(close_friend::Entity)
        .and_where(Expr::col((close_friend::Entity, close_friend::Column::AccountId)).eq(person.expr()))
        .and_where(Expr::col((close_friend::Entity, close_friend::Column::FriendId)).eq(viewer.clone()))
        .to_owned();
    Expr::exists(row)
}
