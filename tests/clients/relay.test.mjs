// Relay: its compiler reads the schema and the screens of relay/, and its runtime runs what comes out.
import "./support/websocket.mjs";

import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import relay from "relay-runtime";

import { socket } from "./connect/graphql-ws.mjs";
import { environment } from "./connect/relay.mjs";
import { photoFile } from "./support/photo.mjs";
import { generated, tool } from "./support/tool.mjs";
import { comment, graphqlUrl, publish, signUp, until } from "./support/server.mjs";

const { ConnectionHandler, commitMutation, createOperationDescriptor, fetchQuery, getSelector, requestSubscription } = relay;

const folder = generated("relay");

before(async () => {
  await tool("relay-compiler", "relay.config.json");
  // The compiler's modules are meant for a bundler; Node.js takes them as CommonJS.
  await writeFile(new URL("package.json", folder), '{ "type": "commonjs" }');
});
after(() => rm(folder, { recursive: true, force: true }));

const artifact = async (name) => (await import(new URL(`${name}.graphql.js`, folder))).default;

async function signedUp() {
  const { token } = await signUp();
  return { token, env: environment(graphqlUrl(), () => token, socket(graphqlUrl(), () => token)) };
}

/** What a component sees of a fragment that an object spreads. */
function read(env, fragment, reference) {
  return env.lookup(getSelector(fragment, reference)).data;
}

/** Carries out a mutation, and gives its payload. */
function mutate(env, mutation, variables, uploadables) {
  return new Promise((onCompleted, onError) => {
    commitMutation(env, { mutation, variables, uploadables, onCompleted, onError });
  });
}

test("a screen, and the next page into the same connection", { timeout: 60_000 }, async () => {
  const { token, env } = await signedUp();
  const posts = [];
  for (const seed of [1, 2, 3]) posts.unshift(await publish(token, `number ${seed}`, seed));
  const [screen, list, card, next] = await Promise.all(
    ["FeedScreenQuery", "FeedScreen_feed", "FeedScreen_post", "FeedScreenNextPageQuery"].map(artifact),
  );
  const data = await fetchQuery(env, screen, { count: 2 }).toPromise();
  env.retain(createOperationDescriptor(screen, { count: 2 }));
  const edges = () => read(env, list, data).feed.edges;
  assert.deepEqual(edges().map(({ node }) => node.id), posts.slice(0, 2));
  assert.equal(read(env, card, edges()[0].node).caption, "number 3");

  const { feed } = read(env, list, data);
  assert.equal(feed.pageInfo.hasNextPage, true);
  await fetchQuery(env, next, { count: 2, cursor: feed.pageInfo.endCursor }).toPromise();
  assert.deepEqual(edges().map(({ node }) => node.id), posts);
  assert.equal(read(env, list, data).feed.pageInfo.hasNextPage, false);
});

test("`node` is fetched again by its id, and live comments enter the connection", { timeout: 60_000 }, async () => {
  const { token, env } = await signedUp();
  const postId = await publish(token);
  const [screen, comments, live, more] = await Promise.all(
    ["PostScreenQuery", "PostScreen_comments", "PostScreenSubscription", "PostScreenMoreCommentsQuery"].map(artifact),
  );
  await comment(token, postId, "before");
  const data = await fetchQuery(env, screen, { id: postId, count: 1 }).toPromise();
  env.retain(createOperationDescriptor(screen, { id: postId, count: 1 }));
  const texts = () => read(env, comments, data.node.PostScreen_comments).comments.edges.map(({ node }) => node.text);
  assert.deepEqual(texts(), ["before"]);

  const connections = [ConnectionHandler.getConnectionID(postId, "PostScreen_comments")];
  const failed = [];
  const variables = { postId, connections };
  const { dispose } = requestSubscription(env, { subscription: live, variables, onError: (error) => failed.push(error) });
  await until(async () => {
    await comment(token, postId, "live");
    return failed.length > 0 || texts().includes("live");
  });
  assert.deepEqual(failed, []);
  dispose();

  await fetchQuery(env, more, { id: postId, count: 1, cursor: null }).toPromise();
  assert.deepEqual(texts(), ["live"], "asked anew, the connection begins with the newest");
});

test("mutations: a file beside the variables, a comment put into its list", { timeout: 60_000 }, async () => {
  const { token, env } = await signedUp();
  const [upload, add] = await Promise.all(["PostScreenUploadMutation", "PostScreenAddMutation"].map(artifact));
  const uploaded = await mutate(env, upload, { input: { file: null } }, { "input.file": photoFile() });
  assert.deepEqual(uploaded.uploadMedia.userErrors, []);
  assert.match(uploaded.uploadMedia.media.id, /^media_/);
  const postId = await publish(token, "", 2);
  const added = await mutate(env, add, { input: { postId, text: "mine" }, connections: [] });
  assert.deepEqual(added.addComment.userErrors, []);
  assert.equal(added.addComment.comment.text, "mine");
});
