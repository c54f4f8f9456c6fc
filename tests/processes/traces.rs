//! Traces of running programs: from the request to the job that followed from it, and of nobody.

use std::net::TcpListener;

use darkroom_testing::process::{Collector, PATIENCE, Process, SentSpan, Server, World, until};
use darkroom_testing::{Mode, Person, mode, picture, uuid_of};
use serde_json::json;

const ENDPOINT: &str = "DARKROOM_TELEMETRY_OTLP_ENDPOINT";
const RATIO: &str = "DARKROOM_TELEMETRY_SAMPLE_RATIO";

/// A trace that somebody names in a header.
const NAMED: &str = "0af7651916cd43dd8448eb211c80319c";

/// The programs that do everything.
async fn programs(world: &World) -> (Server, Option<Process>) {
    match mode() {
        Mode::Embedded => (world.darkroom().await, None),
        Mode::Clustered => (world.api().await, Some(world.worker(&[]).await)),
    }
}

/// Ends them in order: what they have to say is said then.
async fn stop((mut server, worker): (Server, Option<Process>)) {
    server.process.stop(PATIENCE).await;
    if let Some(mut worker) = worker {
        worker.stop(PATIENCE).await;
    }
}

/// The API alone; nobody processes photos.
async fn api(world: &mut World) -> Server {
    world.set("DARKROOM_WORKER_QUEUES", "bulk");
    match mode() {
        Mode::Embedded => world.darkroom().await,
        Mode::Clustered => world.api().await,
    }
}

/// Asks who one is, in a trace that the request names.
async fn ask_in_a_trace(ada: &Person) {
    let request = ada.http().post(ada.url("/graphql")).bearer_auth(&ada.token);
    let request = request.header("traceparent", format!("00-{NAMED}-b7ad6b7169203331-01"));
    let answer = request.json(&json!({ "query": "query Me { viewer { user { username } } }" })).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

fn named<'a>(spans: &'a [SentSpan], name: &str) -> Vec<&'a SentSpan> {
    spans.iter().filter(|span| span.name == name).collect()
}

/// The names of a span and of those that it is a part of, up to the first.
fn line(spans: &[SentSpan], of: &SentSpan) -> Vec<String> {
    let mut line = vec![of.name.clone()];
    let mut at = of;
    while !at.parent.is_empty() {
        let parent = spans.iter().find(|span| span.id == at.parent && span.trace == at.trace);
        at = parent.unwrap_or_else(|| panic!("{at:?} is a part of nothing that was sent: {spans:#?}"));
        line.push(at.name.clone());
    }
    line
}

#[tokio::test]
async fn a_photo_is_one_trace_from_its_upload_to_its_sizes_and_tells_of_nobody() {
    let collector = Collector::start().await;
    let mut world = World::migrated().await;
    world.set(ENDPOINT, &collector.endpoint());
    world.set(RATIO, "1");
    let running = programs(&world).await;
    let ada = running.0.client().sign_up("adalovelace").await;
    let photo = ada.photo(picture::jpeg(400, 300)).await;
    let post = ada.post(std::slice::from_ref(&photo), "a caption of ada's").await;
    world.ready(1, PATIENCE).await;
    until("the post is in the feed", PATIENCE, async || ada.feed(10).await.contains(&post)).await;
    ask_in_a_trace(&ada).await;
    ada.run("query Wrong { nothingOfThisName }", json!({})).await;
    let follows = "name IN ('media.encode_webp', 'post.fan_out')";
    until("what follows is done", PATIENCE, async || world.count("job", follows).await == 0).await;
    stop(running).await;

    let spans = collector.spans();
    let job = named(&spans, "media.process")[0];
    assert_eq!(line(&spans, job), ["media.process", "mutation", "POST /graphql"]);
    assert_eq!((job.attributes["job.outcome"].as_str(), job.attributes["job.attempt"].as_str()), ("done", "1"));
    assert_eq!(job.attributes["job.queue"], "interactive");
    let upload = spans.iter().find(|span| span.trace == job.trace && span.parent.is_empty()).unwrap();
    let said = |name: &str| upload.attributes[name].as_str();
    assert_eq!((said("http.request.method"), said("http.route")), ("POST", "/graphql"));
    assert_eq!(said("http.response.status_code"), "200");
    assert_eq!(said("request.id").len(), 32);
    let (of_upload, of_job) = match mode() {
        Mode::Embedded => ("darkroom", "darkroom"),
        Mode::Clustered => ("darkroom-api", "darkroom-worker"),
    };
    assert_eq!((upload.service.as_str(), job.service.as_str()), (of_upload, of_job));
    for (name, parent) in [
        ("photo.receive", "mutation"),
        ("object.put_stream", "photo.receive"),
        ("object.get", "media.process"),
        ("photo.decode", "media.process"),
        ("object.put", "media.process"),
        ("media.encode_webp", "media.process"),
        ("photo.encode_webp", "media.encode_webp"),
    ] {
        let found = named(&spans, name).into_iter().find(|span| span.trace == job.trace);
        let found = found.unwrap_or_else(|| panic!("no {name} in {spans:#?}"));
        assert!(line(&spans, found)[1..].contains(&parent.to_owned()), "{name}: {:?}", line(&spans, found));
    }
    assert!(!named(&spans, "post.fan_out").is_empty());
    assert!(!named(&spans, "query Me").is_empty(), "{spans:#?}");
    assert!(spans.iter().all(|span| span.trace != NAMED), "a stranger does not say which trace it is");

    let mut secrets = ["adalovelace", "example.test", "caption", "Wrong", "sig=", "a test"].map(str::to_owned).to_vec();
    secrets.push(ada.token.clone());
    for id in [&ada.id, &photo, &post] {
        let row = uuid_of(id);
        secrets.extend([id.clone(), row.to_string(), row.simple().to_string()]);
    }
    secrets.extend(world.object_keys().await);
    for secret in secrets {
        for span in &spans {
            assert!(!span.whole.contains(&secret), "{secret} in {}", span.whole);
        }
    }
    world.end().await;
}

