//! The two scripts, and how they are run.

use std::sync::LazyLock;

use fred::bytes_utils::Str;
use fred::error::Error;
use fred::prelude::{Client, ClientLike, Value};
use fred::types::scripts::Script;
use fred::types::{ClusterHash, CustomCommand};

/// Puts a header in place of whatever is there. ARGV: header, seconds.
pub(super) static BEGIN: LazyLock<Script> = LazyLock::new(|| {
    Script::from_lua(
        "redis.call('DEL', KEYS[1])
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1",
    )
});

/// Replaces the last elements, if the header is still the one that was read. Only pushes leave it as it is, and they go to
/// the other end: so the last elements are those that were read. ARGV: header, how many, seconds to live from now (0: as
/// before), new elements …
pub(super) static SPLICE: LazyLock<Script> = LazyLock::new(|| {
    Script::from_lua(
        "if redis.call('LINDEX', KEYS[1], -1) ~= ARGV[1] then return 0 end
redis.call('LTRIM', KEYS[1], 0, -(tonumber(ARGV[2]) + 1))
for i = 4, #ARGV, 1000 do
  redis.call('RPUSH', KEYS[1], unpack(ARGV, i, math.min(i + 999, #ARGV)))
end
if ARGV[3] ~= '0' then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
return 1",
    )
});

/// A key, and what a script is told of it.
pub(super) type Call = (String, Vec<Value>);

/// Runs a script on each key, in one round trip, and gives its answers in the order of the keys: by hash, and by text if
/// the server does not know the hash.
///
/// Loading the script and asking by hash again would leave a moment in which the server can lose it once more.
pub(super) async fn run(client: Client, script: &Script, calls: &[Call]) -> Result<Vec<Value>, Error> {
    if calls.is_empty() {
        return Ok(Vec::new());
    }
    let answers = pipeline(&client, "EVALSHA", script.sha1(), calls).await;
    match (answers, script.lua()) {
        // Those keys on which it had run are met again: begun anew, or with a header that is not the one expected.
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
