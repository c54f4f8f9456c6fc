//! The connection that events are heard on, and to which node of a cluster it speaks.
//!
//! The nodes of a cluster tell one another of everything that is published, so that one master is enough. We choose it: left to
//! itself the client takes the one that has a certain hash slot, and loses sight of what it has subscribed to where that slot
//! moves on; and it sends PING, which shows that a SUBSCRIBE was read, to any of them.

use fred::clients::WithOptions;
use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClusterInterface, PubsubInterface};
use fred::prelude::{Client, ClientLike, Options};
use fred::types::Value;
use fred::types::config::Server;
use uuid::Uuid;

/// Says to the server what is to be heard.
pub(super) struct Ear {
    client: Client,
    /// On a cluster, the master that everything is subscribed to.
    home: Option<Server>,
}

impl Ear {
    pub(super) fn new(client: Client) -> Self {
        let mut ear = Self { client, home: None };
        ear.find_home();
        ear
    }

    /// Whether nothing is subscribed to any more, since this server, or any if it is not known which, was connected to. In a
    /// cluster the others may come and go.
    pub(super) fn is_new(&mut self, connected: Option<&Server>) -> bool {
        let moved = self.find_home();
        moved || !self.client.is_clustered() || connected.is_none_or(|server| self.home.as_ref() == Some(server))
    }

    /// Looks who is in the cluster now, and leaves a master that is none any more: it may go on running, and would be told of
    /// nothing. Says whether nothing is subscribed to any more.
    pub(super) async fn follow(&mut self) -> bool {
        // If it fails, so will the next that is subscribed to, which is tried again.
        let _ = self.client.sync_cluster().await;
        self.find_home()
    }

    /// Returns when the server sends what others publish on these channels from now on.
    pub(super) async fn subscribe(&self, channels: Vec<String>) -> Result<(), Error> {
        let server = self.server()?;
        server.subscribe(channels).await?;
        // fred is content when SUBSCRIBE is written. The server answers a connection in order, so that once it has answered
        // this, it has read that.
        server.ping::<Value>(None).await?;
        Ok(())
    }

    pub(super) async fn unsubscribe(&self, channels: Vec<String>) -> Result<(), Error> {
        self.server()?.unsubscribe(channels).await
    }

    fn server(&self) -> Result<WithOptions<Client>, Error> {
        if self.client.is_clustered() && self.home.is_none() {
            return Err(Error::new(ErrorKind::Cluster, "no master is known yet"));
        }
        Ok(self.client.with_options(&Options { cluster_node: self.home.clone(), ..Options::default() }))
    }

    /// Takes a master of the cluster, any, unless the one that it has still is one. Says whether it is another than before.
    fn find_home(&mut self) -> bool {
        let masters = self.client.cached_cluster_state().map(|state| state.unique_primary_nodes()).unwrap_or_default();
        if masters.is_empty() || self.home.as_ref().is_some_and(|home| masters.contains(home)) {
            return false;
        }
        let any = (Uuid::new_v4().as_u128() % masters.len() as u128) as usize;
        self.home = masters.into_iter().nth(any);
        true
    }
}
