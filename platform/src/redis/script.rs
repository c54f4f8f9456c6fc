//! How scripts are run: many keys, one round trip.

use fred::bytes_utils::Str;
use fred::error::Error;
use fred::prelude::{Client, ClientLike, Value};
use fred::types::scripts::Script;
use fred::types::{ClusterHash, CustomCommand};

/// A key, and what a script is told of it.
pub(crate) type Call = (String, Vec<Value>);

/// Runs a script on each key, in one round trip, and gives its answers in the order of the keys: by hash, and by text if
/// the server does not know the hash.
///
/// Loading the script and asking by hash again would leave a moment in which the server can lose it once more.
pub(crate) async fn run(client: Client, script: &Script, calls: &[Call]) -> Result<Vec<Value>, Error> {
    if calls.is_empty() {
        return Ok(Vec::new());
    }
    let answers = pipeline(&client, "EVALSHA", script.sha1(), calls).await;
    match (answers, script.lua()) {
        // Keys on which it had run already are met again: every script of ours bears that.
        (Err(error), Some(lua)) if error.details().starts_with("NOSCRIPT") => {
            pipeline(&client, "EVAL", lua, calls).await
        }
        (answers, _) => answers,
    }
}

async fn pipeline(client: &Client, command: &'static str, script: &Str, calls: &[Call]) -> Result<Vec<Value>, Error> {
    let pipeline = client.pipeline();
    for (key, args) in calls {
        let mut words: Vec<Value> = vec![script.clone().into(), 1.into(), key.as_str().into()];
        words.extend_from_slice(args);
        // A script's only key stands third, and says where in a cluster it runs.
        pipeline.custom::<(), _>(CustomCommand::new_static(command, ClusterHash::Offset(2), false), words).await?;
    }
    pipeline.try_all().await.into_iter().collect()
}
