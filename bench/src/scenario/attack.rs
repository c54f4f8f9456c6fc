//! Requests that are made to hurt: what each costs the server, and how long a bystander waits meanwhile.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use futures::future::try_join_all;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Effort;
use crate::http::{self, Connection};
use crate::program::Deployment;
use crate::report::{Section, quantile};
use crate::stores::World;

/// Connections that attack at once.
const ATTACKERS: usize = 4;

/// Pause between a bystander's questions: some hundred a second, so that its 99th percentile says something.
const PACE: Duration = Duration::from_millis(5);

/// Connections that begin a head and never end it.
const SLOW: usize = 500;

const ORDINARY: &str = "{ viewer { email } instance { version uploadMaxBytes } }";

/// An attack: its name and the bytes of one request.
type Attack = (&'static str, Vec<u8>);

/// Measures each attack on a server that does nothing else.
pub(crate) async fn run(section: &mut Section<'_>, world: &World, effort: Effort) -> anyhow::Result<()> {
    let deployment = Deployment::start(world).await?;
    let lasting = effort.reading / 5;
    let mut alone = bystander(world.address, Arc::new(AtomicBool::new(false)), lasting).await?;
    section.add("a bystander alone, p99", quantile(&mut alone, 0.99), "ms");
    for (name, request) in attacks() {
        let over = Arc::new(AtomicBool::new(false));
        let waiting = tokio::spawn(bystander(world.address, Arc::clone(&over), lasting * 10));
        let meter = world.meter(&deployment.pids())?;
        let until = Instant::now() + lasting;
        let attackers = (0..ATTACKERS).map(|_| attack(world.address, &request, until));
        let sent: usize = try_join_all(attackers).await?.iter().sum();
        let (_, cpu) = meter.read()?;
        over.store(true, Ordering::Relaxed);
        let mut waited = waiting.await??;
        ensure!(sent > 0, "{name}: nothing was answered in {} s", lasting.as_secs_f64());
        // The bystander's own share is in it, and small beside.
        section.add(format!("{name}, {} bytes: CPU", request.len()), cpu[0] * 1e3 / sent as f64, "ms");
        section.add(format!("{name}: a bystander's p99"), quantile(&mut waited, 0.99), "ms");
    }
    slow_heads(section, world, &deployment, lasting).await?;
    deployment.stop().await
}

/// Half a thousand clients that never finish what they began to say.
async fn slow_heads(
    section: &mut Section<'_>,
    world: &World,
    deployment: &Deployment,
    lasting: Duration,
) -> anyhow::Result<()> {
    let meter = world.meter(&deployment.pids())?;
    let open = (0..SLOW).map(|_| async {
        let mut stream = TcpStream::connect(world.address).await?;
        stream.write_all(b"POST /graphql HTTP/1.1\r\nhost: bench\r\nx-slow: ").await?;
        anyhow::Ok(stream)
    });
    let held = try_join_all(open).await?;
    let mut waited = bystander(world.address, Arc::new(AtomicBool::new(false)), lasting).await?;
    let (_, cpu) = meter.read()?;
    drop(held);
    section.add(format!("{SLOW} slow heads: CPU of all, a bystander among them"), cpu[0] * 1e3, "ms");
    section.add(format!("{SLOW} slow heads: a bystander's p99"), quantile(&mut waited, 0.99), "ms");
    Ok(())
}

/// Asks an ordinary question again and again; how long each answer took, milliseconds.
async fn bystander(address: SocketAddr, over: Arc<AtomicBool>, at_most: Duration) -> anyhow::Result<Vec<f64>> {
    let mut connection = Connection::open(address).await?;
    let question = http::graphql("", ORDINARY, &json!({}));
    let (begun, mut took) = (Instant::now(), Vec::new());
    while !over.load(Ordering::Relaxed) && begun.elapsed() < at_most {
        let asked = Instant::now();
        connection.send(&question).await?;
        took.push(asked.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(PACE).await;
    }
    Ok(took)
}

/// Sends a request again and again; how many were answered. A connection that the server closes is opened anew.
async fn attack(address: SocketAddr, request: &[u8], until: Instant) -> anyhow::Result<usize> {
    let mut answered = 0;
    while Instant::now() < until {
        let mut stream = TcpStream::connect(address).await?;
        // What is refused early is not read to its end.
        let _ = stream.write_all(request).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        answered += 1;
    }
    Ok(answered)
}

fn attacks() -> Vec<Attack> {
    let repeat = |count: usize, what: &dyn Fn(usize) -> String| (0..count).map(what).collect::<String>();
    let circle = "fields { type { ofType { ".repeat(4) + "name" + &" } } }".repeat(4);
    let mut attacks: Vec<Attack> = [
        ("fragment bomb", bomb(10, 7)),
        ("fragment bomb", bomb(14, 11)),
        ("fragment bomb", bomb(20, 13)),
        ("aliases", format!("{{ viewer {{ {} }} }}", repeat(3000, &|at| format!("a{at}: email ")))),
        ("directives", format!("{{ viewer {{ {} }} }}", "email @a @b ".repeat(1000))),
        ("nesting", "{a".repeat(30_000)),
        ("circular introspection", format!("{{ __schema {{ types {{ {circle} }} }} }}")),
        ("wrong names", format!("mutation {{ {} }}", repeat(1500, &|at| format!("likePots{at} ")))),
        ("long lists", "{ feed(first: 100) { nodes { comments(first: 100) { nodes { id } } } } }".to_owned()),
    ]
    .map(|(name, document)| (name, post(json!({ "query": document }).to_string().as_bytes())))
    .into();
    let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let variables = json!({ "query": nodes, "variables": { "ids": vec!["a"; 200_000] } });
    attacks.push(("huge variables", post(variables.to_string().as_bytes())));
    let digits = format!(r#"{{"query":"{{ __typename }}","variables":{{"a":1{}}}}}"#, "0".repeat(500_000));
    attacks.push(("a huge number", post(digits.as_bytes())));
    let batch = format!("[{}]", vec![r#"{"query":"{ __typename }"}"#; 10_000].join(","));
    attacks.push(("a batch", post(batch.as_bytes())));
    attacks.push(("bytes that are no UTF-8", post(&[b'{', b'"', 0xFF, b'"', b'}'])));
    attacks.push(("a key twice", post(br#"{"query":"{ __typename }","query":"{ __typename }"}"#)));
    let headers = repeat(5000, &|at| format!("x-{at}: a\r\n"));
    attacks.push(("headers", format!("GET / HTTP/1.1\r\nhost: bench\r\n{headers}\r\n").into_bytes()));
    attacks
}

/// Fragments each of which spreads the next one `width` times.
fn bomb(width: usize, height: u8) -> String {
    let mut text = "{ viewer { ...A } }".to_owned();
    for at in 0..height {
        let (name, next) = (char::from(b'A' + at), char::from(b'B' + at));
        text += &format!("fragment {name} on Viewer {{{}}}", format!("...{next} ").repeat(width));
    }
    text + &format!("fragment {} on Viewer {{email}}", char::from(b'A' + height))
}

/// The bytes of a request after which the connection ends.
fn post(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: bench\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
