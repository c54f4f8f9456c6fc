//! Where metrics are read: HTTP on an address of its own, for a private network. Nobody has to sign in.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Config, ConfigError};

/// Connections at once: a handful of Prometheus servers and a person.
const CONNECTIONS: usize = 16;

/// The longest that a connection lasts: it asks once.
const LIFE: Duration = Duration::from_secs(10);

/// Most bytes of a request's head.
const BUFFER: usize = 16 * 1024;

/// Without a free file descriptor accepting fails at once, again and again.
const BREATHER: Duration = Duration::from_millis(100);

/// The form of [`text`](super::text).
const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Brings what is measured only when somebody asks up to date; must be quick.
type Look = Arc<dyn Fn() + Send + Sync>;

/// Listens for whoever reads metrics.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
}

impl Listener {
    /// Listens where `metrics.listen` says, and begins to record; `None` if it says nothing.
    ///
    /// # Errors
    /// The address can't be listened on.
    pub async fn open(config: &Config) -> Result<Option<Self>, ConfigError> {
        let Some(address) = config.metrics_listen()? else { return Ok(None) };
        let listener = TcpListener::bind(address).await.map_err(|error| {
            let problem = format!("{address} can't be listened on ({error}); end what uses it, or choose another port");
            ConfigError::new("metrics.listen", problem)
        })?;
        super::enable();
        Ok(Some(Self { listener }))
    }

    /// Where it listens: with port 0 the system has chosen one.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers `GET /metrics`, and `GET /healthz` as long as the process lives, until `shutdown`; what is under way is
    /// finished.
    pub async fn serve(self, look: impl Fn() + Send + Sync + 'static, shutdown: CancellationToken) {
        let look: Look = Arc::new(look);
        let (places, connections) = (Arc::new(Semaphore::new(CONNECTIONS)), TaskTracker::new());
        loop {
            let accepting = async {
                // Never closed; and a place first, so that whoever can't be served yet costs nothing here.
                let place = Arc::clone(&places).acquire_owned().await.ok();
                (place, self.listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                () = shutdown.cancelled() => break,
                accepted = accepting => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let look = Arc::clone(&look);
                    connections.spawn(async move {
                        let _ = tokio::time::timeout(LIFE, connection(stream, look)).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection of the metrics' reader could not be accepted");
                    tokio::time::sleep(BREATHER).await;
                }
            }
        }
        connections.close();
        connections.wait().await;
    }
}

async fn connection(stream: TcpStream, look: Look) {
    let service = service_fn(|request: Request<Incoming>| {
        let answer = answer(request.method(), request.uri().path(), &*look);
        async move { Ok::<_, Infallible>(answer) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(LIFE)
        .keep_alive(false)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "a connection of the metrics' reader ended badly");
    }
}

fn answer(method: &Method, path: &str, look: &(dyn Fn() + Send + Sync)) -> Response<String> {
    let plain = |status: StatusCode, body: &str| {
        let mut response = Response::new(body.to_owned());
        *response.status_mut() = status;
        response
    };
    match path {
        "/metrics" | "/healthz" if method != Method::GET => {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
            response
        }
        "/metrics" => {
            look();
            let mut response = Response::new(super::text());
            response.headers_mut().insert(CONTENT_TYPE, OPEN_METRICS);
            response
        }
        "/healthz" => plain(StatusCode::OK, "ok"),
        _ => plain(StatusCode::NOT_FOUND, ""),
    }
}
