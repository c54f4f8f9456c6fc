//! The scripts.

use std::sync::LazyLock;

use fred::types::scripts::Script;

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
///
/// Between the two steps the list may be empty, which is to say gone, and its time to live with it.
pub(super) static SPLICE: LazyLock<Script> = LazyLock::new(|| {
    Script::from_lua(
        "if redis.call('LINDEX', KEYS[1], -1) ~= ARGV[1] then return 0 end
local left = redis.call('PTTL', KEYS[1])
redis.call('LTRIM', KEYS[1], 0, -(tonumber(ARGV[2]) + 1))
for i = 4, #ARGV, 1000 do
  redis.call('RPUSH', KEYS[1], unpack(ARGV, i, math.min(i + 999, #ARGV)))
end
if ARGV[3] ~= '0' then redis.call('EXPIRE', KEYS[1], ARGV[3])
elseif left > 0 then redis.call('PEXPIRE', KEYS[1], left) end
return 1",
    )
});

/// Adds an element to each list that exists. ARGV: the element, the longest that a list may be. The answer: which of the keys
/// have longer ones now, from 1.
pub(super) static PUSH: LazyLock<Script> = LazyLock::new(|| {
    Script::from_lua(
        "local call, entry, longest, long = redis.call, ARGV[1], tonumber(ARGV[2]), {}
for at, key in ipairs(KEYS) do
  if call('LPUSHX', key, entry) > longest then long[#long + 1] = at end
end
return long",
    )
});
