#![allow(clippy::unwrap_used, clippy::expect_used)]

mod links;
mod pooled;

use std::path::Path;
use std::time::Duration;

use sea_orm::{ConnectionTrait, FromQueryResult, Statement};
use tokio::task::JoinSet;

use super::*;
use crate::config::Role;

fn config(data_dir: &Path, more: &[(&str, &str)]) -> Config {
    let mut env = vec![("DARKROOM_DATA_DIR".to_owned(), data_dir.to_str().unwrap().to_owned())];
    env.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    Config::load_from(Role::Single, None, env).unwrap()
}

async fn text(connection: &impl ConnectionTrait, sql: &str) -> String {
    let statement = Statement::from_string(connection.get_database_backend(), sql.to_owned());
    let row = connection.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index::<String>(0)
        .or_else(|_| row.try_get_by_index::<i64>(0).map(|number| number.to_string()))
        .unwrap()
}

#[derive(FromQueryResult)]
struct Count {
    n: i64,
}

async fn count(database: &Database) -> i64 {
    let statement = Statement::from_string(database.connection().get_database_backend(), "SELECT n FROM counter");
    Count::find_by_statement(statement).one(database.connection()).await.unwrap().unwrap().n
}

async fn with_counter(config: &Config) -> Database {
    let database = Database::connect(config).await.unwrap();
    database.connection().execute_unprepared("CREATE TABLE counter (n BIGINT NOT NULL)").await.unwrap();
    database.connection().execute_unprepared("INSERT INTO counter VALUES (0)").await.unwrap();
    database
}

/// Reads and writes in one transaction: loses updates or fails unless writers take turns.
async fn count_up(database: &Database) -> Result<(), DbErr> {
    let transaction = database.begin().await?;
    let statement = Statement::from_string(transaction.get_database_backend(), "SELECT n FROM counter");
    let now = Count::find_by_statement(statement).one(transaction.connection()).await?.unwrap().n;
    transaction.execute_unprepared(&format!("UPDATE counter SET n = {}", now + 1)).await?;
    transaction.commit().await
}

#[tokio::test]
async fn makes_a_private_file_with_the_right_pragmas() {
    let folder = tempfile::tempdir().unwrap();
    // Characters that mean something in a URL mean nothing in a path.
    let data = folder.path().join("a?b%20c/data");
    let database = Database::connect(&config(&data, &[])).await.unwrap();
    database.ping().await.unwrap();
    assert_eq!(database.engine(), Engine::Sqlite);
    let connection = database.connection();
    for (pragma, value) in [
        ("journal_mode", "wal"),
        ("synchronous", "1"),
        ("foreign_keys", "1"),
        ("busy_timeout", "5000"),
        ("cache_size", "-4096"),
    ] {
        assert_eq!(text(connection, &format!("PRAGMA {pragma}")).await, value, "{pragma}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&data), 0o700);
        assert_eq!(mode(&data.join("darkroom.sqlite")), 0o600);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    let database = with_counter(&config(folder.path(), &[])).await;
    let mut writers = JoinSet::new();
    for _ in 0..200 {
        let database = database.clone();
        writers.spawn(async move { count_up(&database).await });
    }
    while let Some(written) = writers.join_next().await {
        written.unwrap().unwrap();
    }
    assert_eq!(count(&database).await, 200);
}

#[tokio::test]
async fn a_dropped_or_rolled_back_transaction_changes_nothing_and_gives_the_turn_on() {
    let folder = tempfile::tempdir().unwrap();
    let database = with_counter(&config(folder.path(), &[])).await;
    let dropped = database.begin().await.unwrap();
    dropped.execute_unprepared("UPDATE counter SET n = 7").await.unwrap();
    drop(dropped);
    let undone = database.begin().await.unwrap();
    undone.execute_unprepared("UPDATE counter SET n = 8").await.unwrap();
    undone.rollback().await.unwrap();
    assert_eq!(count(&database).await, 0);
    count_up(&database).await.unwrap();
    assert_eq!(count(&database).await, 1);
}

#[tokio::test]
async fn the_wait_for_the_turn_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), &[("DARKROOM_DATABASE_ACQUIRE_TIMEOUT_MS", "100")]);
    let database = Database::connect(&config).await.unwrap();
    let first = database.begin().await.unwrap();
    let refused = database.begin().await.unwrap_err();
    assert!(matches!(refused, DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)), "{refused}");
    first.rollback().await.unwrap();
    database.begin().await.unwrap().rollback().await.unwrap();
}

#[tokio::test]
async fn migrates_once_whoever_calls() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), &[]);
    let (one, two) = (Database::connect(&config).await.unwrap(), Database::connect(&config).await.unwrap());
    assert!(!one.pending_migrations().await.unwrap().is_empty());
    let (first, second) = tokio::join!(one.migrate(), two.migrate());
    first.unwrap();
    second.unwrap();
    assert_eq!(two.pending_migrations().await.unwrap(), Vec::<String>::new());
    one.migrate().await.unwrap();
}

