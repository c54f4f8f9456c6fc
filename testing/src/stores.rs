//! Where a TestApp's rows, jobs and bytes live.

use std::path::Path;

use darkroom_platform::{Config, Engine, Role};
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use uuid::Uuid;

/// Which back ends the suite runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// SQLite, a folder, in-process queues.
    Embedded,
    /// PostgreSQL, Redis, S3.
    Clustered,
}

/// The mode of this run.
pub fn mode() -> Mode {
    match std::env::var("DARKROOM_TEST_MODE").as_deref() {
        Ok("clustered") => Mode::Clustered,
        Ok("embedded") | Err(_) => Mode::Embedded,
        Ok(other) => panic!("DARKROOM_TEST_MODE={other}: embedded or clustered"),
    }
}

/// A store that `scripts/test` has started.
fn named(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: clustered tests are run by scripts/test clustered"))
}

/// Settings for a world of its own, as variables.
pub(crate) struct Stores {
    pub(crate) variables: Vec<(String, String)>,
    database: Option<String>,
}

impl Stores {
    /// Embedded ones, whatever the mode: what a test sets over them makes them others.
    pub(crate) fn local(folder: &Path) -> Self {
        let mut variables = vec![
            ("DARKROOM_DATA_DIR".to_owned(), folder.display().to_string()),
            ("DARKROOM_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("DARKROOM_SECRET".to_owned(), "a secret for tests that nobody needs to keep".to_owned()),
        ];
        // Everybody in a test has one address, and nothing comes back while its clock stands still.
        for limit in
            ["SESSION_POINTS", "ADDRESS_POINTS", "SIGN_INS_PER_LOGIN", "SIGN_INS_PER_ADDRESS", "SIGN_UPS_PER_ADDRESS"]
        {
            variables.push((format!("DARKROOM_RATES_{limit}"), "0".to_owned()));
        }
        // That address is the machine's own: a test that sets a limit means it.
        variables.push(("DARKROOM_RATES_EXEMPT".to_owned(), "none".to_owned()));
        Self { variables, database: None }
    }

    pub(crate) async fn new(folder: &Path) -> Self {
        let Self { mut variables, mut database } = Self::local(folder);
        if mode() == Mode::Clustered {
            let world = format!("t{}", Uuid::new_v4().simple());
            let server = named("DARKROOM_TEST_DATABASE_URL");
            create_database(&server, &world).await;
            variables.push(("DARKROOM_DATABASE_URL".to_owned(), in_database(&server, &world)));
            variables.push(("DARKROOM_DATABASE_MAX_CONNECTIONS".to_owned(), "6".to_owned()));
            variables.push(("DARKROOM_REDIS_URL".to_owned(), named("DARKROOM_TEST_REDIS_URL")));
            variables.push(("DARKROOM_REDIS_KEY_PREFIX".to_owned(), world.clone()));
            let bucket = named("DARKROOM_TEST_S3_BUCKET");
            variables.push(("DARKROOM_OBJECTS_URL".to_owned(), format!("s3://{bucket}/{world}")));
            variables.push(("AWS_ENDPOINT_URL".to_owned(), named("DARKROOM_TEST_S3_ENDPOINT")));
            for variable in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"] {
                variables.push((variable.to_owned(), named(variable)));
            }
            database = Some(world);
        }
        Self { variables, database }
    }

    pub(crate) fn config(&self) -> Config {
        Config::load_from(Role::Single, None, self.variables.clone()).unwrap()
    }

    /// Drops the database of its own. Redis keys and objects go with their servers.
    pub(crate) async fn drop_database(&self) {
        let Some(world) = &self.database else { return };
        let admin = Database::connect(named("DARKROOM_TEST_DATABASE_URL")).await.unwrap();
        let sql = format!("DROP DATABASE IF EXISTS {world} WITH (FORCE)");
        admin.execute_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
        admin.close().await.unwrap();
    }
}

/// Makes the tables; with `DARKROOM_TEST_PARTITIONED=1`, on PostgreSQL, in parts.
pub(crate) async fn make_tables(database: &darkroom_platform::Database) {
    database.migrate().await.unwrap();
    if std::env::var("DARKROOM_TEST_PARTITIONED").as_deref() == Ok("1") && database.engine() == Engine::Postgres {
        database.partition().await.unwrap();
    }
}

/// The same server, another database.
fn in_database(server: &str, database: &str) -> String {
    let (before, after) = server.rsplit_once('/').expect("a database URL with a path");
    let query = after.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
    format!("{before}/{database}{query}")
}

async fn create_database(server: &str, name: &str) {
    let admin = Database::connect(server).await.expect("the test database server answers");
    let sql = format!("CREATE DATABASE {name}");
    admin.execute_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    admin.close().await.unwrap();
}
