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
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// A request's head must be complete within this; an idle connection is closed after it.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

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
/// None at present; a listener that fails for a moment is tried again.
pub async fn serve(app: App, listener: TcpListener, shutdown: CancellationToken) -> anyhow::Result<()> {
    let schema = darkroom_schema::build(&app);
    let sockets = TaskTracker::new();
    let router = crate::routes(app.clone(), schema, shutdown.clone(), sockets.clone());
    run(router, listener, shutdown, sockets).await;
    app.settle().await;
    Ok(())
}

pub(crate) async fn run(router: Router, listener: TcpListener, shutdown: CancellationToken, sockets: TaskTracker) {
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = connection(router.clone(), stream, peer, shutdown.clone());
                let cut = cut.clone();
                connections.spawn(async move { cut.run_until_cancelled(connection).await });
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

async fn connection(router: Router, stream: TcpStream, peer: SocketAddr, shutdown: CancellationToken) {
    // Small answers leave at once.
    let _ = stream.set_nodelay(true);
    let spoken = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&spoken);
    let service = router.map_request(move |request: http::Request<hyper::body::Incoming>| {
        heard.store(true, Ordering::Relaxed);
        request.map(Body::new)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(BUFFER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(BUFFER as u32)
        .keep_alive_interval(HEAD_TIMEOUT);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = std::pin::pin!(connection);
    let first_request = tokio::time::sleep(HEAD_TIMEOUT);
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
