//! How keys are forgotten by their names, one node after the other.

use fred::prelude::{Client, ClientLike, KeysInterface, Options};
use fred::types::config::Server;

use super::{Redis, RedisError};

/// Keys that a server looks at in one go.
const SCAN: u32 = 1000;

impl Redis {
    /// Forgets everything that this installation has, on all nodes: timelines, copies, counts, hints. What moves from one node
    /// to another meanwhile may stay.
    ///
    /// # Errors
    /// When a server is away or failed; a part is forgotten then.
    pub(crate) async fn forget(&self) -> Result<(), RedisError> {
        let pattern = format!("{}:*", escaped(&self.inner.prefix));
        let masters = self.masters();
        if masters.is_empty() {
            return self.forget_at(None, &pattern).await;
        }
        for master in masters {
            self.forget_at(Some(&master), &pattern).await?;
        }
        Ok(())
    }

    /// Forgets all keys of a kind that one master has.
    ///
    /// # Errors
    /// As [`Redis::forget`].
    pub(crate) async fn forget_kind(&self, kind: &str, master: &Server) -> Result<(), RedisError> {
        let pattern = format!("{}:{}:*", escaped(&self.inner.prefix), escaped(kind));
        self.forget_at(Some(master), &pattern).await
    }

    async fn forget_at(&self, master: Option<&Server>, pattern: &str) -> Result<(), RedisError> {
        let mut cursor = "0".to_owned();
        loop {
            let from = &cursor;
            let look = |client: Client| async move {
                // Only a cluster has several to choose from.
                let cluster_node = master.filter(|_| client.is_clustered()).cloned();
                let node = client.with_options(&Options { cluster_node, ..Options::default() });
                node.scan_page(from.clone(), pattern.to_owned(), Some(SCAN), None).await
            };
            let (next, keys): (String, Vec<String>) = self.call(look).await?;
            self.unlink(&keys).await?;
            if next == "0" {
                return Ok(());
            }
            cursor = next;
        }
    }

    /// One command a key: in a cluster two are hardly ever in one slot.
    async fn unlink(&self, keys: &[String]) -> Result<(), RedisError> {
        if keys.is_empty() {
            return Ok(());
        }
        let unlink = |client: Client| async move {
            let pipeline = client.pipeline();
            for key in keys {
                pipeline.unlink::<(), _>(key.as_str()).await?;
            }
            pipeline.try_all::<()>().await.into_iter().collect::<Result<Vec<()>, _>>()
        };
        self.call(unlink).await.map(|_| ())
    }
}

/// A text as a pattern that matches nothing else (Redis, KEYS: glob-style patterns).
fn escaped(text: &str) -> String {
    text.chars().flat_map(|char| "\\*?[]^-".contains(char).then_some('\\').into_iter().chain([char])).collect()
}
