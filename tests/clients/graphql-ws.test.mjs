// The `graphql-ws` client, as docs/api.md connects it. What no good client does is in socket.test.mjs.
import "./support/websocket.mjs";

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { comments, socket } from "./connect/graphql-ws.mjs";
import { collect, data } from "./support/said.mjs";
import { comment, graphqlUrl, publish, signIn, signOut, signUp, socketUrl, until, upload } from "./support/server.mjs";

/** A client of a token, and what happens to its connections, in order; it is gone when the test is over. */
function watched(t, token, { on, ...options } = {}) {
  const seen = [];
  const note = (event) => () => seen.push(event);
  const listeners = { connecting: note("connecting"), connected: note("connected"), closed: ({ code }) => seen.push(code) };
  const client = socket(graphqlUrl(), () => token, { onNonLazyError: () => {}, ...options, on: { ...listeners, ...on } });
  t.after(() => client.dispose());
  return { client, seen };
}

describe("graphql-ws", { concurrency: 4, timeout: 60_000 }, () => {
  let person;
  before(async () => (person = await signUp()));

  test("a session that ends takes its subscriptions and its socket with it", async (t) => {
    const token = await signIn(person);
    const { client, seen } = watched(t, token, { lazy: false });
    const over = collect(client, { query: "subscription { feedUpdated { newPostCount } }" });
    await until(() => seen.includes("connected"));
    await signOut(token);
    const { said, problem } = await over;
    // Whichever looks first: the subscription, which ends, or the socket, which is closed.
    assert.deepEqual(said, []);
    assert.ok(problem === undefined || problem.code === 4401 || problem[0].extensions.code === "UNAUTHENTICATED");
    await until(() => seen.includes(4401), 45);
    assert.equal(seen.at(-1), 4401, "it does not come back");
  });

  test("a lazy client connects for its first operation and leaves after its last", async (t) => {
    const { token, username } = person;
    const { client, seen } = watched(t, token);
    assert.deepEqual(seen, []);
    const { said } = await collect(client, { query: "{ viewer { user { username } } }" });
    assert.deepEqual(data(said), [{ viewer: { user: { username } } }]);
    await until(() => seen.length === 3);
    assert.deepEqual(seen, ["connecting", "connected", 1000]);
  });

  test("an eager client connects at once and keeps its connection", async (t) => {
    const { token } = person;
    const { client, seen } = watched(t, token, { lazy: false });
    await until(() => seen.includes("connected"));
    const query = "{ instance { version } }";
    const answers = await Promise.all([collect(client, { query }), collect(client, { query })]);
    for (const { said } of answers) assert.match(said[0].data.instance.version, /^\d/);
    assert.deepEqual(seen, ["connecting", "connected"]);
    await client.dispose();
    await until(() => seen.at(-1) === 1000);
  });

  test("a mutation, and a subscription that ends by itself", async (t) => {
    const { token } = person;
    const { client } = watched(t, token);
    const mediaId = await upload(token);
    const query = "subscription($mediaId: ID!) { mediaProcessed(mediaId: $mediaId) { id status } }";
    const { said, problem } = await collect(client, { query, variables: { mediaId } });
    assert.equal(problem, undefined);
    assert.deepEqual(data(said).at(-1), { mediaProcessed: { id: mediaId, status: "READY" } });
    const mutation = `mutation($mediaIds: [ID!]!) { createPost(input: { mediaIds: $mediaIds }) { userErrors { code } } }`;
    const created = await collect(client, { query: mutation, variables: { mediaIds: [mediaId] } });
    assert.deepEqual(data(created.said), [{ createPost: { userErrors: [] } }]);
  });

  test("without a token it is served signed out", async () => {
    const client = createClient({ url: socketUrl() });
    const { said } = await collect(client, { query: "{ viewer { email } }" });
    assert.deepEqual(data(said), [{ viewer: null }]);
  });

  test("a token that does not stand is told 4403 once, and not tried again", async (t) => {
    const { client, seen } = watched(t, "nobody's");
    const { problem } = await collect(client, { query: "{ viewer { email } }" });
    assert.equal(problem.code, 4403);
    assert.match(problem.reason, /sign in again/);
    assert.deepEqual(seen, ["connecting", 4403]);
  });

  test("pings of the client are answered", async (t) => {
    const { token } = person;
    const pongs = [];
    const on = { pong: (received) => pongs.push(received) };
    const { client, seen } = watched(t, token, { lazy: false, keepAlive: 50, on });
    await until(() => pongs.length >= 3);
    assert.ok(pongs.every((received) => received === true));
    assert.deepEqual(seen, ["connecting", "connected"]);
  });

  test("what can't be run is an `error`, what fails while it runs is a `next`", async (t) => {
    const { token } = person;
    const { client } = watched(t, token, { lazy: false });
    for (const query of ["{", "{ nothing }", "query($first: Int!) { feed(first: $first) { nodes { id } } }"]) {
      const { said, problem } = await collect(client, { query });
      assert.deepEqual(said, [], query);
      assert.ok(Array.isArray(problem) && problem.length > 0, query);
      assert.equal(problem[0].extensions.code, "INVALID", query);
    }
    const signedOut = createClient({ url: socketUrl() });
    const { said, problem } = await collect(signedOut, { query: "{ instance { version } feed { nodes { id } } }" });
    assert.equal(problem, undefined);
    assert.equal(said[0].errors[0].extensions.code, "UNAUTHENTICATED");
    assert.deepEqual(said[0].errors[0].path, ["feed"]);
  });

  test("whoever is cut off comes back with `after`, and hears what was said meanwhile once", async (t) => {
    const { token } = person;
    const postId = await publish(token);
    const sockets = [];
    const on = { opened: (opened) => sockets.push(opened) };
    let back = () => {};
    const retryWait = () => new Promise((resolve) => (back = resolve));
    const { client } = watched(t, token, { on, retryWait, webSocketImpl: WebSocket });
    const heard = [];
    const stop = comments(client, postId, ({ text }) => heard.push(text), (problem) => heard.push(problem));
    // It tells what is said after it began: say something until it is heard.
    const said = [];
    await until(async () => {
      said.push(`${said.length}`);
      await comment(token, postId, said.at(-1));
      return heard.length > 0;
    });
    await until(() => heard.at(-1) === said.at(-1));

    sockets[0].terminate();
    for (const text of ["while", "you", "were", "away"]) await comment(token, postId, text);
    await until(() => (back(), sockets.length === 2));
    await until(() => heard.includes("away"));
    await comment(token, postId, "again");
    await until(() => heard.includes("again"));
    stop();
    assert.deepEqual(heard.slice(heard.indexOf("while")), ["while", "you", "were", "away", "again"]);
    assert.equal(new Set(heard).size, heard.length, String(heard));
  });
});
