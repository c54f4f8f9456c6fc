#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::config::{Config, Role};

#[test]
fn names_that_clients_give_are_bounded() {
    let callers = Callers::default();
    let first = callers.of(Some("Feed"), Some("ios"));
    assert_eq!((&*first.operation, &*first.client), ("Feed", "ios"));
    assert!(Arc::ptr_eq(&first.operation, &callers.of(Some("Feed"), Some("ios")).operation), "taken in once");
    let nameless = callers.of(None, Some(""));
    assert_eq!((&*nameless.operation, &*nameless.client), ("anonymous", "anonymous"));
    for bad in ["a b", "a\"b", "ä", "a\nb", &"x".repeat(65)] {
        assert_eq!(&*callers.of(Some(bad), None).operation, "other", "{bad:?}");
    }
    let many: std::collections::HashSet<Label> =
        (0..5000).map(|number| callers.of(Some(&format!("operation{number}")), Some("ios")).operation).collect();
    assert!(many.len() <= 1001 && many.contains("other"), "{} names are told apart", many.len());
    assert_eq!(&*callers.of(Some("Feed"), Some("ios")).operation, "Feed", "who was there first stays");
}

#[test]
fn of_several_outcomes_the_worst_counts() {
    let of = |codes: &[&str]| codes.iter().fold(Outcome::Ok, |outcome, code| outcome.worse(Outcome::of_code(code)));
    assert_eq!(of(&[]), Outcome::Ok);
    assert_eq!(of(&["INVALID"]), Outcome::Error);
    assert_eq!(of(&["INTERNAL", "INVALID", "UNAVAILABLE"]), Outcome::Failed);
}

#[test]
fn every_metric_has_its_prefix_its_unit_and_its_help() {
    enable();
    let names = exported();
    let unique: std::collections::HashSet<&String> = names.iter().collect();
    assert_eq!(unique.len(), names.len(), "no name twice");
    for name in &names {
        assert!(name.starts_with("darkroom_") || name.starts_with("process_"), "{name}");
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
    }
    record(|metrics| metrics.feed_seconds.get_or_create(&Mode { mode: "ranked" }).observe(0.3));
    let text = text();
    for line in [
        "# HELP darkroom_feed_duration_seconds Time to read a page of a feed.",
        "# TYPE darkroom_feed_duration_seconds histogram",
        "darkroom_feed_duration_seconds_bucket{le=\"0.5\",mode=\"ranked\"} 1",
        "darkroom_feed_missing_total 0",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
    let known = |line: &str| names.iter().any(|name| line.split(['{', ' ']).next() == Some(name.as_str()));
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        assert!(known(line), "{line} is in no table");
    }
}

/// Sends a request and gives back the answer.
async fn ask(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn the_listener_tells_metrics_and_nothing_else() {
    let environment = [("DARKROOM_METRICS_LISTEN", "127.0.0.1:0"), ("DARKROOM_SECRET", &"x".repeat(32))]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::load_from(Role::Single, None, environment).unwrap();
    let listener = Listener::open(&config).await.unwrap().expect("an address is set");
    let address = listener.address().unwrap();
    let (looks, stop) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
    let looked = Arc::clone(&looks);
    let look = move || _ = looked.fetch_add(1, Ordering::Relaxed);
    let serving = tokio::spawn(listener.serve(look, stop.clone()));

    let metrics = ask(address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(metrics.starts_with("HTTP/1.1 200"), "{metrics}");
    assert!(metrics.contains("application/openmetrics-text") && metrics.ends_with("# EOF\n"), "{metrics}");
    assert_eq!(looks.load(Ordering::Relaxed), 1, "it is looked when somebody asks");
    assert!(ask(address, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.ends_with("ok"));
    assert!(ask(address, "POST /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await.starts_with("HTTP/1.1 405"));
    assert!(ask(address, "GET /graphql HTTP/1.1\r\nHost: x\r\n\r\n").await.starts_with("HTTP/1.1 404"));
    assert_eq!(looks.load(Ordering::Relaxed), 1);

    stop.cancel();
    serving.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn without_an_address_nobody_listens() {
    let environment = [("DARKROOM_SECRET".to_owned(), "x".repeat(32))];
    let config = Config::load_from(Role::Single, None, environment).unwrap();
    assert!(Listener::open(&config).await.unwrap().is_none());
}

/// Every name of a series of ours in a text.
fn names_in(text: &str) -> std::collections::BTreeSet<String> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.split(|letter: char| !is_name(letter))
        .filter(|word| word.starts_with("darkroom_") || word.starts_with("process_"))
        .map(str::to_owned)
        .collect()
}

fn file(path: &str) -> String {
    std::fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn alerts_and_dashboard_ask_for_what_is_there() {
    let exported = exported();
    for path in
        ["deploy/prometheus/alerts.yml", "deploy/prometheus/alerts.test.yml", "deploy/grafana/dashboards/darkroom.json"]
    {
        let names = names_in(&file(path));
        assert!(names.len() > 20, "{path} was read");
        for name in names {
            assert!(exported.contains(&name), "{path} asks for {name}, which is not there");
        }
    }
}

/// docs/operating.md lists every metric in a row, by the name that Prometheus shows.
#[test]
fn the_operators_guide_lists_every_metric() {
    let guide = file("docs/operating.md");
    for name in exported() {
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        assert!(guide.contains(&format!("| `{family}` |")), "docs/operating.md lacks {family}");
    }
}

/// Each rule fires in a test, and each is silent on a good day.
#[test]
fn every_alert_is_tested_and_explained() {
    let (rules, tests, guide) =
        (file("deploy/prometheus/alerts.yml"), file("deploy/prometheus/alerts.test.yml"), file("docs/operating.md"));
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 15, "the rules were read");
    for alert in alerts {
        assert!(
            tests.contains(&format!("alertname: {alert}, eval_time: 170m, exp_alerts: []")),
            "{alert} on a good day"
        );
        assert!(tests.lines().any(|line| line.trim() == format!("- alertname: {alert}")), "{alert} on a bad day");
        assert!(guide.contains(&format!("| `{alert}` |")), "docs/operating.md does not explain {alert}");
    }
}
