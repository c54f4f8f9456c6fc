//! What earlier releases have left behind is brought up to date, and everybody sees of it what they saw then.
//!
//! `tests/upgrade` holds a backup of a small world for each release, made by that release itself (`scripts/upgrade-fixture`). Reading
//! it back lays its tables out as they were then, fills them, and runs every change of the schema since over the rows.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use darkroom_service::backup::restore;
use darkroom_testing::{Person, TestApp};
use serde_json::{Value, json};

fn releases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade");
    let mut found: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    assert!(!found.is_empty());
    found
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

async fn sign_in(app: &TestApp, username: &str, password: &Value) -> Person {
    let input = json!({ "login": username, "password": password });
    let answer = app.client().mutate("signIn", input, "session { token } viewer { user { id } }").await;
    let payload = answer.payload();
    let text = |pointer: &str| payload.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let token = text("/session/token");
    Person {
        client: app.client().with_token(&token),
        id: text("/viewer/user/id"),
        username: username.to_owned(),
        token,
    }
}

#[tokio::test]
async fn people_of_earlier_releases_see_what_they_saw_and_go_on() {
    for release in releases() {
        let app = TestApp::start().await;
        // An hour after it was made: its stories live still.
        let made_at: DateTime<Utc> = read(&release.join("backup.json"))["made_at"].as_str().unwrap().parse().unwrap();
        app.clock.advance(made_at + TimeDelta::hours(1) - app.clock.now());
        restore(&app.app, &release, |_| {}).await.unwrap();
        assert_eq!(app.app.database.pending_migrations().await.unwrap(), Vec::<String>::new());
        app.run_jobs().await;

        let then = read(&release.join("seen.json"));
        let mut people = Vec::new();
        for (username, seen) in then["seen"].as_object().unwrap() {
            let person = sign_in(&app, username, &then["password"]).await;
            for (name, was) in seen.as_object().unwrap() {
                let document = then["documents"][name].as_str().unwrap();
                let is = person.run(document, json!({})).await.data().clone();
                assert_eq!(is, *was, "{name} as {username} sees it, of {}", release.display());
            }
            people.push(person);
        }
        assert_eq!(app.wrong_counters().await, Vec::<String>::new());
        let found = darkroom_service::storage::verify(&app.app, None, |finding| panic!("{finding:?}")).await.unwrap();
        assert_eq!((found.missing, found.orphans.objects), (0, 0));

        // They go on: `ada`, whom `ben` follows, has something new.
        let post = people[0].post_picture().await;
        app.run_jobs().await;
        assert_eq!(people[1].feed(50).await[0], post);
        people[1].like_post(&post).await;
        people[0].mutate("unfollowUser", json!({ "userId": people[1].id }), "user { id }").await;
        app.run_jobs().await;
        assert!(!people[0].feed(50).await.is_empty());
        app.finish().await;
    }
}
