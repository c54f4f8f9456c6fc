//! The program `darkroom-worker`: what it refuses, how it starts and how it ends.

use std::process::{Child, Command, Output, Stdio};

use darkroom_service::job::ledger;

use crate::stage::{Stage, is_clustered, until};

/// The program in an environment of these settings only, in a folder without a darkroom.toml.
fn program(stage: &Stage) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_darkroom-worker"));
    command.env_clear().current_dir(stage.folder()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.envs(stage.settings().iter().map(|(key, value)| (key, value)));
    command
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn stores_that_nobody_else_can_reach_are_refused_with_the_fix() {
    let stage = Stage::live().await;
    let output = program(&stage).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("or run `darkroom` alone"), "{}", text(&output));
    stage.end().await;
}

#[tokio::test]
async fn the_command_line_goes_before_the_settings_and_is_checked_like_them() {
    let stage = Stage::live().await;
    let mut command = clustered(&stage);
    command.env("DARKROOM_DATABASE_URL", "postgres://127.0.0.1:9/none");
    command.env("DARKROOM_REDIS_URL", "redis://127.0.0.1:9");
    let output = command.args(["--queues", "interactive,slow"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("\"slow\" is no queue"), "{}", text(&output));
    stage.end().await;
}

struct Running(Option<Child>);

impl Running {
    fn signal(&self, name: &str) {
        let id = self.0.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    async fn output(mut self) -> Output {
        let child = self.0.take().unwrap();
        tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The program with an object store that it needs only when a job asks for it.
fn clustered(stage: &Stage) -> Command {
    let mut command = program(stage);
    command.envs([
        ("DARKROOM_OBJECTS_URL", "s3://darkroom-test"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ]);
    command
}

#[tokio::test]
async fn sigterm_ends_it_in_order() {
    if !is_clustered() {
        return; // The program works beside others only; the embedded one is `darkroom`.
    }
    let stage = Stage::live().await;
    let running = Running(Some(clustered(&stage).spawn().unwrap()));
    until("it plans the heartbeat", async || ledger::heartbeat_seen(&stage.app).await.unwrap()).await;
    running.signal("-TERM");
    let output = running.output().await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("darkroom-worker stopped"), "{}", text(&output));
    stage.end().await;
}

#[tokio::test]
async fn it_starts_while_redis_is_away() {
    if !is_clustered() {
        return;
    }
    let stage = Stage::live().await;
    let away = clustered(&stage).env("DARKROOM_REDIS_URL", "redis://127.0.0.1:9").spawn().unwrap();
    let running = Running(Some(away));
    until("it plans the heartbeat", async || ledger::heartbeat_seen(&stage.app).await.unwrap()).await;
    // Hints go to the real Redis, which it can't hear: it must read the ledger.
    let job = darkroom_service::job::SweepSessions {};
    stage.enqueue(&job).await;
    until("the job is done", async || {
        let rows = stage.rows::<darkroom_service::job::SweepSessions>().await;
        rows.iter().all(|row| row.unique_key.is_some())
    })
    .await;
    running.signal("-INT");
    assert_eq!(running.output().await.status.code(), Some(0));
    stage.end().await;
}
