//! Servers that have taken a master's place.
//!
//! A replica has what its master had told it by then, which may be less than what the master had answered for: a timeline may lack
//! a post there, and nothing shows it. So the timelines that an heir has are forgotten, as if it had come empty, and built anew as
//! they are read. Each process does it, so that it happens whoever dies.

use std::collections::HashSet;
use std::time::Duration;

use fred::types::config::Server;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::AbortHandle;

use super::KIND;
use crate::redis::Redis;

/// Pause before what has failed is tried again.
const RETRY: Duration = Duration::from_millis(200);

/// Looks out for them until dropped.
#[derive(Debug)]
pub(super) struct Heirs(AbortHandle);

impl Heirs {
    pub(super) fn watch(redis: &Redis) -> Self {
        // In this order: who comes in between is seen.
        let connections = redis.connections();
        let known = redis.masters();
        Self(tokio::spawn(watch(redis.clone(), connections, known)).abort_handle())
    }
}

impl Drop for Heirs {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn watch(redis: Redis, mut connections: Receiver<Server>, mut known: HashSet<Server>) {
    // Whichever was connected to, and even if some were missed: all masters are looked at.
    while !matches!(connections.recv().await, Err(RecvError::Closed)) {
        let masters = redis.masters();
        // Those that are there at the beginning have taken nobody's place.
        if !known.is_empty() {
            for heir in masters.difference(&known) {
                forget(&redis, heir).await;
            }
        }
        known = masters;
    }
}

/// Forgets the timelines that this server has, unless it stops being a master meanwhile.
async fn forget(redis: &Redis, heir: &Server) {
    tracing::warn!(server = %heir, "a Redis has become a master; its timelines are built anew");
    while let Err(error) = redis.forget_kind(KIND, heir).await {
        tracing::debug!(%error, server = %heir, "timelines can't be forgotten yet");
        if !redis.masters().contains(heir) {
            return;
        }
        tokio::time::sleep(RETRY).await;
    }
}
