//! Every query of the product finds its rows by an index, on both engines, with 10⁵ rows in each table that grows.

use std::collections::BTreeMap;

use darkroom_testing::{Mode, TestApp, mode};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Values};

mod crowd;
mod tour;

#[tokio::test]
async fn every_query_uses_an_index() {
    // What is measured is asked of the database too.
    darkroom_platform::metrics::enable();
    let app = TestApp::start().await;
    let guest = tour::Guest::arrive(&app).await;
    let large = crowd::fill(&app, &guest).await;
    app.statements.start();
    guest.tour(&app).await;
    let asked = app.statements.stop();

    let mut distinct: BTreeMap<String, Option<Values>> = BTreeMap::new();
    for statement in asked {
        distinct.entry(statement.sql).or_insert(statement.values);
    }
    assert!(distinct.len() > 30, "the tour saw {} queries", distinct.len());
    let mut scans = Vec::new();
    for (sql, values) in distinct {
        let scanned = scanned_tables(&app, &sql, values).await;
        // Not sub-queries' rows, and not tables that stay small.
        let scanned = scanned.into_iter().filter(|table| large.contains(&table.as_str()));
        scans.extend(scanned.map(|table| format!("{table}: {sql}")));
    }
    assert!(scans.is_empty(), "{} queries read whole tables:\n{}", scans.len(), scans.join("\n"));
    app.abandon().await;
}

/// The tables that a statement would read from end to end.
async fn scanned_tables(app: &TestApp, sql: &str, values: Option<Values>) -> Vec<String> {
    let rows = app.app.rows();
    let backend = rows.get_database_backend();
    let verb = sql.split_whitespace().next().unwrap_or_default();
    if !matches!(verb, "SELECT" | "UPDATE" | "DELETE" | "WITH") {
        return Vec::new();
    }
    let explain = match backend {
        DbBackend::Sqlite => format!("EXPLAIN QUERY PLAN {sql}"),
        _ => format!("EXPLAIN (FORMAT TEXT) {sql}"),
    };
    let statement = Statement { sql: explain, values, db_backend: backend };
    let lines = rows.query_all_raw(statement).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
    let column = if mode() == Mode::Embedded { "detail" } else { "QUERY PLAN" };
    let lines = lines.iter().map(|row| row.try_get::<String>("", column).unwrap());
    lines.filter_map(|line| scanned_table(&line)).collect()
}

/// The table that a line of a plan reads from end to end. SQLite: `SCAN post`, but not `SCAN post USING … INDEX`, nor of a
/// sub-query's rows; PostgreSQL: `Seq Scan on post`.
fn scanned_table(line: &str) -> Option<String> {
    let line = line.trim_start_matches([' ', '-', '>']);
    let name = match line.strip_prefix("SCAN ") {
        Some(rest) if rest.contains("USING") || rest.starts_with('(') || rest.contains("CONSTANT ROW") => return None,
        Some(rest) => rest,
        None => line.strip_prefix("Parallel ").unwrap_or(line).strip_prefix("Seq Scan on ")?,
    };
    Some(name.split_whitespace().next()?.trim_matches('"').to_owned())
}

#[test]
fn plans_are_read_as_they_are_meant() {
    assert_eq!(scanned_table("SCAN post").as_deref(), Some("post"));
    assert_eq!(scanned_table("SCAN post USING COVERING INDEX post_author_id"), None);
    assert_eq!(scanned_table("SEARCH post USING INDEX post_author_id (author_id=?)"), None);
    assert_eq!(scanned_table("  ->  Seq Scan on post  (cost=0.00..1.10 rows=10 width=4)").as_deref(), Some("post"));
    assert_eq!(scanned_table("  ->  Parallel Seq Scan on \"post\"  (cost=0)").as_deref(), Some("post"));
    assert_eq!(scanned_table("Index Scan using post_pkey on post  (cost=0)"), None);
}
