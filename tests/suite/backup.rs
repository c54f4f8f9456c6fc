//! A backup holds everything as it stood at one moment, and all of it comes back, on either kind of stores.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use darkroom_platform::{Clock, Config, Engine, Platform, Role};
use darkroom_service::App;
use darkroom_service::backup::{self, BackupError, Progress, Summary, backup as back_up, restore};
use darkroom_testing::{Person, TestApp, picture};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Handle;

fn quiet(_: Progress) {}

/// People who have done most of what can be done; the last upload waits for its job.
async fn world(app: &TestApp) -> [Person; 2] {
    let [ada, ben] = [app.client().sign_up("ada").await, app.client().sign_up("ben").await];
    ada.follow(&ben.id).await;
    let [first, second] = [ben.post_picture().await, ben.post_picture().await];
    let own = ada.post_picture().await;
    app.run_jobs().await;
    ada.like_post(&first).await;
    ada.save_post(&second).await;
    let comment = ada.comment(&first, "ünï \u{1F4F7} \"quoted\" \\ @ben #lake").await;
    ben.reply(&first, &comment, "thanks @ada").await;
    ben.like_post(&own).await;
    let face = ada.photo(picture::jpeg(64, 64)).await;
    ada.mutate("updateProfile", json!({ "bio": "two\nlines", "avatarMediaId": face }), "user { id }").await;
    let shown = ben.photo(picture::jpeg(90, 160)).await;
    app.run_jobs().await;
    let story = ben.story(&shown).await;
    ada.mark_viewed(&story).await;
    ben.set_private(true).await;
    app.run_jobs().await;
    app.app.settle().await;
    let upload = ada.begin_upload(&picture::jpeg(40, 30), "image/jpeg").await;
    ada.send_parts(&upload, &picture::jpeg(40, 30)).await;
    ada.photo(picture::jpeg(33, 44)).await;
    [ada, ben]
}

/// What a backup says of its files, but for the moment at which it was made; and its objects.
fn contents(folder: &Path) -> (Value, BTreeMap<String, Value>) {
    let mut manifest: Value = serde_json::from_slice(&fs::read(folder.join("backup.json")).unwrap()).unwrap();
    let rows = manifest["rows"].as_str().unwrap().trim_start_matches("rows-").to_owned();
    let listed = fs::read_to_string(folder.join(format!("objects-{rows}.ndjson"))).unwrap();
    let objects = listed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let objects = objects.map(|entry| (entry["key"].as_str().unwrap().to_owned(), entry)).collect();
    for volatile in ["made_at", "rows", "objects"] {
        manifest[volatile].take();
    }
    (manifest, objects)
}

/// An empty Darkroom on embedded stores, whatever the mode.
async fn embedded(folder: &Path) -> App {
    let variables = [
        ("DARKROOM_DATA_DIR".to_owned(), folder.display().to_string()),
        ("DARKROOM_SECRET".to_owned(), "a secret for tests that nobody needs to keep".to_owned()),
    ];
    let config = Config::load_from(Role::Single, None, variables).unwrap();
    App::new(Platform::connect(config, Clock::system()).await.unwrap())
}

async fn likes_of_feed(person: &Person) -> Value {
    let document = "{ feed(mode: FOLLOWING) { nodes { id caption likeCount commentCount viewerHasLiked viewerHasSaved
        author { username bio } comments(first: 10) { nodes { text } } } } }";
    person.run(document, json!({})).await.data().clone()
}

#[tokio::test]
async fn everything_comes_back_as_it_was() {
    let (here, folder) = (TestApp::start().await, TempDir::new().unwrap());
    let [ada, _] = world(&here).await;
    let path = folder.path().join("not/there/yet");
    let mut told = Vec::new();
    let made = back_up(&here.app, &path, |progress| told.push(progress)).await.unwrap();
    assert_eq!(made.objects, here.object_keys().await.len() as u64);
    assert_eq!((made.copied, made.missing), (made.objects, 0));
    assert!(told.contains(&Progress::Objects { done: made.objects, of: made.objects }), "{told:?}");
    assert_eq!(told.iter().filter(|one| matches!(one, Progress::Table { .. })).count(), backup::tables().len());
    let shown = likes_of_feed(&ada).await;

    let there = TestApp::start().await;
    let read = restore(&there.app, &path, quiet).await.unwrap();
    assert_eq!((read.rows, read.objects, read.bytes), (made.rows, made.objects, made.bytes));
    // The same again from there: every row and every byte.
    let again = TempDir::new().unwrap();
    back_up(&there.app, again.path(), quiet).await.unwrap();
    assert_eq!(contents(again.path()), contents(&path));
    assert_eq!(there.wrong_counters().await, Vec::<String>::new());

    // It is served: by the same sessions, and what waited for its job is done.
    let person = there.client().with_token(&ada.token);
    let person = Person { client: person, ..ada.clone() };
    assert_eq!(likes_of_feed(&person).await, shown);
    there.run_jobs().await;
    assert!(there.photos().await.iter().all(|photo| photo.status == darkroom_entity::media::Status::Ready));
    let found = darkroom_service::storage::verify(&there.app, None, |finding| panic!("{finding:?}")).await.unwrap();
    assert_eq!((found.missing, found.orphans.objects), (0, 0));
    here.run_jobs().await;
    here.finish().await;
    there.finish().await;
}

