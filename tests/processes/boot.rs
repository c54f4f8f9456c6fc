//! `darkroom` alone on a folder: start, data that stays, end, and the operator's commands.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use darkroom_testing::process::{Folder, PATIENCE, Process, World, binary, command, until};
use darkroom_testing::{Client, Mode, picture};
use serde_json::{Value, json};

use crate::runs_in;

/// How long an idle server may take to end.
const SOON: Duration = Duration::from_secs(5);

/// Nothing but a free port, which the default is not while somebody tries Darkroom on the same machine.
fn free_port() -> Vec<(String, String)> {
    vec![("DARKROOM_LISTEN".to_owned(), "127.0.0.1:0".to_owned())]
}

async fn started(folder: &Path) -> (Process, Client) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut process = Process::start(command(&binary("darkroom"), folder, &free_port()));
    let line = process.printed(" is serving at ").await;
    let (_, address) = line.rsplit_once("http://").unwrap();
    (process, Client::new(address.trim().parse().unwrap()))
}

async fn status(client: &Client, path: &str) -> u16 {
    client.get(&client.url(path)).await.status().as_u16()
}

#[tokio::test]
async fn an_empty_folder_is_enough_and_what_is_in_it_stays() {
    if !runs_in(Mode::Embedded) {
        return;
    }
    let folder = Folder::new();
    let (mut process, client) = started(folder.path()).await;
    process.printed("in a browser").await;
    let printed = process.stdout();
    let data = folder.path().join("data").canonicalize().unwrap();
    assert!(printed.contains(&data.display().to_string()), "where data lies: {printed}");
    assert!(printed.contains("Next:") && printed.contains("darkroom demo"), "what to try next: {printed}");
    assert_eq!(status(&client, "/healthz").await, 200);
    let version = client.run("{ instance { version } }", Value::Null).await;
    assert_eq!(version.text("/instance/version"), env!("CARGO_PKG_VERSION"));

    let ada = client.sign_up("ada").await;
    let photo = ada.photo(picture::jpeg(400, 300)).await;
    let link = ready(&ada, &photo).await;
    assert_eq!(status(&ada, path_of(&link)).await, 200);
    process.stop(SOON).await;

    // The same secret, rows and objects: the session is good, and so is the link, on whatever port.
    let (mut process, client) = started(folder.path()).await;
    let ada = client.with_token(&ada.token);
    let viewer = ada.run("{ viewer { user { username } } }", Value::Null).await;
    assert_eq!(viewer.text("/viewer/user/username"), "ada");
    assert_eq!(status(&ada, path_of(&link)).await, 200);
    process.stop(SOON).await;
}

/// Waits for a photo of one's own, and gives its link.
async fn ready(person: &Client, photo: &str) -> String {
    let query = "query($id: ID!) { node(id: $id) { ... on Media { status url(size: LARGE) } } }";
    let mut link = None;
    until("the photo is ready", PATIENCE, async || {
        let answer = person.run(query, json!({ "id": photo })).await;
        let found = answer.at("/node/status") == "READY";
        link = found.then(|| answer.text("/node/url"));
        found
    })
    .await;
    link.unwrap()
}

fn path_of(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap();
    &rest[rest.find('/').unwrap()..]
}

#[tokio::test]
async fn its_data_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    if !runs_in(Mode::Embedded) {
        return;
    }
    let folder = Folder::new();
    let (mut process, _) = started(folder.path()).await;
    process.stop(SOON).await;
    let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("data"), 0o700);
    assert_eq!(mode("data/secret"), 0o600);
    assert_eq!(mode("data/darkroom.sqlite"), 0o600);
}

#[tokio::test]
async fn its_log_is_json_for_machines() {
    if !runs_in(Mode::Embedded) {
        return;
    }
    let folder = Folder::new();
    let (mut process, client) = started(folder.path()).await;
    // A connection that is kept open does not keep the process: it is told and closed.
    assert_eq!(status(&client, "/healthz").await, 200);
    process.stop(SOON).await;
    let lines = process.stderr();
    assert!(!lines.is_empty(), "the start and the end are logged");
    for line in lines.lines() {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(entry["timestamp"].is_string() && entry["level"].is_string(), "{line}");
    }
}

#[tokio::test]
async fn the_schema_is_the_one_that_is_checked_in() {
    if !runs_in(Mode::Embedded) {
        return;
    }
    let folder = Folder::new();
    for (arguments, file) in [(["schema"].as_slice(), "schema.graphql"), (&["schema", "--admin"], "admin.graphql")] {
        let mut process = command(&binary("darkroom"), folder.path(), &[]);
        let output = process.args(arguments).output().unwrap();
        let checked_in = std::fs::read(format!("{}/schema/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(output.stdout == checked_in, "run `just schema`: {file}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it looks at no data folder and makes none");
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_the_schema_quietly() {
    if !runs_in(Mode::Embedded) {
        return;
    }
    let folder = Folder::new();
    let mut child = command(&binary("darkroom"), folder.path(), &[]).arg("schema").spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("panicked"), "`darkroom schema | head` is no crash: {said}");
}

#[tokio::test]
async fn migrate_makes_the_tables_once() {
    let world = World::new().await;
    for nothing_to_do in [false, true] {
        let output = world.run("darkroom", &["migrate"], &[]).await;
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(printed.starts_with("0 schema changes made"), nothing_to_do, "{printed}");
        assert!(printed.contains("the database is up to date"), "{printed}");
    }
    assert_eq!(world.count("account", "1 = 1").await, 0);
    world.end().await;
}

#[tokio::test]
async fn doctor_finds_everything_well_and_tells_no_secret() {
    let world = World::migrated().await;
    let secret = "do-not-print-me-do-not-print-me-0123";
    let output = world.run("darkroom", &["doctor"], &[("DARKROOM_SECRET", secret)]).await;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{printed}");
    for check in ["ok    decoder:", "ok    database:", "ok    clock:", "ok    redis:", "ok    objects:", "  ffmpeg:"] {
        assert!(printed.contains(check), "{check} in {printed}");
    }
    assert!(printed.contains("secret = ") && !printed.contains("do-not-print-me"), "{printed}");
    let url = world.variable("DARKROOM_DATABASE_URL").unwrap_or_default();
    if let Some((_, password)) = url.split_once('@').and_then(|(before, _)| before.rsplit_once(':')) {
        assert!(!printed.contains(password), "the database's password is a secret too");
    }
    if let Some(key) = world.variable("AWS_SECRET_ACCESS_KEY") {
        assert!(!printed.contains(&key), "the object store's key is a secret too");
    }
    world.end().await;
}

#[tokio::test]
async fn doctor_fails_when_a_store_can_not_be_used() {
    let mut world = World::migrated().await;
    match darkroom_testing::mode() {
        Mode::Embedded => {
            let file = world.folder().join("a-file");
            std::fs::File::create(&file).unwrap().write_all(b"no folder").unwrap();
            world.set("DARKROOM_OBJECTS_URL", &format!("file://{}", file.display()));
        }
        Mode::Clustered => world.set("DARKROOM_REDIS_URL", "redis://127.0.0.1:9"),
    }
    let output = world.run("darkroom", &["doctor"], &[]).await;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(printed.contains("BAD"), "{printed}");
    world.end().await;
}
