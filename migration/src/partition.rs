//! Tables in parts, on PostgreSQL and for those who ask for it: posts by month, likes by what is liked, jobs by queue
//! (decision 0030).
//!
//! This is no change of the list: a database with parts and one without have the same columns, and every change runs on both.
//! Of a change to these tables that means: a unique key has the column that parts are made by (`id`; `post_id` or
//! `comment_id`; `queue`), and storage parameters are set on the parts. To do it again, or the other way, is to restore a
//! backup into a database without parts.

mod month;
mod table;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};

pub use month::{Month, make, missing};
use table::Table;

/// Parts of likes: each keeps its indexes small, and is vacuumed by itself.
const LIKES: u32 = 16;

/// Queues whose jobs lie apart; those of any other lie together.
const QUEUES: [&str; 3] = ["interactive", "fanout", "bulk"];

/// How a table is parted.
#[derive(Debug, Clone, Copy)]
enum By {
    /// By the time in the id, which is a `UUIDv7`.
    Month,
    /// By this column's hash.
    Hash(&'static str),
    /// By the queue.
    Queue,
}

const TABLES: [(&str, By); 4] = [
    ("post", By::Month),
    ("post_like", By::Hash("post_id")),
    ("comment_like", By::Hash("comment_id")),
    ("job", By::Queue),
];

/// Parts those tables that are still in one piece, and says which these were: none the second time. Posts stay where they are,
/// as the first part; likes and jobs are copied. Run it in a transaction, which keeps everybody else out of these tables until
/// it ends.
///
/// # Errors
/// On SQLite; when the tables are not there, when somebody else holds them for longer than ten seconds, or when a post is from a
/// month that has not come.
pub async fn partition(rows: &impl ConnectionTrait) -> Result<Vec<&'static str>, DbErr> {
    if rows.get_database_backend() != DbBackend::Postgres {
        return Err(DbErr::Custom("only PostgreSQL keeps tables in parts; this database is a file".to_owned()));
    }
    run(rows, "SET LOCAL lock_timeout = '10s'").await?;
    let names = TABLES.map(|(name, _)| name).join(", ");
    run(rows, &format!("LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")).await?;
    let mut made = Vec::new();
    for (name, by) in TABLES {
        let Some(table) = Table::in_one_piece(rows, name).await? else { continue };
        table.set_aside(rows).await?;
        match by {
            By::Month => months(rows, &table).await?,
            By::Hash(column) => hashes(rows, &table, column).await?,
            By::Queue => queues(rows, &table).await?,
        }
        table.refer_again(rows).await?;
        made.push(name);
    }
    make(rows, &missing(rows).await?).await?;
    if !made.is_empty() {
        // PostgreSQL never does so by itself for a table in parts.
        run(rows, &format!("ANALYZE {}", made.join(", "))).await?;
    }
    Ok(made)
}

/// What is there is the part until the end of this month: nothing of it is written anew.
async fn months(rows: &impl ConnectionTrait, table: &Table) -> Result<(), DbErr> {
    let (name, before, end) = (table.name(), table.before(), month::next(rows).await?);
    let later = format!("SELECT id::text AS text FROM {before} WHERE id >= '{end}' ORDER BY id LIMIT 1");
    if let Some(id) = query(rows, &later).await?.first() {
        let id: String = id.try_get("", "text")?;
        let told = format!("the {name} {id} is from a month that has not come, so nothing was changed");
        return Err(DbErr::Custom(told));
    }
    table.create(rows, "RANGE (id)").await?;
    // Before the part is attached, which brings what is equal to these with it.
    table.complete(rows, None).await?;
    run(rows, &format!("ALTER TABLE {name} ATTACH PARTITION {before} FOR VALUES FROM (MINVALUE) TO ('{end}')")).await?;
    // Whatever month it is, and whoever forgot to make its part.
    run(rows, &format!("CREATE TABLE {name}_default PARTITION OF {name} DEFAULT")).await
}

async fn hashes(rows: &impl ConnectionTrait, table: &Table, column: &str) -> Result<(), DbErr> {
    table.create(rows, &format!("HASH ({column})")).await?;
    for at in 0..LIKES {
        table.part(rows, &at.to_string(), &format!("FOR VALUES WITH (MODULUS {LIKES}, REMAINDER {at})")).await?;
    }
    table.move_rows(rows).await?;
    table.complete(rows, None).await
}

/// A job's name fixes its queue and its unique key begins with its name: the key is as unique with its queue as alone.
async fn queues(rows: &impl ConnectionTrait, table: &Table) -> Result<(), DbErr> {
    table.create(rows, "LIST (queue)").await?;
    for queue in QUEUES {
        table.part(rows, queue, &format!("FOR VALUES IN ('{queue}')")).await?;
    }
    table.part(rows, "default", "DEFAULT").await?;
    table.move_rows(rows).await?;
    table.complete(rows, Some("queue")).await
}

async fn run(rows: &impl ConnectionTrait, sql: &str) -> Result<(), DbErr> {
    rows.execute_unprepared(sql).await.map(drop)
}

async fn query(rows: &impl ConnectionTrait, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
    rows.query_all_raw(Statement::from_string(rows.get_database_backend(), sql)).await
}
