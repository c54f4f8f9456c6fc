//! The floor of HTTP: bare hyper that answers every request with the same bytes.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Serves the file's bytes until the process is ended: requests are read to their end and not looked at.
pub(crate) async fn serve(file: &Path, address: SocketAddr) -> anyhow::Result<()> {
    let body = Bytes::from(std::fs::read(file)?);
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let body = body.clone();
        let answer = service_fn(move |request: Request<Incoming>| {
            let body = body.clone();
            async move {
                let _ = request.into_body().collect().await;
                let mut response = Response::new(Full::new(body));
                let kind = hyper::header::HeaderValue::from_static("application/json");
                response.headers_mut().insert(CONTENT_TYPE, kind);
                Ok::<_, Infallible>(response)
            }
        });
        // A client that hangs up in the middle is no fault of the floor.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}
