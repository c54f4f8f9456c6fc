//! Thousands of people who listen to one post: what a quiet socket holds, and how soon a comment is everywhere.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use futures::SinkExt;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use uuid::Uuid;

use super::{Effort, REST, memory_at_rest};
use crate::http::{self, Connection};
use crate::population;
use crate::program::Deployment;
use crate::report::{Section, quantile};
use crate::stores::World;
use crate::usage::memory;

/// Handshakes under way at once.
const HANDSHAKES: usize = 64;

/// How long a comment may take to the last listener before the run is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes that our own side of a socket reads at once: this process holds thousands of them too.
const BUFFER: usize = 2 * 1024;

const LISTEN: &str = "subscription Said($post: ID!) { commentAdded(postId: $post) { id text } }";
const SAY: &str = "mutation Say($input: AddCommentInput!) { addComment(input: $input) { comment { id }
    userErrors { message } } }";

const POSTED: &str = "{ viewer { user { posts(first: 1) { edges { node { id } } } } } }";

type Socket = WebSocketStream<TcpStream>;

/// Measures it on a world of its own.
pub(crate) async fn run(section: &mut Section<'_>, world: &World, effort: Effort) -> anyhow::Result<()> {
    let app = world.open().await?;
    let tokens = population::audience(&app, effort.listeners).await?;
    app.database.close().await?;
    drop(app);

    let deployment = Deployment::start(world).await?;
    let pid = deployment.programs[0].pid();
    let name = deployment.programs[0].name;
    // What the first socket and the first comment make for good is no socket's share.
    let (address, author) = (world.address, tokens[0].as_str());
    let post = posted(address, author).await?;
    say(address, author, &post).await?;
    let before = memory_at_rest(pid).await?;

    let people = effort.listeners as f64;
    let meter = world.meter(&deployment.pids())?;
    let sockets: Vec<Socket> = stream::iter(tokens.clone())
        .map(|token| open(address, token))
        .buffer_unordered(HANDSHAKES)
        .try_collect()
        .await?;
    let (seconds, cpu) = meter.read()?;
    section.add(format!("sockets opened, {HANDSHAKES} at once"), people / seconds, "/s");
    section.add(format!("CPU a socket opened, {name}"), cpu[0] * 1e3 / people, "ms");
    let idle = (memory_at_rest(pid).await? - before) * 1024.0 / people;
    section.add("memory of a signed-in socket that asks for nothing", idle, "KiB");

    let (heard, mut arrivals) = mpsc::unbounded_channel();
    let meter = world.meter(&deployment.pids())?;
    let told = Arc::new(post.clone());
    let listeners: Vec<_> = stream::iter(sockets)
        .map(|socket| listen(socket, Arc::clone(&told)))
        .buffer_unordered(HANDSHAKES)
        .map_ok(|socket| tokio::spawn(hear(socket, heard.clone())))
        .try_collect()
        .await?;
    all_listen(address, author, &post, effort.listeners, &mut arrivals).await?;
    let (_, cpu) = meter.read()?;
    section.add(format!("CPU a subscription begun, the first comments with it, {name}"), cpu[0] * 1e3 / people, "ms");
    let listening = (memory_at_rest(pid).await? - before) * 1024.0 / people;
    section.add("memory of a socket that listens", listening, "KiB");

    let meter = world.meter(&deployment.pids())?;
    let (mut times, mut lasts) = (Vec::new(), Vec::new());
    for _ in 0..effort.comments {
        let mut took = everywhere(address, author, &post, effort.listeners, &mut arrivals).await?;
        lasts.push(quantile(&mut took, 1.0));
        times.extend(took);
    }
    let (_, cpu) = meter.read()?;
    let deliveries = times.len() as f64;
    section.add(format!("a comment to {} listeners, median", effort.listeners), quantile(&mut times, 0.5), "ms");
    section.add("99th percentile", quantile(&mut times, 0.99), "ms");
    section.add("the last of them, median", quantile(&mut lasts, 0.5), "ms");
    for (program, seconds) in deployment.programs.iter().zip(&cpu) {
        section.add(format!("CPU a delivery, {}", program.name), seconds * 1e6 / deliveries, "µs");
    }
    for ((name, _), seconds) in world.servers.iter().zip(&cpu[deployment.programs.len()..]) {
        if *name != "S3" {
            section.add(format!("CPU a delivery, {name}"), seconds * 1e6 / deliveries, "µs");
        }
    }
    section.add(format!("memory of {name}, peak"), memory(pid)?.peak, "MiB");
    listeners.iter().for_each(tokio::task::JoinHandle::abort);
    drop(listeners);
    sleep(REST).await;

    let meter = world.meter(&deployment.pids())?;
    let mut took = reconnect(address, &tokens, &post).await?;
    let (_, cpu) = meter.read()?;
    section.add(
        format!("all {} come back at once and listen: median", effort.listeners),
        quantile(&mut took, 0.5),
        "ms",
    );
    section.add("the last of them", quantile(&mut took, 1.0), "ms");
    section.add(format!("CPU a reconnection, {name}"), cpu[0] * 1e3 / people, "ms");
    section.add(format!("memory of {name}, peak, with those who came back"), memory(pid)?.peak, "MiB");
    deployment.stop().await
}

