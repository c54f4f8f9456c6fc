//! A TCP proxy between Darkroom and a store, which delays, stalls, cuts, refuses and answers for it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

/// Bytes in one step.
const CHUNK: usize = 16 * 1024;

/// How long the proxy listens to a request that it answers itself.
const LISTEN: Duration = Duration::from_secs(1);

/// What it does with what passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Hands it on.
    Pass,
    /// Holds each piece back for so long.
    Delay(Duration),
    /// Takes connections and bytes, and hands nothing on until the mode changes.
    Stall,
    /// Ends connections, those that are there and each new one.
    Refuse,
    /// Ends connections that are there, and answers on each new one with these bytes.
    Answer(&'static str),
}

/// A listener on an address of its own before a server.
pub(crate) struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    cuts: watch::Sender<u64>,
    _listening: AbortOnDropHandle<()>,
}

impl Proxy {
    /// Starts one before `server`, which need not be there yet.
    pub(crate) async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (mode, modes) = watch::channel(Mode::Pass);
        let (cuts, cut) = watch::channel(0);
        let listening = AbortOnDropHandle::new(tokio::spawn(listen(listener, server, modes, cut)));
        Self { address, mode, cuts, _listening: listening }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Does this from now on.
    pub(crate) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
        if matches!(mode, Mode::Refuse | Mode::Answer(_)) {
            self.cut();
        }
    }

    /// Ends every connection that is there; new ones are taken.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

async fn listen(listener: TcpListener, server: SocketAddr, modes: watch::Receiver<Mode>, cut: watch::Receiver<u64>) {
    // Connections end with the listener.
    let mut connections = JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        while connections.try_join_next().is_some() {}
        let mode = *modes.borrow();
        match mode {
            Mode::Refuse => drop(client),
            Mode::Answer(text) => drop(connections.spawn(answer(client, text))),
            Mode::Pass | Mode::Delay(_) | Mode::Stall => {
                drop(connections.spawn(join(client, server, modes.clone(), cut.clone())));
            }
        }
    }
}

/// Answers the first request of a connection, whatever it is.
async fn answer(mut client: TcpStream, text: &'static str) {
    let mut buffer = vec![0; CHUNK];
    let talk = async {
        if client.read(&mut buffer).await.is_ok_and(|length| length > 0)
            && client.write_all(text.as_bytes()).await.is_ok()
        {
            let _ = client.shutdown().await;
            // Closed with bytes unread, the answer would be lost with the connection.
            while client.read(&mut buffer).await.is_ok_and(|length| length > 0) {}
        }
    };
    let _ = tokio::time::timeout(LISTEN, talk).await;
}

async fn join(client: TcpStream, server: SocketAddr, modes: watch::Receiver<Mode>, mut cut: watch::Receiver<u64>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let both = async {
        tokio::join!(pump(from_client, to_server, modes.clone()), pump(from_server, to_client, modes.clone()));
    };
    cut.mark_unchanged();
    tokio::select! {
        () = both => {}
        _ = cut.changed() => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut modes: watch::Receiver<Mode>) {
    let mut buffer = vec![0; CHUNK];
    while let Ok(length) = from.read(&mut buffer).await {
        if length == 0 {
            break;
        }
        let mode = modes.wait_for(|mode| *mode != Mode::Stall).await.map(|mode| *mode);
        if let Ok(Mode::Delay(pause)) = mode {
            tokio::time::sleep(pause).await;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
