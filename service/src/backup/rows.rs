//! Rows into files: every table, in one transaction.

use std::collections::BTreeMap;
use std::path::Path;

use darkroom_entity as entity;
use futures::TryStreamExt;
use sea_orm::{
    ActiveModelTrait, ActiveValue, DatabaseTransaction, EntityTrait, IdenStatic, IntoActiveModel, Iterable, QueryOrder,
};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use tokio::fs;
use tokio::io::AsyncWriteExt;

use super::table::{Head, encode};
use super::{BackupError, Progress, Result, Sum, at};
use crate::app::App;

/// Bytes that are written at once.
const CHUNK: usize = 1 << 20;

/// Does the same for every table, in an order in which they can be filled: what a row refers to comes before it. A table that is
/// not listed is lost with its backup; `tests/suite/backup.rs` compares with what the database has.
macro_rules! every_table {
    ($with:ident) => {
        $with!(
            account,
            session,
            account_setting,
            account_habit,
            media,
            rendition,
            media_run,
            upload,
            post,
            post_media,
            post_hashtag,
            post_mention,
            post_like,
            post_impression,
            saved_post,
            story,
            story_view,
            follow,
            follow_made,
            block,
            mute,
            close_friend,
            collection,
            collection_post,
            comment,
            comment_like,
            comment_mention,
            notification,
            notification_group,
            notification_setting,
            affinity,
            impression,
            pulled_author,
            doomed_object,
            idempotency,
            feature,
            operator_action,
            queue_pause,
            job_tally,
            job,
        )
    };
}

macro_rules! names {
    ($($table:ident),* $(,)?) => { [$(stringify!($table)),*] };
}

/// Every table, each after those that it refers to.
pub(super) const TABLES: [&str; 40] = every_table!(names);

/// Writes a file a table into a folder, which is made anew.
pub(super) async fn write(app: &App, folder: &Path, tell: &mut impl FnMut(Progress)) -> Result<BTreeMap<String, Sum>> {
    let _ = fs::remove_dir_all(folder).await;
    super::object::make_folder(folder).await?;
    let snapshot = app.database.snapshot().await?;
    let (rows, mut sums) = (snapshot.rows(), BTreeMap::new());
    macro_rules! each {
        ($($table:ident),* $(,)?) => {
            $(
                let sum = Box::pin(table::<entity::$table::Entity>(rows, folder)).await?;
                tell(Progress::Table { name: stringify!($table).to_owned(), rows: sum.entries });
                sums.insert(file_of(stringify!($table)), sum);
            )*
        };
    }
    every_table!(each);
    snapshot.close().await?;
    Ok(sums)
}

/// The file of a table.
pub(super) fn file_of(table: &str) -> String {
    format!("{table}.ndjson")
}

async fn table<E>(rows: &DatabaseTransaction, folder: &Path) -> Result<Sum>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel> + Send,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
{
    let name = E::default().table_name().to_owned();
    let path = folder.join(file_of(&name));
    let mut file = File::create(&path).await?;
    let columns: Vec<E::Column> = E::Column::iter().collect();
    // In the order of their keys: whoever answers comes after whom they answer, and two backups of the same rows are the same.
    let query = E::PrimaryKey::iter()
        .fold(E::find(), |query, key| query.order_by_asc(sea_orm::PrimaryKeyToColumn::into_column(key)));
    let mut models = query.stream(rows).await?;
    let mut entries = 0_u64;
    while let Some(model) = models.try_next().await? {
        let row = model.into_active_model();
        let mut kinds = Vec::with_capacity(columns.len());
        let mut line = Vec::with_capacity(columns.len());
        for column in &columns {
            let (ActiveValue::Set(value) | ActiveValue::Unchanged(value)) = row.get(*column) else {
                return Err(BackupError::Damaged(format!("{name}.{} was not read", column.as_str())));
            };
            let Some((kind, json)) = encode(&value) else {
                return Err(BackupError::Damaged(format!("{name}.{} holds what no backup can", column.as_str())));
            };
            kinds.push((column.as_str().to_owned(), kind));
            line.push(json);
        }
        if entries == 0 {
            file.line(&Head { table: name.clone(), columns: kinds }).await?;
        }
        file.line(&Json::Array(line)).await?;
        entries += 1;
    }
    Ok(Sum { entries, sha256: file.finish().await? })
}

/// A file that is written line by line, and summed up.
pub(super) struct File {
    path: std::path::PathBuf,
    file: fs::File,
    buffer: Vec<u8>,
    hasher: Sha256,
}

impl File {
    pub(super) async fn create(path: &Path) -> Result<Self> {
        let file = super::object::private().create(true).truncate(true).write(true).open(path).await;
        let file = file.map_err(at(path))?;
        Ok(Self { path: path.to_owned(), file, buffer: Vec::with_capacity(CHUNK), hasher: Sha256::new() })
    }

    pub(super) async fn line(&mut self, value: &impl serde::Serialize) -> Result<()> {
        let json = |error: serde_json::Error| at(&self.path)(error.into());
        serde_json::to_writer(&mut self.buffer, value).map_err(json)?;
        self.buffer.push(b'\n');
        if self.buffer.len() >= CHUNK { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<()> {
        self.hasher.update(&self.buffer);
        self.file.write_all(&self.buffer).await.map_err(at(&self.path))?;
        self.buffer.clear();
        Ok(())
    }

    /// Makes it last; the SHA-256 of its bytes.
    pub(super) async fn finish(mut self) -> Result<String> {
        self.flush().await?;
        self.file.flush().await.map_err(at(&self.path))?;
        self.file.sync_all().await.map_err(at(&self.path))?;
        Ok(super::object::hex(&self.hasher.finalize()))
    }
}
