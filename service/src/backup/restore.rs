//! A backup, back where everything is to be served from.

use std::path::Path;

use bytes::Bytes;
use darkroom_platform::Database;
use darkroom_platform::database::known_migrations;
use futures::{StreamExt, TryStreamExt, stream};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, Value};
use sha2::{Digest, Sha256};
use tokio::fs;
use tokio::io::AsyncReadExt;

use super::object::{self, AT_ONCE, Entry, OBJECTS, Table, hex};
use super::rows::{TABLES, file_of};
use super::table::decode;
use super::{BackupError, Manifest, Progress, Result, Sum, Summary, at, manifest};
use crate::app::App;

/// Values of one statement: within what both databases take as parameters.
const VALUES: usize = 16_000;

/// Columns that refer to rows that come later: table, its key, the column.
const LATE: [(&str, &str, &str); 1] = [("account", "id", "avatar_media_id")];

/// Bytes of an object that are read at once.
const CHUNK: usize = 1 << 18;

/// Reads a backup back: objects first, each as it was when it was copied, then every row in one transaction, then the schema is
/// brought up to date. Servers must not run meanwhile. Broken off, it can be repeated.
///
/// # Errors
/// [`BackupError::NotEmpty`] where there are people already; [`BackupError::Damaged`] if a file is not what it was. No row is
/// there then.
pub async fn restore(app: &App, folder: &Path, mut tell: impl FnMut(Progress)) -> Result<Summary> {
    let manifest = manifest(folder).await?;
    let rows = folder.join(&manifest.rows);
    check(&folder.join(manifest.listing()), &manifest.objects).await?;
    for table in TABLES {
        // A table that came later has no file.
        if let Some(sum) = manifest.tables.get(&file_of(table)) {
            check(&rows.join(file_of(table)), sum).await?;
        }
    }
    if let Some(unknown) = manifest.tables.keys().find(|file| !TABLES.iter().any(|table| file_of(table) == **file)) {
        return Err(BackupError::Damaged(format!("{unknown} is of a table that this release does not know")));
    }
    let accounts = accounts(&app.database).await?;
    if accounts > 0 {
        return Err(BackupError::NotEmpty { accounts });
    }
    if !known_migrations().starts_with(&manifest.schema) {
        let text = format!("the backup was made by a later release ({})", manifest.darkroom);
        return Err(BackupError::Damaged(text));
    }
    let bytes = objects(app, folder, &manifest, &mut tell).await?;
    app.database.migrate_as_of(&manifest.schema).await?;
    // What is remembered of what was there before may go by the names of what comes. First, so that no row is there if it fails.
    app.cache.forget_everything().await.map_err(BackupError::Redis)?;
    let number = fill(app, &rows, &manifest, &mut tell).await?;
    app.database.migrate().await?;
    Ok(Summary {
        rows: number,
        objects: manifest.objects.entries,
        bytes,
        copied: manifest.objects.entries,
        missing: manifest.missing.len() as u64,
    })
}

/// People in a database of whatever release.
async fn accounts(database: &Database) -> Result<u64> {
    if database.applied_migrations().await?.is_empty() {
        return Ok(0);
    }
    let count = Query::select().expr(Expr::col(Alias::new("id")).count()).from(Alias::new("account")).to_owned();
    let row = database.connection().query_one(&count).await?;
    let count = row.map(|row| row.try_get_by_index::<i64>(0)).transpose()?;
    Ok(count.unwrap_or(0).unsigned_abs())
}

/// Refuses a file that is not what it was.
async fn check(path: &Path, sum: &Sum) -> Result<()> {
    let mut file = fs::File::open(path).await.map_err(at(path))?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; CHUNK]);
    loop {
        let read = file.read(&mut buffer).await.map_err(at(path))?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
    }
    if hex(&hasher.finalize()) == sum.sha256 {
        return Ok(());
    }
    Err(BackupError::Damaged(format!("{} is not what it was when the backup was made", path.display())))
}

/// Every object into the store; their bytes.
async fn objects(app: &App, folder: &Path, manifest: &Manifest, tell: &mut impl FnMut(Progress)) -> Result<u64> {
    let listed = object::entries(&folder.join(manifest.listing())).await?;
    let folder = folder.join(OBJECTS);
    let entries = stream::try_unfold(listed, async |mut listed| {
        Ok::<_, BackupError>(listed.next().await?.map(|entry| (entry, listed)))
    });
    let mut puts = std::pin::pin!(entries.map_ok(|entry| put(app, &folder, entry)).try_buffer_unordered(AT_ONCE));
    let (mut done, mut bytes, of) = (0, 0, manifest.objects.entries);
    while let Some(more) = puts.try_next().await? {
        bytes += more;
        done += 1;
        if done % 1000 == 0 || done == of {
            tell(Progress::Objects { done, of });
        }
    }
    Ok(bytes)
}

