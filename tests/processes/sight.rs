//! What operators see of running programs: metrics that are right, and tell of nobody.

use std::net::SocketAddr;

use darkroom_testing::process::{PATIENCE, Process, World, until};
use darkroom_testing::{Client, Mode, mode, picture, uuid_of};
use serde_json::json;

/// One look at a program's metrics.
pub(crate) struct Scrape(String);

impl Scrape {
    pub(crate) async fn of(client: &Client, address: SocketAddr) -> Self {
        let answer = client.http().get(format!("http://{address}/metrics")).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        Self(answer.text().await.unwrap())
    }

    /// The sum of the series of this name that have all of these labels; none if there is no such series.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let wanted: Vec<String> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let value = |line: &str| {
            let (series, value) = line.rsplit_once(' ')?;
            let (found, labels) = series.split_once('{').unwrap_or((series, ""));
            (found == name && wanted.iter().all(|label| labels.contains(label))).then(|| value.parse::<f64>().unwrap())
        };
        self.0.lines().filter(|line| !line.starts_with('#')).filter_map(value).reduce(|sum, value| sum + value)
    }

    fn assert(&self, name: &str, labels: &[(&str, &str)], value: f64) {
        assert_eq!(self.sum(name, labels), Some(value), "{name} {labels:?} in {}", self.0);
    }

    fn assert_some(&self, name: &str, labels: &[(&str, &str)]) {
        assert!(self.sum(name, labels).is_some_and(|sum| sum > 0.0), "{name} {labels:?} in {}", self.0);
    }
}

/// Where a program shows its metrics.
pub(crate) async fn address_of(process: &mut Process) -> SocketAddr {
    process.logged("metrics are served").await["listen"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn metrics_tell_what_was_done_and_of_nobody() {
    let mut world = World::migrated().await;
    world.set("DARKROOM_METRICS_LISTEN", "127.0.0.1:0");
    let (mut server, mut worker) = match mode() {
        Mode::Embedded => (world.darkroom().await, None),
        Mode::Clustered => (world.api().await, Some(world.worker(&[]).await)),
    };
    let api = address_of(&mut server.process).await;
    let jobs = match &mut worker {
        Some(worker) => address_of(worker).await,
        None => api,
    };
    let client = server.client();

    let ada = client.sign_up("adalovelace").await;
    let photo = ada.photo(picture::jpeg(400, 300)).await;
    assert!(!ada.upload(b"this is no picture at all".to_vec()).await.user_errors().is_empty());
    world.ready(1, PATIENCE).await;
    let post = ada.post(std::slice::from_ref(&photo), "a caption of ada's").await;
    until("the post is in the feed", PATIENCE, async || ada.feed(10).await.contains(&post)).await;
    let ask = |query: &'static str| {
        let request = ada.http().post(ada.url("/graphql")).bearer_auth(&ada.token);
        request.header("apollographql-client-name", "ios-app").json(&json!({ "query": query }))
    };
    assert_eq!(ask("query Me { viewer { user { username } } }").send().await.unwrap().status(), 200);
    ask("query Wrong { nothingOfThisName }").send().await.unwrap();

    let seen = Scrape::of(&client, api).await;
    let of_me = [("operation", "Me"), ("client", "ios-app"), ("kind", "query"), ("outcome", "ok")];
    seen.assert("darkroom_operations_total", &of_me, 1.0);
    seen.assert("darkroom_operation_duration_seconds_count", &[("operation", "Me")], 1.0);
    seen.assert("darkroom_operations_total", &[("client", "ios-app"), ("outcome", "refused")], 1.0);
    assert!(!seen.0.contains("Wrong"), "what may not run has no name");
    seen.assert_some("darkroom_http_requests_total", &[("route", "/graphql"), ("status", "200")]);
    seen.assert("darkroom_uploads_total", &[("outcome", "accepted")], 1.0);
    seen.assert("darkroom_uploads_total", &[("outcome", "refused"), ("code", "UNSUPPORTED_FORMAT")], 1.0);
    seen.assert("darkroom_uploads_total", &[("outcome", "failed")], 0.0);
    seen.assert("darkroom_upload_accepted_seconds_count", &[("kind", "whole")], 1.0);
    seen.assert_some("darkroom_feed_duration_seconds_count", &[("mode", "following")]);
    seen.assert_some("darkroom_timeline_reads_total", &[]);
    seen.assert_some("darkroom_card_reads_total", &[]);
    seen.assert_some("darkroom_database_connections", &[]);
    seen.assert_some("darkroom_database_begin_duration_seconds_count", &[]);
    seen.assert("darkroom_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    if cfg!(target_os = "linux") {
        seen.assert_some("process_resident_memory_bytes", &[]);
    }

    // The ledger is looked at every ten seconds, and a job is counted once it has ended.
    until("jobs and queues are seen", PATIENCE, async || {
        let seen = Scrape::of(&client, jobs).await;
        seen.sum("darkroom_jobs_total", &[("job", "media.process"), ("outcome", "done")]) == Some(1.0)
            && seen.sum("darkroom_event_lag_seconds", &[]).is_some_and(|lag| lag > 0.0)
            && seen.sum("darkroom_sampled_timestamp_seconds", &[]).is_some_and(|at| at > 0.0)
    })
    .await;
    let seen_there = Scrape::of(&client, jobs).await;
    seen_there.assert("darkroom_job_duration_seconds_count", &[("job", "media.process")], 1.0);
    seen_there.assert_some("darkroom_job_delay_seconds_count", &[("queue", "interactive")]);
    seen_there.assert("darkroom_media_processed_total", &[("reason", "READY")], 1.0);
    seen_there.assert("darkroom_media_ready_seconds_count", &[], 1.0);
    seen_there.assert("darkroom_jobs_dead", &[("queue", "interactive")], 0.0);
    assert!(seen_there.sum("darkroom_job_queue_depth", &[("queue", "fanout")]).is_some());
    seen_there.assert("darkroom_store_up", &[("store", "database")], 1.0);
    seen_there.assert("darkroom_store_up", &[("store", "objects")], 1.0);
    let alive = client.http().get(format!("http://{jobs}/healthz")).send().await.unwrap();
    assert_eq!(alive.status(), 200);

    let mut secrets =
        vec!["adalovelace".to_owned(), "example.test".to_owned(), "caption".to_owned(), ada.token.clone()];
    for id in [&ada.id, &photo, &post] {
        let row = uuid_of(id);
        secrets.extend([id.clone(), row.to_string(), row.simple().to_string()]);
    }
    secrets.extend(world.object_keys().await);
    for secret in secrets {
        for scrape in [&seen, &seen_there] {
            assert!(!scrape.0.contains(&secret), "{secret} in {}", scrape.0);
        }
    }

    server.process.stop(PATIENCE).await;
    if let Some(worker) = &mut worker {
        worker.stop(PATIENCE).await;
    }
    world.end().await;
}

#[tokio::test]
async fn an_address_that_is_taken_stops_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let world = World::migrated().await;
    let program = match mode() {
        Mode::Embedded => "darkroom",
        Mode::Clustered => "darkroom-worker",
    };
    let output = world.run(program, &[], &[("DARKROOM_METRICS_LISTEN", &address)]).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("metrics.listen") && said.contains(&address), "{said}");
    world.end().await;
}
