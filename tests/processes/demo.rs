//! `darkroom demo`: a world in an empty folder.

use std::time::Duration;

use darkroom_testing::Mode;
use darkroom_testing::process::{Process, World};

use crate::runs_in;

/// An unoptimised program paints every picture itself, and writes each in three sizes as WebP too.
const PAINTING: Duration = Duration::from_secs(300);

#[tokio::test]
async fn it_fills_an_empty_folder_once() {
    if !runs_in(Mode::Embedded) {
        return;
    }
    let world = World::new().await;
    let demo = || Process::start(world.command("darkroom", &["demo", "--only-fill"], &[]));
    let mut first = demo();
    assert_eq!(first.ended(PAINTING).await.code(), Some(0), "{}", first.stderr());
    assert!(first.stdout().contains("Sign in as "), "{}", first.stdout());

    for (table, condition, least) in [
        ("account", "avatar_media_id IS NOT NULL", 30),
        ("follow", "state = 'accepted'", 30),
        ("post", "state = 'published'", 150),
        ("post_like", "1 = 1", 100),
        ("comment", "thread_id IS NULL", 100),
        ("comment", "thread_id IS NOT NULL", 20),
        ("comment_like", "1 = 1", 50),
        ("story", "1 = 1", 1),
        ("rendition", "1 = 1", 450),
    ] {
        let there = world.count(table, condition).await;
        assert!(there >= least, "{there} rows of {table} where {condition}, at least {least} are wanted");
    }
    assert_eq!(world.count("media", "status <> 'ready'").await, 0, "every picture is ready");
    assert_eq!(world.count("job", "state = 'dead'").await, 0);
    let posts = world.count("post", "1 = 1").await;

    let mut second = demo();
    assert_eq!(second.ended(PAINTING).await.code(), Some(0), "{}", second.stderr());
    assert!(second.stdout().contains("there already"), "{}", second.stdout());
    assert_eq!(world.count("post", "1 = 1").await, posts);
    world.end().await;
}

#[tokio::test]
async fn it_leaves_a_folder_with_people_of_its_own_alone() {
    if !runs_in(Mode::Embedded) {
        return;
    }
    let world = World::new().await;
    let mut server = world.darkroom().await;
    server.client().sign_up("somebody").await;
    server.process.stop(Duration::from_secs(5)).await;
    let output = world.run("darkroom", &["demo", "--only-fill"], &[]).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("set DARKROOM_DATA_DIR to an empty one"), "{said}");
    assert_eq!(world.count("account", "1 = 1").await, 1);
    world.end().await;
}