/// Puts an object, if its file is what it was; it is looked at before, since what is put is there.
async fn put(app: &App, folder: &Path, entry: Entry) -> Result<u64> {
    let Entry { key, bytes, sha256, content_type } = entry;
    let path = folder.join(&key);
    check(&path, &Sum { entries: 1, sha256 }).await?;
    let failed = |source| BackupError::Objects { key: key.clone(), source };
    let file = fs::File::open(&path).await.map_err(at(&path))?;
    let chunks = stream::try_unfold(file, async |mut file| {
        let mut chunk = vec![0; CHUNK];
        let read = file.read(&mut chunk).await?;
        chunk.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(chunk), file)))
    });
    match app.objects.put_stream(&key, chunks.boxed(), &content_type).await {
        Ok(written) if written == bytes => Ok(bytes),
        Ok(_) => Err(BackupError::Damaged(format!("{} is not what it was when the backup was made", path.display()))),
        Err(darkroom_platform::objects::PutError::Source(source)) => Err(at(&path)(source)),
        Err(darkroom_platform::objects::PutError::Objects(source)) => Err(failed(source)),
    }
}

/// Every row, in one transaction.
async fn fill(app: &App, rows: &Path, manifest: &Manifest, tell: &mut impl FnMut(Progress)) -> Result<u64> {
    let tx = app.database.begin().await?;
    let mut all = 0;
    // What a server wrote by itself while it was empty: jobs of its schedule.
    for table in TABLES.iter().rev().filter(|table| manifest.tables.contains_key(&file_of(table))) {
        tx.execute(&Query::delete().from_table(Alias::new(*table)).to_owned()).await?;
    }
    for table in TABLES.iter().filter(|table| manifest.tables.contains_key(&file_of(table))) {
        let number = one_table(&tx, rows, table).await?;
        let expected = manifest.tables[&file_of(table)].entries;
        if number != expected {
            return Err(BackupError::Damaged(format!("{table} has {number} rows in place of {expected}")));
        }
        tell(Progress::Table { name: (*table).to_owned(), rows: number });
        all += number;
    }
    for (table, key, column) in LATE {
        late(&tx, rows, table, key, column).await?;
    }
    tx.commit().await?;
    Ok(all)
}

async fn one_table(tx: &impl ConnectionTrait, rows: &Path, table: &str) -> Result<u64> {
    let mut file = Table::open(rows, table).await?;
    let Some(head) = file.head.clone() else { return Ok(0) };
    if head.table != table {
        return Err(file.damaged("it is of another table"));
    }
    let late = |name: &str| LATE.iter().any(|(of, _, column)| *of == table && *column == name);
    let at_once = (VALUES / head.columns.len().max(1)).max(1);
    let columns: Vec<Alias> = head.columns.iter().map(|(name, _)| Alias::new(name)).collect();
    let new = || {
        let mut insert = Query::insert();
        insert.into_table(Alias::new(table)).columns(columns.clone());
        insert
    };
    let (mut insert, mut waiting, mut number) = (new(), 0, 0);
    while let Some(row) = file.next().await? {
        let mut values: Vec<Expr> = Vec::with_capacity(row.len());
        for (json, (name, kind)) in row.into_iter().zip(&head.columns) {
            let json = if late(name) { serde_json::Value::Null } else { json };
            values.push(decode(*kind, json).ok_or_else(|| file.damaged(name))?.into());
        }
        insert.values_panic(values);
        (waiting, number) = (waiting + 1, number + 1);
        if waiting == at_once {
            tx.execute(&std::mem::replace(&mut insert, new())).await?;
            waiting = 0;
        }
    }
    if waiting > 0 {
        tx.execute(&insert).await?;
    }
    Ok(number)
}

/// Sets a column that had to wait.
async fn late(tx: &impl ConnectionTrait, rows: &Path, table: &str, key: &str, column: &str) -> Result<()> {
    let mut file = Table::open(rows, table).await?;
    let Some(head) = file.head.clone() else { return Ok(()) };
    let place = |name: &str| head.columns.iter().position(|(column, _)| column == name);
    let (Some(of), Some(to)) = (place(key), place(column)) else { return Err(file.damaged(column)) };
    while let Some(mut row) = file.next().await? {
        if matches!(row.get(to), None | Some(serde_json::Value::Null)) {
            continue;
        }
        let mut value = |place: usize| -> Result<Value> {
            decode(head.columns[place].1, row[place].take()).ok_or_else(|| file.damaged(column))
        };
        let (of, to) = (value(of)?, value(to)?);
        let update = Query::update()
            .table(Alias::new(table))
            .value(Alias::new(column), Expr::value(to))
            .and_where(Expr::col(Alias::new(key)).eq(of))
            .to_owned();
        tx.execute(&update).await?;
    }
    Ok(())
}
