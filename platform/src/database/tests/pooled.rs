//! Behind a pooler of transactions: nothing is left with a connection, and everything that was set on it is set anew. On
//! PostgreSQL itself, where what would be left can be looked for.

use super::*;

/// A database of one connection, which believes that a pooler is in between, with this time-out of statements; `None` without
/// PostgreSQL.
async fn pooled(folder: &Path, statement_ms: &str, direct: bool) -> Option<Database> {
    let url = std::env::var("DARKROOM_TEST_DATABASE_URL").ok()?;
    let mut pairs = vec![
        ("DARKROOM_DATABASE_URL", url.as_str()),
        ("DARKROOM_DATABASE_POOLER", "transaction"),
        ("DARKROOM_DATABASE_MAX_CONNECTIONS", "1"),
        ("DARKROOM_DATABASE_STATEMENT_TIMEOUT_MS", statement_ms),
        ("DARKROOM_SECRET", "0123456789abcdef0123456789abcdef"),
    ];
    if direct {
        pairs.push(("DARKROOM_DATABASE_DIRECT_URL", url.as_str()));
    }
    Some(Database::connect(&config(folder, &pairs)).await.unwrap())
}

fn statement(sql: &str) -> Statement {
    Statement::from_string(sea_orm::DbBackend::Postgres, sql.to_owned())
}

#[tokio::test]
async fn statements_leave_nothing_behind_and_are_cancelled_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let Some(database) = pooled(folder.path(), "500", false).await else { return };
    let rows = database.connection();
    assert_eq!(text(rows, "SHOW statement_timeout").await, "500ms");
    assert_eq!(text(rows, "SHOW idle_in_transaction_session_timeout").await, "1s");
    assert_eq!(text(rows, "SELECT COUNT(*) FROM pg_prepared_statements").await, "0", "none has a name");
    let transaction = database.begin().await.unwrap();
    assert_eq!(text(&transaction, "SHOW statement_timeout").await, "500ms");
    assert_eq!(text(&transaction, "SELECT COUNT(*) FROM pg_prepared_statements").await, "0");
    transaction.commit().await.unwrap();

    let slow =
        tokio::time::timeout(Duration::from_secs(5), rows.query_all_raw(statement("SELECT COUNT(*) FROM pg_sleep(3)")));
    assert!(slow.await.expect("cancelled by the server").is_err());
    assert_eq!(text(rows, "SELECT 'still there'").await, "still there", "after an error the transaction is over");
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_statement_that_stands_alone_is_committed_and_one_that_fails_or_is_given_up_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let Some(database) = pooled(folder.path(), "5000", false).await else { return };
    let rows = database.connection();
    // Statements without values are not wrapped: it is there as long as the one connection.
    rows.execute_unprepared("CREATE TEMPORARY TABLE mark (n BIGINT PRIMARY KEY)").await.unwrap();
    rows.execute_raw(statement("INSERT INTO mark VALUES (1)")).await.unwrap();
    assert!(rows.execute_raw(statement("INSERT INTO mark VALUES (2), (1)")).await.is_err());
    let written = rows.query_one_raw(statement("INSERT INTO mark VALUES (3) RETURNING n")).await.unwrap();
    assert_eq!(written.unwrap().try_get_by_index::<i64>(0).unwrap(), 3);
    let long = statement("INSERT INTO mark SELECT 4 FROM pg_sleep(0.5)");
    let given_up = tokio::time::timeout(Duration::from_millis(20), rows.execute_raw(long)).await;
    assert!(given_up.is_err(), "it takes longer than that");
    assert_eq!(text(rows, "SELECT string_agg(n::text, ',' ORDER BY n) FROM mark").await, "1,3");
    database.close().await.unwrap();
}

#[tokio::test]
async fn what_needs_a_session_goes_past_the_pooler_or_says_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let Some(database) = pooled(folder.path(), "5000", false).await else { return };
    for refused in [database.migrate().await.unwrap_err(), database.snapshot().await.map(drop).unwrap_err()] {
        assert!(refused.to_string().contains("DARKROOM_DATABASE_DIRECT_URL"), "{refused}");
    }
    database.pending_migrations().await.expect("to read them takes no session");
    database.close().await.unwrap();

    let Some(database) = pooled(folder.path(), "5000", true).await else { return };
    database.snapshot().await.unwrap().close().await.unwrap();
    database.close().await.unwrap();
}