#[tokio::test]
async fn it_goes_from_one_kind_of_stores_to_the_other_and_back() {
    let (here, folders) = (TestApp::start().await, [TempDir::new().unwrap(), TempDir::new().unwrap()]);
    world(&here).await;
    let data = TempDir::new().unwrap();
    let other = embedded(data.path()).await;
    back_up(&here.app, folders[0].path(), quiet).await.unwrap();
    restore(&other, folders[0].path(), quiet).await.unwrap();
    back_up(&other, folders[1].path(), quiet).await.unwrap();
    assert_eq!(contents(folders[1].path()), contents(folders[0].path()));
    let there = TestApp::start().await;
    restore(&there.app, folders[1].path(), quiet).await.unwrap();
    back_up(&there.app, folders[0].path(), quiet).await.unwrap();
    assert_eq!(contents(folders[0].path()), contents(folders[1].path()));
    other.settle().await;
    other.database.close().await.unwrap();
    for app in [here, there] {
        app.run_jobs().await;
        app.finish().await;
    }
}

#[tokio::test]
async fn a_second_backup_into_the_folder_copies_what_is_new_and_drops_what_is_gone() {
    let (app, folder) = (TestApp::start().await, TempDir::new().unwrap());
    let ada = app.client().sign_up("ada").await;
    let [gone, stays] = [ada.post_picture().await, ada.post_picture().await];
    app.run_jobs().await;
    let first = back_up(&app.app, folder.path(), quiet).await.unwrap();
    ada.delete_post(&gone).await;
    app.run_jobs().await;
    // Left by one that was broken off, and something of somebody else's.
    let rows: Value = serde_json::from_slice(&fs::read(folder.path().join("backup.json")).unwrap()).unwrap();
    let broken = rows["rows"].as_str().unwrap().replace("Z-", "Y-");
    fs::create_dir(folder.path().join(&broken)).unwrap();
    fs::write(folder.path().join(broken.replace("rows-", "objects-") + ".ndjson"), "").unwrap();
    fs::create_dir(folder.path().join("rows-of-trees")).unwrap();
    let unchanged = back_up(&app.app, folder.path(), quiet).await.unwrap();
    assert_eq!((unchanged.copied, unchanged.objects * 2), (0, first.objects));
    // What the folder has lost since is copied again.
    let files = darkroom_testing::files_under(&folder.path().join("objects"));
    fs::remove_file(&files[0]).unwrap();
    fs::write(&files[1], "torn").unwrap();
    assert_eq!(back_up(&app.app, folder.path(), quiet).await.unwrap().copied, 2);
    ada.post_picture().await;
    app.run_jobs().await;
    let Summary { copied, objects, .. } = back_up(&app.app, folder.path(), quiet).await.unwrap();
    assert_eq!((copied * 2, objects), (objects, first.objects));
    let (manifest, listed) = contents(folder.path());
    let files = darkroom_testing::files_under(&folder.path().join("objects"));
    assert_eq!(files.len() as u64, objects, "what is gone is gone from the folder: {files:?}");
    assert_eq!(listed.len() as u64, objects);
    assert_eq!(manifest["tables"]["post.ndjson"]["entries"], 2);
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 5, "one backup, and what is none of it: {names:?}");
    let there = TestApp::start().await;
    restore(&there.app, folder.path(), quiet).await.unwrap();
    let person = Person { client: there.client().with_token(&ada.token), ..ada.clone() };
    let shown = person.node(&stays, "... on Post { media { url(size: LARGE) } }").await;
    assert_eq!(person.get(shown["media"][0]["url"].as_str().unwrap()).await.status(), 200);
    app.finish().await;
    there.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_deleted_meanwhile_is_in_it_neither_as_row_nor_as_object() {
    let (app, folder) = (TestApp::start().await, TempDir::new().unwrap());
    let ada = app.client().sign_up("ada").await;
    let [gone, _] = [ada.post_picture().await, ada.post_picture().await];
    app.run_jobs().await;
    let last = backup::tables().last().copied().unwrap();
    let mut snapshots = 0;
    let tell = |progress: Progress| {
        if matches!(&progress, Progress::Table { name, .. } if name == last) {
            snapshots += 1;
            if snapshots == 1 {
                // Rows have been read with it, and no object has been copied yet.
                let delete = async {
                    ada.delete_post(&gone).await;
                    app.run_jobs().await;
                };
                tokio::task::block_in_place(|| Handle::current().block_on(delete));
            }
        }
    };
    let made = back_up(&app.app, folder.path(), tell).await.unwrap();
    assert_eq!((snapshots, made.missing), (2, 0), "rows are read once more");
    let there = TestApp::start().await;
    restore(&there.app, folder.path(), quiet).await.unwrap();
    assert_eq!((there.rows("post").await, there.rows("media").await), (1, 1));
    let found = darkroom_service::storage::verify(&there.app, None, |finding| panic!("{finding:?}")).await.unwrap();
    assert_eq!((found.missing, found.orphans.objects), (0, 0));
    app.finish().await;
    there.finish().await;
}

