//! Connections: accepting them, bounding what an idle or slow one costs, and letting go of them in order.

mod garbled;
mod head;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use darkroom_service::App;
use futures::FutureExt;
use futures::future::BoxFuture;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::address::Peer;
use head::{Answered, Heads, Watched};

/// Most bytes of a head, and of a body's chunk.
const BUFFER: usize = 64 * 1024;

/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 100;

/// What is under way when the server stops may take so long.
const GRACE: Duration = Duration::from_secs(20);

/// Without a free file descriptor accepting fails at once, again and again.
const BREATHER: Duration = Duration::from_millis(100);

/// Serves the API until `shutdown`; then takes no new connection, finishes the requests under way (up to 20 s), closes
/// WebSockets with 1001, and waits for what the application has left to do.
///
/// In a box: a plain `async fn` is compiled where it is awaited, with all that it awaits, in each program anew.
///
/// # Errors
/// The list of trusted documents can't be used: nothing is served. A listener that fails for a moment is tried again.
pub fn serve(app: App, listener: TcpListener, shutdown: CancellationToken) -> BoxFuture<'static, anyhow::Result<()>> {
    async move {
        let schema = darkroom_schema::build(&app);
        let sockets = TaskTracker::new();
        let router = crate::routes(app.clone(), schema, shutdown.clone(), sockets.clone()).await?;
        let limits = &app.config.limits;
        let bounds = Bounds {
            connections: limits.connections_max,
            head: Duration::from_secs(limits.head_timeout_seconds),
            idle: Duration::from_secs(limits.idle_timeout_seconds),
        };
        run(router, listener, bounds, shutdown, sockets).await;
        app.settle().await;
        Ok(())
    }
    .boxed()
}

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// So many are served at once; the system keeps some more waiting.
    pub(crate) connections: usize,
    /// A request's head must be complete within this, from its first byte, and a connection's first from its beginning.
    pub(crate) head: Duration,
    /// A kept connection on which nothing comes is closed after this.
    pub(crate) idle: Duration,
}

pub(crate) async fn run(
    router: Router,
    listener: TcpListener,
    bounds: Bounds,
    shutdown: CancellationToken,
    sockets: TaskTracker,
) {
    let connections = TaskTracker::new();
    let places = Arc::new(Semaphore::new(bounds.connections.min(Semaphore::MAX_PERMITS)));
    let cut = CancellationToken::new();
    loop {
        let accepting = async {
            // Never closed; and a place first, so that whoever can't be served yet costs nothing here.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = accepting => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = connection(router.clone(), stream, peer, bounds, shutdown.clone());
                let cut = cut.clone();
                connections.spawn(async move {
                    cut.run_until_cancelled(connection).await;
                    drop(place);
                });
            }
            Err(error) => pause_after(&error).await,
        }
    }
    drop(listener);
    connections.close();
    sockets.close();
    let orderly = async {
        connections.wait().await;
        sockets.wait().await;
    };
    if tokio::time::timeout(GRACE, orderly).await.is_err() {
        tracing::warn!(connections = connections.len(), "requests were still under way and are cut off");
        cut.cancel();
    }
}

async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(BREATHER).await;
}

async fn connection(router: Router, stream: TcpStream, peer: SocketAddr, bounds: Bounds, shutdown: CancellationToken) {
    // Small answers leave at once.
    let _ = stream.set_nodelay(true);
    let heads = Heads::expected();
    let stream = Watched::new(stream, heads.clone());
    let completed = heads.clone();
    let service = tower::service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let under_way = completed.complete(request.version());
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer.ip()));
        let answer = router.clone().oneshot(request);
        async move { answer.await.map(|answer| answer.map(|body| Answered::new(body, under_way))) }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(bounds.idle.max(bounds.head)).max_buf_size(BUFFER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(BUFFER as u32)
        .keep_alive_interval(bounds.head);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = std::pin::pin!(connection);
    let mut overdue = std::pin::pin!(heads.overdue(bounds.head));
    let mut stopping = false;
    loop {
        tokio::select! {
            result = connection.as_mut() => {
                if let Err(error) = result {
                    tracing::debug!(%peer, %error, "a connection ended badly");
                }
                return;
            }
            () = overdue.as_mut() => return,
            () = shutdown.cancelled(), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}