/// Everybody connects at the same moment, as after a restart, and listens; milliseconds until each has its acknowledgement and
/// has asked. Fails if anybody is refused.
async fn reconnect(address: SocketAddr, tokens: &[String], post: &str) -> anyhow::Result<Vec<f64>> {
    let told = Arc::new(post.to_owned());
    let begun = Instant::now();
    let back: Vec<(Socket, f64)> = stream::iter(tokens.to_vec())
        .map(|token| {
            let told = Arc::clone(&told);
            async move {
                let socket = listen(open(address, token).await?, told).await?;
                anyhow::Ok((socket, begun.elapsed().as_secs_f64() * 1e3))
            }
        })
        .buffer_unordered(tokens.len())
        .try_collect()
        .await?;
    Ok(back.into_iter().map(|(_, took)| took).collect())
}

/// Waits until everybody listens. A subscription is not acknowledged, and who begins to listen after a comment does not hear
/// it: so it is said again until all have heard one and the same.
async fn all_listen(
    address: SocketAddr,
    token: &str,
    post: &str,
    listeners: usize,
    arrivals: &mut mpsc::UnboundedReceiver<(String, Instant)>,
) -> anyhow::Result<()> {
    let end = Instant::now() + PATIENCE;
    let mut heard = 0;
    while Instant::now() < end {
        let said = say(address, token, post).await?;
        heard = 0;
        // As long as somebody hears it there is hope for this one.
        while let Ok(arrival) = timeout(REST, arrivals.recv()).await {
            let (id, _) = arrival.context("no listener is left")?;
            heard += usize::from(id == said);
            if heard == listeners {
                return Ok(());
            }
        }
    }
    bail!("only {heard} of {listeners} listened within {PATIENCE:?}")
}

/// Says something and waits until everybody has heard it; milliseconds from the request's first byte to each.
async fn everywhere(
    address: SocketAddr,
    token: &str,
    post: &str,
    listeners: usize,
    arrivals: &mut mpsc::UnboundedReceiver<(String, Instant)>,
) -> anyhow::Result<Vec<f64>> {
    let begun = Instant::now();
    let said = say(address, token, post).await?;
    let mut took = Vec::with_capacity(listeners);
    let all = async {
        while took.len() < listeners {
            let (id, at) = arrivals.recv().await.context("no listener is left")?;
            // Whatever was said before this run began may still arrive.
            if id == said {
                took.push(at.duration_since(begun).as_secs_f64() * 1e3);
            }
        }
        anyhow::Ok(())
    };
    let outcome = timeout(PATIENCE, all).await;
    match outcome {
        Ok(heard) => heard?,
        Err(_) => bail!("only {} of {listeners} listeners heard a comment within {PATIENCE:?}", took.len()),
    }
    Ok(took)
}

/// The global id of the author's newest post.
async fn posted(address: SocketAddr, author: &str) -> anyhow::Result<String> {
    let mut connection = Connection::open(address).await?;
    let answer = http::data(connection.send(&http::graphql(author, POSTED, &json!({}))).await?)?;
    let id = answer["viewer"]["user"]["posts"]["edges"][0]["node"]["id"].as_str();
    id.map(str::to_owned).with_context(|| format!("no post: {answer}"))
}

/// Comments on the post; the comment's id.
async fn say(address: SocketAddr, token: &str, post: &str) -> anyhow::Result<String> {
    let input = json!({ "postId": post, "text": format!("What a morning! {}", Uuid::new_v4()) });
    let mut connection = Connection::open(address).await?;
    let answer = http::data(connection.send(&http::graphql(token, SAY, &json!({ "input": input }))).await?)?;
    let id = answer["addComment"]["comment"]["id"].as_str();
    id.map(str::to_owned).with_context(|| format!("nothing was said: {answer}"))
}

/// Opens a socket in somebody's name and waits until it is acknowledged.
async fn open(address: SocketAddr, token: String) -> anyhow::Result<Socket> {
    let mut request = format!("ws://{address}/graphql/ws").into_client_request()?;
    let headers = request.headers_mut();
    headers.insert("Sec-WebSocket-Protocol", HeaderValue::from_static("graphql-transport-ws"));
    headers.insert("Authorization", HeaderValue::from_str(&format!("Bearer {token}"))?);
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let config = WebSocketConfig::default().read_buffer_size(BUFFER).write_buffer_size(0);
    let (mut socket, _) = client_async_with_config(request, stream, Some(config)).await?;
    send(&mut socket, &json!({ "type": "connection_init" })).await?;
    let message = next(&mut socket).await?;
    ensure!(message["type"] == "connection_ack", "not acknowledged: {message}");
    Ok(socket)
}

async fn listen(mut socket: Socket, post: Arc<String>) -> anyhow::Result<Socket> {
    let payload = json!({ "query": LISTEN, "variables": { "post": *post } });
    send(&mut socket, &json!({ "type": "subscribe", "id": "1", "payload": payload })).await?;
    Ok(socket)
}

/// Tells of each comment that comes, until the socket ends.
async fn hear(mut socket: Socket, heard: mpsc::UnboundedSender<(String, Instant)>) {
    while let Ok(message) = next(&mut socket).await {
        let at = Instant::now();
        let id = message["payload"]["data"]["commentAdded"]["id"].as_str();
        if heard.send((id.unwrap_or_default().to_owned(), at)).is_err() {
            return;
        }
    }
}

async fn send(socket: &mut Socket, message: &Value) -> anyhow::Result<()> {
    Ok(socket.send(Message::Text(message.to_string().into())).await?)
}

/// The next message that is no ping.
async fn next(socket: &mut Socket) -> anyhow::Result<Value> {
    loop {
        match socket.next().await.context("the server hung up")?? {
            Message::Text(text) => return Ok(serde_json::from_str(&text)?),
            Message::Close(frame) => bail!("the server closed the socket: {frame:?}"),
            _ => {}
        }
    }
}
