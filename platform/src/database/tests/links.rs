//! Connections are used again, mended, bounded and closed.

use std::future::Future;

use super::*;

/// Something that takes a while, whatever the engine, and can't be mistaken for an idle connection.
fn slow(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => {
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 2000000) SELECT COUNT(*) FROM c"
        }
        Engine::Postgres => "SELECT COUNT(*) FROM pg_sleep(0.5)",
    }
}

/// One connection, which is waited for until what is slow has ended, on however busy a machine.
const ALONE: [(&str, &str); 2] =
    [("DARKROOM_DATABASE_MAX_CONNECTIONS", "1"), ("DARKROOM_DATABASE_ACQUIRE_TIMEOUT_MS", "60000")];

/// Runs the test on SQLite, and on PostgreSQL if there is one.
async fn on_both<F, T>(more: &[(&str, &str)], test: F)
where
    F: Fn(Database) -> T,
    T: Future<Output = ()>,
{
    let folder = tempfile::tempdir().unwrap();
    test(Database::connect(&config(folder.path(), more)).await.unwrap()).await;
    let Ok(url) = std::env::var("DARKROOM_TEST_DATABASE_URL") else { return };
    let secret = ("DARKROOM_SECRET", "0123456789abcdef0123456789abcdef");
    let more: Vec<_> = more.iter().copied().chain([("DARKROOM_DATABASE_URL", url.as_str()), secret]).collect();
    test(Database::connect(&config(folder.path(), &more)).await.unwrap()).await;
}

/// Seen by the connection that made it and by no other.
async fn mark(database: &Database) {
    database.connection().execute_unprepared("CREATE TEMPORARY TABLE mark (n BIGINT)").await.unwrap();
}

async fn is_marked(database: &Database) -> bool {
    database.connection().execute_unprepared("SELECT n FROM mark").await.is_ok()
}

#[tokio::test]
async fn a_connection_is_used_again_also_after_an_error_and_a_transaction() {
    on_both(&[], async |database| {
        mark(&database).await;
        assert!(is_marked(&database).await);
        let refused = database.connection().execute_unprepared("SELECT nothing FROM nowhere").await;
        assert!(matches!(refused, Err(DbErr::Exec(_))), "{refused:?}");
        assert!(is_marked(&database).await);
        database.begin().await.unwrap().commit().await.unwrap();
        assert!(is_marked(&database).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_was_given_up_leaves_its_connection_usable() {
    on_both(&ALONE, async |database| {
        mark(&database).await;
        let statement = Statement::from_string(database.connection().get_database_backend(), slow(database.engine()));
        let given_up =
            tokio::time::timeout(Duration::from_millis(20), database.connection().query_all_raw(statement)).await;
        assert!(given_up.is_err(), "it was too fast to be given up");
        assert!(is_marked(&database).await);
        assert_eq!(text(database.connection(), "SELECT 'mine'").await, "mine");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_was_given_up_amid_a_statement_is_undone_before_the_next_turn() {
    on_both(&ALONE, async |database| {
        database.connection().execute_unprepared("CREATE TEMPORARY TABLE given_up (n BIGINT)").await.unwrap();
        let transaction = database.begin().await.unwrap();
        transaction.execute_unprepared("INSERT INTO given_up VALUES (1)").await.unwrap();
        let statement = Statement::from_string(transaction.get_database_backend(), slow(database.engine()));
        let late = tokio::time::timeout(Duration::from_millis(20), transaction.query_all_raw(statement)).await;
        assert!(late.is_err(), "it was too fast to be given up");
        drop(transaction);
        let next = database.begin().await.unwrap();
        assert_eq!(text(&next, "SELECT COUNT(*) FROM given_up").await, "0");
        next.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn no_more_connections_are_taken_than_allowed() {
    // Long enough to open the first connection on a machine that is busy with other tests.
    let settings = [("DARKROOM_DATABASE_MAX_CONNECTIONS", "1"), ("DARKROOM_DATABASE_ACQUIRE_TIMEOUT_MS", "2000")];
    on_both(&settings, async |database| {
        let only = database.begin().await.unwrap();
        let refused = database.connection().execute_unprepared("SELECT 1").await.unwrap_err();
        assert!(matches!(refused, DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)), "{refused}");
        only.rollback().await.unwrap();
        database.connection().execute_unprepared("SELECT 1").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn closing_waits_for_what_runs_and_lets_nobody_in() {
    on_both(&[], async |database| {
        let last = database.begin().await.unwrap();
        let closing = tokio::spawn({
            let database = database.clone();
            async move { database.close().await }
        });
        let mut refused = database.connection().execute_unprepared("SELECT 1").await;
        while refused.is_ok() {
            tokio::task::yield_now().await;
            refused = database.connection().execute_unprepared("SELECT 1").await;
        }
        assert!(matches!(refused, Err(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))), "{refused:?}");
        assert!(!closing.is_finished());
        last.execute_unprepared("SELECT 1").await.unwrap();
        last.commit().await.unwrap();
        closing.await.unwrap().unwrap();
        database.close().await.unwrap();
        assert!(database.begin().await.is_err());
    })
    .await;
}

#[tokio::test]
async fn connections_that_the_server_has_ended_are_replaced() {
    let Ok(url) = std::env::var("DARKROOM_TEST_DATABASE_URL") else { return };
    let folder = tempfile::tempdir().unwrap();
    let settings = [("DARKROOM_DATABASE_URL", url.as_str()), ("DARKROOM_SECRET", "0123456789abcdef0123456789abcdef")];
    let config = config(folder.path(), &settings);
    let (database, other) = (Database::connect(&config).await.unwrap(), Database::connect(&config).await.unwrap());
    // Three connections idle.
    let three = [database.begin().await.unwrap(), database.begin().await.unwrap(), database.begin().await.unwrap()];
    let mut ended = Vec::new();
    for one in three {
        ended.push(text(&one, "SELECT pg_backend_pid()::bigint").await);
        one.commit().await.unwrap();
    }
    for pid in ended {
        other.connection().execute_unprepared(&format!("SELECT pg_terminate_backend({pid}, 5000)")).await.unwrap();
    }
    // The first one to be used tells of all.
    assert!(database.connection().execute_unprepared("SELECT 1").await.is_err());
    assert_eq!(text(database.connection(), "SELECT 'back'").await, "back");
}