#[tokio::test]
async fn what_was_lost_before_is_counted_and_the_rest_is_kept() {
    let (app, folder) = (TestApp::start().await, TempDir::new().unwrap());
    let ada = app.client().sign_up("ada").await;
    ada.post_picture().await;
    app.run_jobs().await;
    let photo = app.only_photo().await;
    app.app.objects.delete(&[&photo.original_key]).await.unwrap();
    let made = back_up(&app.app, folder.path(), quiet).await.unwrap();
    assert_eq!((made.missing, contents(folder.path()).0["missing"].clone()), (1, json!([photo.original_key])));
    let there = TestApp::start().await;
    assert_eq!(restore(&there.app, folder.path(), quiet).await.unwrap().missing, 1);
    app.finish().await;
    there.finish().await;
}

#[tokio::test]
async fn what_is_damaged_or_has_no_room_is_refused_and_nothing_is_written() {
    let (app, folder) = (TestApp::start().await, TempDir::new().unwrap());
    let ada = app.client().sign_up("ada").await;
    ada.post_picture().await;
    app.run_jobs().await;
    back_up(&app.app, folder.path(), quiet).await.unwrap();
    let there = TestApp::start().await;
    let manifest = folder.path().join("backup.json");
    let whole = fs::read_to_string(&manifest).unwrap();
    let of = |name: &str| serde_json::from_str::<Value>(&whole).unwrap()[name].clone();
    let rows = folder.path().join(of("rows").as_str().unwrap()).join("post.ndjson");
    let object = darkroom_testing::files_under(&folder.path().join("objects")).pop().unwrap();

    let refused = async |what: &str| {
        let error = restore(&there.app, folder.path(), quiet).await.unwrap_err();
        assert!(matches!(&error, BackupError::Damaged(text) if text.contains(what)), "{what}: {error}");
        assert_eq!((there.rows("account").await, there.rows("post").await), (0, 0), "{what}");
    };
    for file in [&rows, &object] {
        let bytes = fs::read(file).unwrap();
        let mut other = bytes.clone();
        *other.last_mut().unwrap() ^= 1;
        fs::write(file, other).unwrap();
        refused(file.file_name().unwrap().to_str().unwrap()).await;
        fs::write(file, bytes).unwrap();
    }
    for (other, what) in [
        (whole.replace("\"form\": 1", "\"form\": 2"), "form 2"),
        (whole.replace("\"m0001_account\"", "\"m0001_accounts\""), "later release"),
        (whole.replace("\"post.ndjson\"", "\"posts.ndjson\""), "posts.ndjson"),
        (whole[..whole.len() / 2].to_owned(), "can't be read"),
    ] {
        assert_ne!(other, whole, "{what}");
        fs::write(&manifest, other).unwrap();
        refused(what).await;
    }
    fs::remove_file(&manifest).unwrap();
    refused("no backup").await;
    fs::write(&manifest, &whole).unwrap();
    restore(&there.app, folder.path(), quiet).await.unwrap();
    let again = restore(&there.app, folder.path(), quiet).await.unwrap_err();
    assert!(matches!(again, BackupError::NotEmpty { accounts: 1 }), "{again}");
    app.finish().await;
    there.finish().await;
}

#[tokio::test]
async fn no_table_is_left_out() {
    let app = TestApp::start().await;
    let sql = match app.app.database.engine() {
        Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        Engine::Postgres => {
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') \
             AND NOT relispartition"
        }
    };
    let backend: DbBackend = app.app.rows().get_database_backend();
    let rows = app.app.rows().query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    let mut there: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    // What another database has changed lately says nothing about this one.
    there.retain(|name| name != "seaql_migrations" && name != "change");
    there.sort();
    let mut kept: Vec<String> = backup::tables().iter().map(|name| (*name).to_owned()).collect();
    kept.sort();
    assert_eq!(there, kept);
    app.finish().await;
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_reads_it() {
    use std::os::unix::fs::PermissionsExt;
    let (app, folder) = (TestApp::start().await, TempDir::new().unwrap());
    app.client().sign_up("ada").await.post_picture().await;
    app.run_jobs().await;
    let path = folder.path().join("backup");
    back_up(&app.app, &path, quiet).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    for file in darkroom_testing::files_under(&path) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    app.finish().await;
}
