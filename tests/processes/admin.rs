//! `darkroom admin`: what an operator does on the machine while everything runs.

use std::time::Duration;

use darkroom_testing::picture;
use darkroom_testing::process::{PATIENCE, World, until};
use serde_json::json;

/// What `darkroom admin` says to this, and how it ends.
async fn admin(world: &World, arguments: &[&str]) -> (Option<i32>, String) {
    let arguments: Vec<&str> = std::iter::once("admin").chain(arguments.iter().copied()).collect();
    let output = world.run("darkroom", &arguments, &[]).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), said)
}

/// The same of what must succeed.
async fn done(world: &World, arguments: &[&str]) -> String {
    let (code, said) = admin(world, arguments).await;
    assert_eq!(code, Some(0), "{arguments:?}: {said}");
    said
}

#[tokio::test]
async fn queues_are_paused_and_jobs_listed_cancelled_and_tried_again_beside_a_running_server() {
    let world = World::migrated().await;
    let mut server = world.darkroom().await;
    let ada = server.client().sign_up("ada").await;
    let said = done(&world, &["pause", "interactive"]).await;
    assert!(said.contains("interactive is paused"), "{said}");
    assert!(done(&world, &["queues"]).await.contains("PAUSED since 2"));
    // The workers hear of it within about two seconds: from then on what comes waits.
    let mut sent = 0;
    until("a photo waits", PATIENCE, async || {
        ada.photo(picture::jpeg(40, 30)).await;
        sent += 1;
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.count("job", "name = 'media.process'").await > 1
    })
    .await;
    let said = done(&world, &["jobs", "--state", "queued", "--name", "media.process"]).await;
    assert!(said.contains("media.process  interactive  starts 0"), "{said}");
    let first = said.lines().next().and_then(|line| line.split_whitespace().next()).unwrap().to_owned();
    let (code, said) = admin(&world, &["retry", &first]).await;
    assert!(code == Some(1) && said.contains("Only a dead job can be retried"), "{said}");
    assert!(done(&world, &["cancel", &first]).await.contains("will not be done"));
    let (code, said) = admin(&world, &["cancel", &first]).await;
    assert!(code == Some(1) && said.contains("No such job."), "{said}");
    assert!(done(&world, &["jobs"]).await.contains("There is no such job."), "none is dead");
    assert!(done(&world, &["retry", "--all", "--queue", "interactive"]).await.contains("0 jobs are tried again."));
    assert!(done(&world, &["resume", "interactive"]).await.contains("interactive goes on."));
    until("all other photos are ready", PATIENCE, async || world.count("media", "status = 'ready'").await == sent - 1)
        .await;
    assert_eq!(world.count("media", "status = 'failed'").await, 1);
    let log = done(&world, &["log"]).await;
    for action in ["queue.pause", "job.cancel", "queue.resume"] {
        assert!(log.contains(&format!("on the machine  {action}")), "{log}");
    }
    let (code, said) = admin(&world, &["pause", "other"]).await;
    assert!(code == Some(2) && said.contains("one of interactive, fanout, bulk"), "{said}");
    server.process.stop(Duration::from_secs(8)).await;
    world.end().await;
}

#[tokio::test]
async fn it_is_told_what_happened_to_a_photo() {
    let world = World::migrated().await;
    let mut server = world.darkroom().await;
    let photo = server.client().sign_up("ada").await.photo(picture::jpeg(40, 30)).await;
    until("it is ready", PATIENCE, async || world.count("media", "status = 'ready'").await == 1).await;
    let said = done(&world, &["media", &photo]).await;
    for told in ["READY", "accepted  2", "used by   nothing", "media.process  attempt 1", "large.jpg", "bytes  there"] {
        assert!(said.contains(told), "{told}: {said}");
    }
    let row = said.split_whitespace().nth(1).unwrap();
    assert!(done(&world, &["media", row]).await.contains("READY"), "by the id of the log");
    let (code, said) = admin(&world, &["media", "00000000-0000-7000-8000-000000000000"]).await;
    assert!(code == Some(1) && said.contains("No such photo."), "{said}");
    let (code, said) = admin(&world, &["media", "user_00000000000000000000000000"]).await;
    assert!(code == Some(2) && said.contains("the id of a photo"), "{said}");
    server.process.stop(Duration::from_secs(8)).await;
    world.end().await;
}

#[tokio::test]
async fn operators_are_made_on_the_machine() {
    let world = World::migrated().await;
    let mut server = world.darkroom().await;
    let ada = server.client().sign_up("Ada").await;
    let asks = async || ada.operate("{ viewer { username } }", json!({})).await.status;
    assert!(done(&world, &["operators"]).await.contains("Nobody is an operator."));
    assert_eq!(asks().await, 404);
    assert!(done(&world, &["grant", "ada"]).await.contains("Ada is an operator."));
    assert!(done(&world, &["operators"]).await.contains("  Ada"));
    assert_eq!(asks().await, 200);
    assert!(done(&world, &["revoke", "ADA"]).await.contains("Ada is no operator."));
    assert_eq!(asks().await, 404);
    let (code, said) = admin(&world, &["grant", "nobody"]).await;
    assert!(code == Some(1) && said.contains("No such user."), "{said}");
    server.process.stop(Duration::from_secs(8)).await;
    world.end().await;
}

#[tokio::test]
async fn a_person_is_suspended_and_reinstated_beside_a_running_server() {
    let world = World::migrated().await;
    let mut server = world.darkroom().await;
    let client = server.client();
    let ada = client.sign_up("Ada").await;
    let admin = async |task: &str, name: &str| admin(&world, &[task, name]).await;
    let sign_in = async || {
        let input = json!({ "login": "ada", "password": "a good password" });
        client.mutate("signIn", input, "session { token }").await.user_errors().len()
    };

    let (code, said) = admin("suspend", "ADA").await;
    assert!(code == Some(0) && said.contains("Ada is suspended since 2"), "{said}");
    assert_eq!(ada.run("{ viewer { email } }", json!({})).await.status, 401);
    assert_eq!(sign_in().await, 1);
    let (code, said) = admin("reinstate", "ada").await;
    assert!(code == Some(0) && said.contains("Ada is not suspended."), "{said}");
    assert_eq!(sign_in().await, 0);
    let (code, said) = admin("suspend", "nobody").await;
    assert!(code == Some(1) && said.contains("No such user."), "{said}");
    server.process.stop(Duration::from_secs(8)).await;
    world.end().await;
}