/// While programs are replaced one after the other, those of the release before may be started once more.
#[tokio::test]
async fn what_a_later_release_has_changed_is_told_apart_from_what_is_pending() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::connect(&config(folder.path(), &[])).await.unwrap();
    assert_eq!(database.later_migrations().await.unwrap(), Vec::<String>::new());
    database.migrate().await.unwrap();
    let later = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)";
    database.connection().execute_unprepared(later).await.unwrap();
    assert_eq!(database.pending_migrations().await.unwrap(), Vec::<String>::new());
    assert_eq!(database.later_migrations().await.unwrap(), ["m9999_later"]);
    // What has to know the whole schema, as a backup does, and what would change it, is refused.
    assert!(database.applied_migrations().await.is_err());
    assert!(database.migrate().await.is_err());
}

#[tokio::test]
async fn an_unreachable_database_is_named_without_its_password() {
    let pairs = [
        ("DARKROOM_DATABASE_URL", "postgres://darkroom:hunter2@127.0.0.1:1/darkroom"),
        ("DARKROOM_DATABASE_ACQUIRE_TIMEOUT_MS", "300"),
        ("DARKROOM_SECRET", "0123456789abcdef0123456789abcdef"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let message = Database::connect(&config(folder.path(), &pairs)).await.unwrap_err().to_string();
    assert!(message.contains("127.0.0.1:1/darkroom") && message.contains("DARKROOM_DATABASE_URL"), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
}

/// `DARKROOM_TEST_DATABASE_URL`: an empty PostgreSQL database of the test's own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_migrates_under_a_lock_and_keeps_its_time_outs() {
    let Ok(url) = std::env::var("DARKROOM_TEST_DATABASE_URL") else { return };
    let pairs = [
        ("DARKROOM_DATABASE_URL", url.as_str()),
        ("DARKROOM_DATABASE_STATEMENT_TIMEOUT_MS", "150"),
        ("DARKROOM_SECRET", "0123456789abcdef0123456789abcdef"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), &pairs);
    let main = Database::connect(&config).await.unwrap();
    assert_eq!(main.engine(), Engine::Postgres);
    // In a schema of its own, so that it does not matter what else the database holds.
    let schema = format!("platform_{}", uuid::Uuid::new_v4().simple());
    main.connection().execute_unprepared(&format!("CREATE SCHEMA {schema}")).await.unwrap();
    let separator = if url.contains('?') { '&' } else { '?' };
    let inside = format!("{url}{separator}options=-c%20search_path%3D{schema}");
    let config = {
        let mut env = vec![("DARKROOM_DATA_DIR".to_owned(), folder.path().to_str().unwrap().to_owned())];
        env.extend(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        env[1].1 = inside;
        Config::load_from(Role::Single, None, env).unwrap()
    };
    let mut starters = JoinSet::new();
    for _ in 0..4 {
        let config = config.clone();
        starters.spawn(async move {
            let database = Database::connect(&config).await.unwrap();
            database.migrate().await.map(|()| database)
        });
    }
    let mut last = None;
    while let Some(started) = starters.join_next().await {
        last = Some(started.unwrap().unwrap());
    }
    let database = last.unwrap();
    assert_eq!(database.pending_migrations().await.unwrap(), Vec::<String>::new());
    assert_eq!(text(database.connection(), "SHOW statement_timeout").await, "150ms");
    assert_eq!(text(database.connection(), "SHOW application_name").await, "darkroom");
    let slow =
        tokio::time::timeout(Duration::from_secs(5), database.connection().execute_unprepared("SELECT pg_sleep(3)"));
    assert!(slow.await.expect("cancelled by the server").is_err());
    main.connection().execute_unprepared(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
}

#[tokio::test]
async fn a_clock_is_right_whatever_the_answer_takes_and_wrong_by_what_lies_beyond_that() {
    let at = |second: i64| DateTime::<Utc>::from_timestamp(second, 0).unwrap();
    assert_eq!(apart(at(10), at(13), at(15)), Duration::ZERO);
    assert_eq!(apart(at(10), at(7), at(15)), Duration::from_secs(3));
    assert_eq!(apart(at(10), at(19), at(15)), Duration::from_secs(4));

    let folder = tempfile::TempDir::new().unwrap();
    let database = Database::connect(&config(folder.path(), &[])).await.unwrap();
    assert!(database.clock_apart(&Clock::system()).await.unwrap() < Duration::from_secs(1));
    assert_eq!(database.clock_apart(&Clock::manual(at(10))).await.unwrap(), Duration::ZERO, "a test moves it");
    database.close().await.unwrap();
}
