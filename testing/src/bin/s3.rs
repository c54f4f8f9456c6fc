//! An S3 server on a folder, for tests and for trying the clustered form without a cloud.
//!
//! The protocol is s3s (signatures, presigned URLs, ranges, multipart), the bytes lie in plain files under `--root`.
//! It makes its one bucket, prints `listening on http://ADDRESS` as its only line on stdout once it accepts
//! connections, and serves until SIGTERM or SIGINT. It is no store for real photographs: nothing is replicated or
//! synced to disk.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// An S3 protocol server on a local folder, for tests.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder of the objects; made if it is missing.
    #[arg(long)]
    root: PathBuf,
    /// Address to listen on; port 0 takes a free one, which the printed line names.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The one access key that is accepted.
    #[arg(long, env = "AWS_ACCESS_KEY_ID")]
    access_key: String,
    /// Its secret key; better given by the variable, since other users of the machine can read a command line.
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", hide_env_values = true)]
    secret_key: String,
    /// Bucket to make.
    #[arg(long)]
    bucket: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let service = service(&arguments)?;
    // Before the line is printed: whoever reads it may send the signal at once.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;

    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {}: choose a free port, or 0", arguments.listen))?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on http://{}", listener.local_addr()?)?;
    stdout.flush()?;

    tokio::select! {
        () = serve(listener, service) => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Opens the folder, makes the bucket and puts the S3 protocol with its one key in front of it.
fn service(arguments: &Arguments) -> Result<S3Service> {
    let bucket = arguments.bucket.as_str();
    ensure!(
        (3..=63).contains(&bucket.len())
            && bucket.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
        "a bucket's name has 3 to 63 of a-z, 0-9 and '-', but --bucket is {bucket:?}",
    );
    std::fs::create_dir_all(arguments.root.join(bucket))
        .with_context(|| format!("cannot make the bucket in {}", arguments.root.display()))?;
    let files = s3s_fs::FileSystem::new(&arguments.root)
        .map_err(|error| anyhow::anyhow!("cannot open {}: {error:?}", arguments.root.display()))?;

    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(SimpleAuth::from_single(arguments.access_key.as_str(), arguments.secret_key.as_str()));
    Ok(builder.build())
}

/// Accepts connections for ever, each in a task of its own.
async fn serve(listener: TcpListener, service: S3Service) {
    let http = Builder::new(TokioExecutor::new());
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // One refused connection (say, no file descriptor left) is no reason to take the store away.
                eprintln!("cannot accept a connection: {error}");
                tokio::task::yield_now().await;
                continue;
            }
        };
        let connection = http.serve_connection(TokioIo::new(stream), service.clone()).into_owned();
        tokio::spawn(async move {
            // A client that goes away in the middle is its own affair; the next request tells it.
            let _ = connection.await;
        });
    }
}
