//! Connections: accepting them, bounding what an idle or slow one costs, and letting go of them in order.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use darkroom_service::App;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

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
/// # Errors
/// The list of trusted documents can't be used: nothing is served. A listener that fails for a moment is tried again.
pub async fn serve(app: App, listener: TcpListener, shutdown: CancellationToken) -> anyhow::Result<()> {
    let schema = darkroom_schema::build(&app);
    let sockets = TaskTracker::new();
    let router = crate::routes(app.clone(), schema, shutdown.clone(), sockets.clone()).await?;
    let limits = &app.config.limits;
    let bounds = Bounds { connections: limits.connections_max, head: Duration::from_secs(limits.head_timeout_seconds) };
    run(router, listener, bounds, shutdown, sockets).await;
    app.settle().await;
    Ok(())
}

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// So many are served at once; the system keeps some more waiting.
    pub(crate) connections: usize,
    /// A request's head must be complete within this; an idle connection is closed after it.
    pub(crate) head: Duration,
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
                let connection = connection(router.clone(), stream, peer, bounds.head, shutdown.clone());
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

async fn connection(router: Router, stream: TcpStream, peer: SocketAddr, head: Duration, shutdown: CancellationToken) {
    // Small answers leave at once.
    let _ = stream.set_nodelay(true);
    let spoken = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&spoken);
    let service = router.map_request(move |request: http::Request<hyper::body::Incoming>| {
        heard.store(true, Ordering::Relaxed);
        request.map(Body::new)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(head).max_buf_size(BUFFER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(BUFFER as u32)
        .keep_alive_interval(head);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = std::pin::pin!(connection);
    let first_request = tokio::time::sleep(head);
    let mut first_request = std::pin::pin!(first_request);
    let (mut waits, mut stopping) = (true, false);
    loop {
        tokio::select! {
            result = connection.as_mut() => {
                if let Err(error) = result {
                    tracing::debug!(%peer, %error, "a connection ended badly");
                }
                return;
            }
            // hyper's own time-out begins when the protocol is known, and a silent client leaves that open.
            () = first_request.as_mut(), if waits => {
                waits = false;
                if !spoken.load(Ordering::Relaxed) {
                    return;
                }
            }
            () = shutdown.cancelled(), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}
