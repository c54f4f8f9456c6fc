//! `darkroom backup` and `darkroom restore`: a copy of everything, and back.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use darkroom_platform::{Clock, Config, Platform};
use darkroom_service::App;
use darkroom_service::backup::{self, Progress, Summary};

/// Pause between two words about objects.
const PAUSE: Duration = Duration::from_secs(5);

/// Copies everything into a folder. Servers go on meanwhile.
pub(crate) async fn backup(config: Config, folder: &Path) -> anyhow::Result<()> {
    let app = App::new(Platform::join(config, Clock::system()).await?);
    let summary = backup::backup(&app, folder, progress()).await.context("there is no new backup")?;
    let Summary { rows, objects, bytes, copied, missing } = summary;
    println!("{}: {rows} rows, {objects} objects of {bytes} bytes ({copied} copied now).", folder.display());
    if missing > 0 {
        println!("{missing} objects that rows name were not in the store; `darkroom storage verify` says which.");
    }
    close(app).await
}

/// Reads a backup back, into an empty database and its object store. Servers must not run meanwhile.
pub(crate) async fn restore(config: Config, folder: &Path) -> anyhow::Result<()> {
    // Not `join`: the database may have no tables yet.
    let app = App::new(Platform::connect(config, Clock::system()).await?);
    let Summary { rows, objects, bytes, .. } =
        backup::restore(&app, folder, progress()).await.context("nothing was restored")?;
    println!("{rows} rows and {objects} objects of {bytes} bytes are back. Start the servers.");
    close(app).await
}

async fn close(app: App) -> anyhow::Result<()> {
    app.settle().await;
    app.database.close().await.context("the database was not closed in order")
}

/// Tells how far it is, on standard error.
fn progress() -> impl FnMut(Progress) {
    let mut said = Instant::now();
    move |progress| match progress {
        Progress::Table { name, rows } if rows > 0 => eprintln!("{name}: {rows} rows"),
        Progress::Table { .. } => {}
        Progress::Objects { done, of } => {
            if done == of || said.elapsed() >= PAUSE {
                said = Instant::now();
                eprintln!("objects: {done} of {of}");
            }
        }
    }
}
