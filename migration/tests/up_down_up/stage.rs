//! An empty database of each engine that is there.

use sea_orm_migration::sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use uuid::Uuid;

/// The one table that stays: which changes were made.
const VERSIONS: &str = "seaql_migrations";

/// An id that no row has, made now.
#[allow(clippy::disallowed_methods)] // There is no Clock of the product's here.
pub(super) fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// An empty database of each engine that is there.
pub(super) struct Stage {
    pub(super) rows: DatabaseConnection,
    /// The server and the name of a database to drop.
    server: Option<(String, String)>,
}

impl Stage {
    pub(super) async fn sqlite() -> Self {
        let mut options = ConnectOptions::new("sqlite::memory:");
        // Each connection to :memory: is a database of its own.
        options.max_connections(1).sqlx_logging(false);
        Self { rows: Database::connect(options).await.unwrap(), server: None }
    }

    /// None where no server is named: the embedded run needs nothing.
    pub(super) async fn postgres() -> Option<Self> {
        let server = std::env::var("DARKROOM_TEST_DATABASE_URL").ok()?;
        let name = format!("migration_{}", Uuid::new_v4().simple());
        let admin = Database::connect(&server).await.unwrap();
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        admin.close().await.unwrap();
        let (base, _) = server.rsplit_once('/').unwrap();
        let mut options = ConnectOptions::new(format!("{base}/{name}"));
        options.sqlx_logging(false);
        Some(Self { rows: Database::connect(options).await.unwrap(), server: Some((server, name)) })
    }

    pub(super) async fn all() -> Vec<Self> {
        let mut all = vec![Self::sqlite().await];
        all.extend(Self::postgres().await);
        all
    }

    pub(super) async fn texts(&self, sql: &str) -> Vec<String> {
        let statement = Statement::from_string(self.rows.get_database_backend(), sql);
        let rows = self.rows.query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get("", "name").unwrap()).collect()
    }

    /// Tables and indexes of ours, in order.
    pub(super) async fn names(&self) -> Vec<String> {
        let sql = match self.rows.get_database_backend() {
            DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
            _ => {
                "SELECT relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE n.nspname = 'public' AND relkind IN ('r', 'p', 'i', 'I', 'S', 'v') ORDER BY relname"
            }
        };
        let mut names = self.texts(sql).await;
        names.retain(|name| !name.starts_with(VERSIONS));
        names
    }

    /// Everything that defines the tables, for comparison.
    pub(super) async fn definition(&self) -> Vec<String> {
        let sql = match self.rows.get_database_backend() {
            DbBackend::Sqlite => {
                "SELECT COALESCE(sql, name) AS name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
            }
            _ => {
                "SELECT CONCAT_WS(' ', table_name, column_name, data_type, character_maximum_length, is_nullable, \
                 column_default) AS name FROM information_schema.columns WHERE table_schema = 'public' UNION ALL \
                 SELECT indexdef AS name FROM pg_indexes WHERE schemaname = 'public' UNION ALL \
                 SELECT CONCAT_WS(' ', conrelid::regclass, pg_get_constraintdef(oid)) AS name FROM pg_constraint \
                 WHERE connamespace = 'public'::regnamespace ORDER BY name"
            }
        };
        self.texts(sql).await
    }

    /// The columns of a table that may be empty, in order of their names.
    pub(super) async fn optional(&self, table: &str) -> Vec<String> {
        let sql = match self.rows.get_database_backend() {
            DbBackend::Sqlite => {
                format!("SELECT name FROM pragma_table_info('{table}') WHERE \"notnull\" = 0 ORDER BY name")
            }
            _ => format!(
                "SELECT column_name::text AS name FROM information_schema.columns \
                 WHERE table_schema = 'public' AND table_name = '{table}' AND is_nullable = 'YES' ORDER BY column_name"
            ),
        };
        self.texts(&sql).await
    }

    pub(super) async fn end(self) {
        self.rows.close().await.unwrap();
        if let Some((server, name)) = self.server {
            let admin = Database::connect(server).await.unwrap();
            admin.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
            admin.close().await.unwrap();
        }
    }
}