#[tokio::test]
async fn a_trusted_proxy_says_what_is_traced_where_nothing_else_is() {
    let collector = Collector::start().await;
    let mut world = World::migrated().await;
    world.set(ENDPOINT, &collector.endpoint());
    world.set(RATIO, "0");
    world.set("DARKROOM_HTTP_TRUSTED_PROXIES", "127.0.0.0/8");
    let mut server = api(&mut world).await;
    let ada = server.client().sign_up("ada").await;
    ada.photo(picture::jpeg(40, 30)).await;
    ask_in_a_trace(&ada).await;
    server.process.stop(PATIENCE).await;
    let mut names: Vec<String> = Vec::new();
    for span in collector.spans() {
        assert_eq!(span.trace, NAMED, "{span:?}");
        names.push(span.name);
    }
    names.sort();
    assert_eq!(names, ["POST /graphql", "query Me"]);
    assert_eq!(world.count("job", "trace IS NOT NULL").await, 0, "what is not traced leaves no trace");
    world.end().await;
}

#[tokio::test]
async fn without_a_collector_nothing_is_sent_or_written_down() {
    let collector = Collector::start().await;
    let mut world = World::migrated().await;
    world.set(RATIO, "1");
    for (endpoint, traced) in [(String::new(), 0), (collector.endpoint(), 1)] {
        world.set(ENDPOINT, &endpoint);
        let mut server = api(&mut world).await;
        server.client().sign_up(&format!("ada{traced}")).await.photo(picture::jpeg(40, 30)).await;
        server.process.stop(PATIENCE).await;
        assert_eq!(world.count("job", "name = 'media.process' AND LENGTH(trace) = 55").await, traced);
        assert_eq!(world.count("job", "name = 'media.process' AND trace IS NULL").await, 1);
        assert_eq!(collector.spans().is_empty(), traced == 0);
    }
    world.end().await;
}

#[tokio::test]
async fn a_collector_that_is_away_or_says_nothing_fails_no_request() {
    let mut world = World::migrated().await;
    world.set(RATIO, "1");
    // It takes connections in, and nobody ever answers them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (number, address) in [silent.local_addr().unwrap(), gone].into_iter().enumerate() {
        world.set(ENDPOINT, &format!("http://{address}"));
        let mut running = programs(&world).await;
        let ada = running.0.client().sign_up(&format!("ada{number}")).await;
        ada.photo(picture::jpeg(40, 30)).await;
        world.ready(number as i64 + 1, PATIENCE).await;
        if address == gone {
            let said = "traces can't be sent and are dropped: see telemetry.otlp_endpoint";
            running.0.process.logged(said).await;
        }
        stop(running).await;
    }
    world.end().await;
}
