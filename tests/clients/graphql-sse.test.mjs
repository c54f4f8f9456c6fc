// The `graphql-sse` client with distinct connections, as docs/api.md connects it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import { before, describe, test } from "node:test";

import { events } from "./connect/graphql-sse.mjs";
import { collect, data } from "./support/said.mjs";
import { comment, graphqlUrl, publish, serverUrl, signIn, signOut, signUp, until, upload } from "./support/server.mjs";

describe("graphql-sse", { concurrency: 4, timeout: 60_000 }, () => {
  let person;
  before(async () => (person = await signUp()));

  test("a subscription says the state, then each change, and completes", async () => {
    const { token } = person;
    const client = events(graphqlUrl(), () => token);
    const mediaId = await upload(token);
    const query = "subscription($mediaId: ID!) { mediaProcessed(mediaId: $mediaId) { id status } }";
    const { said, problem } = await collect(client, { query, variables: { mediaId } });
    assert.equal(problem, undefined);
    assert.deepEqual(data(said).at(-1), { mediaProcessed: { id: mediaId, status: "READY" } });
  });

  test("queries and mutations complete after their one answer", async () => {
    const { token, username } = person;
    const client = events(graphqlUrl(), () => token);
    const { said } = await collect(client, { query: "{ viewer { user { username } } }" });
    assert.deepEqual(data(said), [{ viewer: { user: { username } } }]);
    const mutation = 'mutation { updateProfile(input: { bio: "hello" }) { userErrors { code } } }';
    const { said: changed } = await collect(client, { query: mutation });
    assert.deepEqual(data(changed), [{ updateProfile: { userErrors: [] } }]);
  });

  test("what can't be run is said in an event, and that is the end", async () => {
    const { token } = person;
    const client = events(graphqlUrl(), () => token);
    for (const query of ["{", "{ nothing }", "subscription { nothing }"]) {
      const { said, problem } = await collect(client, { query });
      assert.equal(problem, undefined, query);
      assert.equal(said.length, 1, query);
      assert.equal(said[0].errors[0].extensions.code, "INVALID", query);
      assert.ok(!("data" in said[0]), query);
    }
  });

  test("a token that does not stand is an error with the answer", async () => {
    const client = events(graphqlUrl(), () => "nobody's", { retryAttempts: 0 });
    const { said, problem } = await collect(client, { query: "{ viewer { email } }" });
    assert.deepEqual(said, []);
    assert.equal(problem.response.status, 401);
    assert.equal((await problem.response.json()).errors[0].extensions.code, "UNAUTHENTICATED");
  });

  test("each subscription has a connection of its own, and one that is left leaves the others", async () => {
    const { token } = person;
    const postId = await publish(token);
    const client = events(graphqlUrl(), () => token);
    const query = "subscription($postId: ID!) { commentAdded(postId: $postId) { text } }";
    const [one, two] = [[], []];
    const listen = (said) =>
      client.subscribe({ query, variables: { postId } }, { next: (r) => said.push(r), error() {}, complete() {} });
    const leave = listen(one);
    const stop = listen(two);
    await until(async () => {
      await comment(token, postId, "hello");
      return one.length > 0 && two.length > 0;
    });
    leave();
    await comment(token, postId, "goodbye");
    await until(() => two.some(({ data }) => data.commentAdded.text === "goodbye"));
    assert.ok(one.every(({ data }) => data.commentAdded.text === "hello"));
    stop();
  });

  test("a session that ends ends the stream, and it is not begun again", async () => {
    const token = await signIn(person);
    let connected = 0;
    const client = events(graphqlUrl(), () => token, { on: { connected: () => connected++ } });
    const over = collect(client, { query: "subscription { feedUpdated { newPostCount } }" });
    await until(() => connected === 1);
    await signOut(token);
    // Whichever looks first: the subscription, which ends, or the stream, which says why and ends.
    const { said, problem } = await over;
    assert.equal(problem, undefined);
    for (const { data, errors } of said) {
      assert.equal(data, undefined);
      assert.equal(errors[0].extensions.code, "UNAUTHENTICATED");
    }
    assert.equal(connected, 1);
  });

  test("a client that goes away frees the server's side", { skip: process.platform !== "linux" }, async () => {
    const { token } = person;
    const body = JSON.stringify({ query: "subscription { feedUpdated { newPostCount } }" });
    const headers = { "Content-Type": "application/json", Accept: "text/event-stream", Authorization: `Bearer ${token}` };
    const request = http.request(graphqlUrl(), { method: "POST", headers });
    request.end(body);
    const response = await new Promise((resolve, reject) => request.on("response", resolve).on("error", reject));
    assert.equal(response.statusCode, 200);
    assert.match(response.headers["content-type"], /^text\/event-stream/);
    const { localPort } = request.socket;
    assert.equal(serverSide(localPort), true);
    request.on("error", () => {});
    request.destroy();
    await until(() => !serverSide(localPort));
  });
});

/** Whether the server still holds its end of the connection from this port. */
function serverSide(port) {
  const hex = (number) => Number(number).toString(16).toUpperCase().padStart(4, "0");
  const [local, remote] = [`:${hex(new URL(serverUrl()).port)}`, `:${hex(port)}`];
  const gone = new Set(["06", "07"]); // TIME_WAIT, CLOSE
  const lines = readFileSync("/proc/net/tcp", "utf8").split("\n").map((line) => line.trim().split(/\s+/));
  return lines.some((columns) => columns[1]?.endsWith(local) && columns[2]?.endsWith(remote) && !gone.has(columns[3]));
}
