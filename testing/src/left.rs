//! What is left of something in the stores.

use std::path::{Path, PathBuf};

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::app::TestApp;
use crate::stores::{Mode, mode};

/// Tables that hold nothing before the first upload.
const OF_UPLOADS: [&str; 16] = [
    "upload",
    "media",
    "rendition",
    "media_run",
    "post",
    "post_media",
    "post_like",
    "comment",
    "comment_like",
    "comment_mention",
    "saved_post",
    "collection_post",
    "story",
    "story_view",
    "doomed_object",
    "job",
];

impl TestApp {
    /// Runs what is due and asserts that no row, job, object or file of an upload is left.
    pub async fn assert_nothing_left(&self) {
        self.run_jobs().await;
        for table in OF_UPLOADS {
            assert_eq!(self.rows(table).await, 0, "rows are left in {table}");
        }
        assert_eq!(self.object_keys().await, Vec::<String>::new(), "objects are left");
        assert_eq!(self.object_files(), Vec::<PathBuf>::new(), "files are left");
    }

    /// Asserts that there are this many photos, each with its original and three sizes in JPEG, and that every object has a
    /// row that knows it.
    pub async fn assert_photos(&self, photos: i64) {
        assert_eq!(self.rows("media WHERE status = 'ready'").await, photos);
        assert_eq!(self.rows("rendition WHERE format = 'jpeg'").await, 3 * photos);
        let objects = self.object_keys().await;
        assert_eq!(objects.len() as i64, photos + self.rows("rendition").await, "{objects:#?}");
    }

    /// Loses every job that is waiting, as nothing but a fault could.
    pub async fn lose_jobs(&self) {
        use darkroom_entity::job;
        use sea_orm::EntityTrait;
        job::Entity::delete_many().exec(self.app.rows()).await.unwrap();
    }

    /// Has the hourly sweep of stories done, as the schedule does.
    pub async fn sweep_stories(&self) {
        darkroom_service::story::sweep(&self.app).await.unwrap();
    }

    /// Every file under the folder of objects, half-written ones included. None where objects are remote.
    pub fn object_files(&self) -> Vec<PathBuf> {
        if mode() == Mode::Embedded { files_under(&self.folder().join("objects")) } else { Vec::new() }
    }

    /// Whether this text, or its bytes, stand anywhere in the database.
    pub async fn database_holds(&self, text: &str) -> bool {
        let rows = self.app.rows();
        if rows.get_database_backend() == DbBackend::Sqlite {
            let of_database = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().contains("sqlite");
            let files: Vec<PathBuf> = files_under(self.folder()).into_iter().filter(of_database).collect();
            assert!(!files.is_empty(), "the database's files are somewhere else");
            return files.iter().any(|path| {
                let bytes = std::fs::read(path).unwrap();
                bytes.windows(text.len()).any(|window| window == text.as_bytes())
            });
        }
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        let tables = "SELECT CAST(tablename AS text) AS line FROM pg_tables WHERE schemaname = 'public'";
        for table in lines(rows, tables).await {
            let all = format!("SELECT CAST(t AS text) AS line FROM \"{table}\" AS t");
            if lines(rows, &all).await.iter().any(|line| line.contains(text) || line.contains(&hex)) {
                return true;
            }
        }
        false
    }
}

async fn lines(rows: &impl ConnectionTrait, sql: &str) -> Vec<String> {
    let found = rows.query_all_raw(Statement::from_string(rows.get_database_backend(), sql)).await.unwrap();
    found.iter().map(|row| row.try_get("", "line").unwrap()).collect()
}

/// Every file in a folder and the folders in it, in order.
pub fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(folder, &mut files);
    files.sort();
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
