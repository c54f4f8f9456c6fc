//! Another API server on the same stores, as another process would be.

use std::net::SocketAddr;

use darkroom_platform::{Config, Platform, Role};
use darkroom_service::App;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::TestApp;
use crate::client::Client;
use crate::decoder;

/// A second server of a [`TestApp`], with connections of its own. Of use with shared stores only.
pub struct Peer {
    /// The application behind it.
    pub app: App,
    address: SocketAddr,
    stop: CancellationToken,
    server: JoinHandle<anyhow::Result<()>>,
}

impl TestApp {
    /// Starts another server on the same stores, with the same clock.
    pub async fn peer(&self) -> Peer {
        let mut config = Config::load_from(Role::Single, None, self.variables().to_vec()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        config.set_listen(address);
        let platform = Platform::connect(config, self.clock.clone()).await.unwrap();
        let app = decoder::decoding(App::new(platform));
        let stop = CancellationToken::new();
        let server = tokio::spawn(darkroom_api::serve(app.clone(), listener, stop.clone()));
        Peer { app, address, stop, server }
    }
}

impl Peer {
    /// A client of this server with a session's token.
    pub fn client(&self, token: &str) -> Client {
        Client::new(self.address).with_token(token)
    }

    /// Ends it in order.
    pub async fn finish(self) {
        self.stop.cancel();
        self.server.await.unwrap().unwrap();
        self.app.settle().await;
        self.app.database.close().await.unwrap();
    }
}
