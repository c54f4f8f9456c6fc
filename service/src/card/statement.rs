//! The statement of a feed's page: built once for each number of posts, and filled for each page.
//!
//! Building it anew took a tenth of the server's time for a page: some hundred conditions are copied, and three kilobytes of
//! text are put together, in which nothing but values is different from the last time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use darkroom_entity::{account, post};
use sea_orm::sea_query::{Expr, Value, Values};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select, Statement,
};
use uuid::Uuid;

use super::{AUTHOR, marks};
use crate::app::App;
use crate::session::Proof;
use crate::visibility;

/// Statements for more posts are not kept: nobody asks for as many often.
const MOST: usize = 64;

/// Statements that are kept: by the number of posts, by whether they bring along a proof, for somebody whose feed is
/// personalised or not, and by whose posts are asked for.
#[derive(Default)]
pub(crate) struct Statements(Mutex<HashMap<Form, Arc<Template>>>);

type Form = (usize, Option<bool>, Among);

/// Whose posts are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Among {
    /// Anybody's: of each author it is asked how the viewer stands to them.
    Anybody,
    /// Those of people who are known to stand in the viewer's feed, if the proof holds.
    Known,
}

/// The query for those of these posts that stand in the viewer's feed.
pub(super) fn among(viewer: Uuid, ids: &[Uuid], among: Among) -> Select<post::Entity> {
    let posts = post::Entity::find().filter(post::Column::Id.is_in(ids.iter().copied()));
    match among {
        Among::Anybody => posts.filter(visibility::feed_among(viewer)),
        Among::Known => {
            let suspended_at = visibility::Column::of(AUTHOR, account::Column::SuspendedAt);
            posts.filter(visibility::feed_of_known(viewer, &suspended_at))
        }
    }
}

/// What [`marks`] are asked of [`among`] by.
pub(super) fn of_feed(app: &App, viewer: Uuid, ids: &[Uuid], proof: Option<&Proof>, whose: Among) -> Statement {
    let backend = app.rows().get_database_backend();
    if ids.is_empty() || ids.len() > MOST {
        return build(backend, viewer, ids, proof, whose);
    }
    let template = app.statements.of((ids.len(), proof.map(|proof| proof.reader.is_personalised), whose), backend);
    let filled = template.fill(backend, &values(viewer, ids, proof));
    // So each test that reads a feed compares them.
    debug_assert_eq!(filled, build(backend, viewer, ids, proof, whose));
    filled
}

fn build(backend: DbBackend, viewer: Uuid, ids: &[Uuid], proof: Option<&Proof>, whose: Among) -> Statement {
    let query = marks(viewer, among(viewer, ids, whose), proof);
    // In tests the database says of each row, at the same moment, what it would have said had it been asked.
    let query = if cfg!(debug_assertions) && whose == Among::Known {
        query.expr_as(Expr::from(visibility::feed_among(viewer)), CHECK)
    } else {
        query
    };
    query.build(backend)
}

/// A column that tells whether what is known is so.
pub(super) const CHECK: &str = "is_so";

/// Everything in the statement that differs from page to page.
fn values(viewer: Uuid, ids: &[Uuid], proof: Option<&Proof>) -> Vec<Value> {
    let mut values = Vec::with_capacity(ids.len() + 7);
    values.push(viewer.into());
    values.extend(ids.iter().map(|id| Value::from(*id)));
    values.extend(proof.into_iter().flat_map(Proof::values));
    values
}

impl Statements {
    fn of(&self, form: Form, backend: DbBackend) -> Arc<Template> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(kept.entry(form).or_insert_with(|| Arc::new(Template::of_feed(form, backend))))
    }
}

/// A statement with places to be filled.
struct Template {
    sql: String,
    values: Vec<Value>,
    /// Places among its values, and which of those that are given goes there.
    places: Vec<(usize, usize)>,
}

impl Template {
    fn of_feed((posts, personalised, whose): Form, backend: DbBackend) -> Self {
        // Values that nothing else in the statement has.
        let viewer = Uuid::from_u128(u128::MAX - 1);
        let ids: Vec<Uuid> = (0..posts as u128).map(|at| Uuid::from_u128(u128::MAX - 2 - at)).collect();
        let proof = personalised.map(Proof::blank);
        let statement = build(backend, viewer, &ids, proof.as_ref(), whose);
        Self::new(statement, &values(viewer, &ids, proof.as_ref()))
    }

    /// `blanks` stand where values are to be filled in, in the order in which these will be given. Each is unlike the others.
    fn new(statement: Statement, blanks: &[Value]) -> Self {
        let values = statement.values.map(|Values(values)| values).unwrap_or_default();
        let place = |(at, value)| Some((at, blanks.iter().position(|blank| blank == value)?));
        let places = values.iter().enumerate().filter_map(place).collect();
        Self { sql: statement.sql, values, places }
    }

    fn fill(&self, db_backend: DbBackend, given: &[Value]) -> Statement {
        let mut values = self.values.clone();
        for (at, which) in &self.places {
            values[*at] = given[*which].clone();
        }
        Statement { sql: self.sql.clone(), values: Some(Values(values)), db_backend }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::session::Reader;

    #[test]
    fn a_filled_statement_is_the_one_that_would_be_built() {
        for backend in [DbBackend::Postgres, DbBackend::Sqlite] {
            let forms = [None, Some(false), Some(true)].into_iter().flat_map(|personalised| {
                [Among::Anybody, Among::Known].into_iter().map(move |whose| (personalised, whose))
            });
            for (personalised, whose) in forms {
                for posts in [1, 21, MOST] {
                    let template = Template::of_feed((posts, personalised, whose), backend);
                    for _ in 0..3 {
                        let viewer = Uuid::new_v4();
                        let ids: Vec<Uuid> = (0..posts).map(|_| Uuid::new_v4()).collect();
                        let proof = personalised.map(|is_personalised| Proof {
                            token_hash: viewer.as_bytes().to_vec(),
                            now: DateTime::UNIX_EPOCH,
                            reader: Reader {
                                account_id: viewer,
                                timeline_epoch: 3,
                                is_personalised,
                                setting_revision: 3,
                                circle_revision: 5,
                                post_count: 1,
                            },
                        });
                        let filled = template.fill(backend, &values(viewer, &ids, proof.as_ref()));
                        assert_eq!(filled, build(backend, viewer, &ids, proof.as_ref(), whose));
                    }
                }
            }
        }
    }
}
