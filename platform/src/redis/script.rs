//! How scripts are run: once for each of many keys in one round trip, or once for all of them.

use fred::bytes_utils::Str;
use fred::error::{Error, ErrorKind};
use fred::prelude::{Client, ClientLike, Value};
use fred::types::scripts::Script;
use fred::types::{ClusterHash, CustomCommand};
use fred::util::redis_keyslot;

use super::{Redis, RedisError};

/// A key, and what a script is told of it.
pub(crate) type Call = (String, Vec<Value>);

impl Redis {
    /// Runs a script on each key, in one round trip, and gives its answers in the order of the keys: by hash, and by text where
    /// a server does not know the hash. In a cluster each node has scripts of its own.
    ///
    /// Loading the script and asking by hash again would leave a moment in which the server can lose it once more.
    ///
    /// # Errors
    /// As [`Redis::call`]: on some keys it may have run then, and on some twice.
    pub(crate) async fn run(&self, script: &Script, calls: &[Call]) -> Result<Vec<Value>, RedisError> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        self.call(|client| async move { run(&client, script, calls).await }).await
    }

    /// Runs a script once, on all of these keys, and gives its answer. With keys not on a cluster, where they are at home on
    /// different servers.
    ///
    /// # Errors
    /// As [`Redis::call`]: it may have run in part then, or twice.
    pub(crate) async fn run_once(&self, script: &Script, keys: &[String], args: &[Value]) -> Result<Value, RedisError> {
        self.call(|client| async move {
            let answer = once(&client, "EVALSHA", script.sha1(), keys, args).await;
            match script.lua().filter(|_| is_unknown(&answer)) {
                Some(lua) => once(&client, "EVAL", lua, keys, args).await,
                None => answer,
            }
        })
        .await
    }
}

async fn once(
    client: &Client,
    command: &'static str,
    script: &Str,
    keys: &[String],
    args: &[Value],
) -> Result<Value, Error> {
    let mut words = Vec::with_capacity(2 + keys.len() + args.len());
    words.extend([script.clone().into(), Value::Integer(keys.len() as i64)]);
    words.extend(keys.iter().map(|key| Value::from(key.as_str())));
    words.extend_from_slice(args);
    client.custom(CustomCommand::new_static(command, ClusterHash::Random, false), words).await
}

async fn run(client: &Client, script: &Script, calls: &[Call]) -> Result<Vec<Value>, Error> {
    let answers = pipeline(client, "EVALSHA", script.sha1(), calls).await?;
    let unknown = calls.iter().zip(&answers).filter(|(_, answer)| is_unknown(answer));
    let unknown: Vec<Call> = unknown.map(|(call, _)| call.clone()).collect();
    let mut again = match script.lua() {
        Some(lua) if !unknown.is_empty() => pipeline(client, "EVAL", lua, &unknown).await?,
        _ => Vec::new(),
    }
    .into_iter();
    let known = |answer| if is_unknown(&answer) { again.next().unwrap_or(answer) } else { answer };
    answers.into_iter().map(known).collect()
}

/// Whether the server did not know the script.
fn is_unknown(answer: &Result<Value, Error>) -> bool {
    answer.as_ref().is_err_and(|error| error.details().starts_with("NOSCRIPT"))
}

/// Each call's answer.
async fn pipeline(
    client: &Client,
    command: &'static str,
    script: &Str,
    calls: &[Call],
) -> Result<Vec<Result<Value, Error>>, Error> {
    let (pipeline, is_clustered) = (client.pipeline(), client.is_clustered());
    for (key, args) in calls {
        let mut words: Vec<Value> = vec![script.clone().into(), 1.into(), key.as_str().into()];
        words.extend_from_slice(args);
        // Of a command that it does not know itself the client heeds a slot and nothing else that says where it runs: left to
        // itself, or told which word is the key, it goes by the first word, which is the script.
        let place = if is_clustered { ClusterHash::Custom(redis_keyslot(key.as_bytes())) } else { ClusterHash::Random };
        pipeline.custom::<(), _>(CustomCommand::new_static(command, place, false), words).await?;
    }
    let answers = pipeline.try_all().await;
    // Where nothing came back there is one error for all.
    if answers.len() == calls.len() {
        return Ok(answers);
    }
    let error = answers.into_iter().find_map(Result::err);
    Err(error.unwrap_or_else(|| Error::new(ErrorKind::Protocol, "fewer answers than commands")))
}
