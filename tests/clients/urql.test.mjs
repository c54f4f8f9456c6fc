// urql (its core, which its bindings share), with its auth exchange and graphql-ws, as docs/api.md connects it.
import "./support/websocket.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { urql } from "./connect/urql.mjs";
import { photoFile } from "./support/photo.mjs";
import { ask, comment, graphqlUrl, publish, signIn, signOut, signUp, until } from "./support/server.mjs";

/** A new person with a client that signs in again by itself. */
async function signedUp() {
  const person = await signUp();
  const session = {
    token: person.token,
    renewed: 0,
    async renew() {
      session.renewed++;
      session.token = await signIn(person);
    },
  };
  return { person, session, client: urql(graphqlUrl(), session) };
}

const NAME = "{ viewer { user { id username fullName } } }";

test("a query, and a mutation that changes what the query showed", async () => {
  const { client, person } = await signedUp();
  const before = await client.query(NAME, {});
  assert.equal(before.error, undefined);
  assert.equal(before.data.viewer.user.username, person.username);
  const mutation = `mutation($input: UpdateProfileInput!) { updateProfile(input: $input) {
    user { id fullName } userErrors { code } } }`;
  const changed = await client.mutation(mutation, { input: { fullName: "Ada Lovelace" } });
  assert.equal(changed.error, undefined);
  assert.deepEqual(changed.data.updateProfile.userErrors, []);
  const after = await client.query(NAME, {});
  assert.equal(after.data.viewer.user.fullName, "Ada Lovelace");
});

test("a file in the variables becomes a multipart request", async () => {
  const { client } = await signedUp();
  const mutation = `mutation($input: UploadMediaInput!) { uploadMedia(input: $input) {
    media { id status } userErrors { code message } } }`;
  const { data, error } = await client.mutation(mutation, { input: { file: photoFile() } });
  assert.equal(error, undefined);
  assert.deepEqual(data.uploadMedia.userErrors, []);
  assert.ok(["PROCESSING", "READY"].includes(data.uploadMedia.media.status));
});

test("the auth exchange signs in again when the session has ended, and the query succeeds", async () => {
  const { client, person, session } = await signedUp();
  await signOut(session.token);
  const { data, error } = await client.query(NAME, {});
  assert.equal(error, undefined);
  assert.equal(data.viewer.user.username, person.username);
  assert.equal(session.renewed, 1);
});

test("a subscription over graphql-ws", async () => {
  const { client, person } = await signedUp();
  const postId = await publish(person.token);
  const said = [];
  const document = "subscription($postId: ID!) { commentAdded(postId: $postId) { text author { username } } }";
  const { unsubscribe } = client.subscription(document, { postId }).subscribe((result) => said.push(result));
  // It tells what is said after it began, which nobody is told of: say something until it is heard.
  await until(async () => {
    await comment(person.token, postId, "hello");
    return said.length > 0;
  });
  unsubscribe();
  assert.equal(said[0].error, undefined);
  const { text, author } = said[0].data.commentAdded;
  assert.deepEqual([text, author.username], ["hello", person.username]);
});

test("errors come with their codes, over HTTP and over the socket", async () => {
  const { client, person } = await signedUp();
  const wrong = await client.query("{ nothing }", {});
  assert.equal(wrong.error.graphQLErrors[0].extensions.code, "INVALID");
  assert.equal(wrong.error.response.status, 400);
  const node = await ask(`{ viewer { user { id } } }`, {}, person.token);
  const document = "subscription($postId: ID!) { commentAdded(postId: $postId) { id } }";
  const result = await new Promise((resolve) => {
    client.subscription(document, { postId: node.viewer.user.id }).subscribe(resolve);
  });
  assert.match(result.error.graphQLErrors[0].extensions.code, /^(INVALID|NOT_FOUND)$/);
});
