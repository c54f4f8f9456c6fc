// Apollo Client with its upload link and its subscriptions, as docs/api.md connects it.
import "./support/websocket.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";
import { CombinedGraphQLErrors, gql } from "@apollo/client";
import { separateOperations } from "graphql";

import { apollo } from "./connect/apollo.mjs";
import { photoFile } from "./support/photo.mjs";
import { documentsText, graphqlUrl, newPerson, until } from "./support/server.mjs";

/** Those of docs/documents by their names, each with the fragments that it uses. */
const operations = separateOperations(gql(documentsText()));

/** A client, and the one that signs up with it. */
async function signedUp() {
  let token;
  const client = apollo(graphqlUrl(), () => token);
  const person = newPerson();
  const { data } = await client.mutate({ mutation: operations.SignUp, variables: { input: person } });
  token = data.signUp.session.token;
  return { client, person, forget: () => (token = undefined) };
}

async function publish(client, seed) {
  const uploaded = await client.mutate({
    mutation: operations.UploadMedia,
    variables: { input: { file: photoFile("sea.jpg", { seed }), altText: `photo ${seed}` } },
  });
  const { media, userErrors } = uploaded.data.uploadMedia;
  assert.deepEqual(userErrors, []);
  await new Promise((resolve, reject) => {
    const states = client.subscribe({ query: operations.MediaProcessed, variables: { mediaId: media.id } });
    let last;
    states.subscribe({
      next: ({ data }) => (last = data.mediaProcessed),
      error: reject,
      complete: () => (last?.status === "READY" ? resolve() : reject(new Error(JSON.stringify(last)))),
    });
  });
  const created = await client.mutate({
    mutation: operations.CreatePost,
    variables: { input: { mediaIds: [media.id], caption: `number ${seed}` } },
  });
  assert.deepEqual(created.data.createPost.userErrors, []);
  return created.data.createPost.post.id;
}

test("sign up, upload, wait, post, and page through the feed in the cache", { timeout: 60_000 }, async () => {
  const { client, person } = await signedUp();
  const posts = [];
  for (const seed of [1, 2, 3]) posts.unshift(await publish(client, seed));

  const query = client.watchQuery({ query: operations.Feed, variables: { first: 2 } });
  const subscription = query.subscribe(() => {});
  const first = await until(async () => {
    const { data } = await query.refetch();
    return data.feed.edges.length === 2 && data;
  });
  const ids = ({ feed }) => feed.edges.map(({ node }) => node.id);
  assert.deepEqual(ids(first), posts.slice(0, 2));
  assert.equal(first.feed.edges[0].node.author.username, person.username);
  assert.equal(first.feed.edges[0].node.media[0].altText, "photo 3");
  assert.equal(first.feed.pageInfo.hasNextPage, true);

  await query.fetchMore({ variables: { after: first.feed.pageInfo.endCursor } });
  const both = await until(() => {
    const { data } = query.getCurrentResult();
    return data.feed.edges.length > 2 && data;
  });
  assert.deepEqual(ids(both), posts, "relayStylePagination joins the pages");
  assert.equal(both.feed.pageInfo.hasNextPage, false);
  subscription.unsubscribe();

  // A mutation's payload changes what the list in the cache shows.
  await client.mutate({ mutation: operations.LikePost, variables: { input: { postId: posts[2] } } });
  const cached = client.readQuery({ query: operations.Feed, variables: { first: 2 } });
  assert.deepEqual(cached.feed.edges.map(({ node }) => node.likeCount), [0, 0, 1]);
  client.stop();
});

test("a picture that is shown is the one that was uploaded", async () => {
  const { client } = await signedUp();
  const id = await publish(client, 9);
  const { data } = await client.query({ query: gql(`query($id: ID!) { node(id: $id) { ... on Post {
    media { width height thumbnail: url(size: THUMBNAIL) large: url } } } }`), variables: { id } });
  const [{ width, height, thumbnail, large }] = data.node.media;
  assert.deepEqual([width, height], [320, 200]);
  for (const url of [thumbnail, large]) {
    const picture = await fetch(url);
    assert.equal(picture.status, 200);
    assert.equal(picture.headers.get("content-type"), "image/jpeg");
    assert.deepEqual([...new Uint8Array(await picture.arrayBuffer()).slice(0, 2)], [0xff, 0xd8]);
  }
  client.stop();
});

test("what was refused is data, what failed is an error with a code", async () => {
  const { client, person, forget } = await signedUp();
  const taken = await client.mutate({ mutation: operations.SignUp, variables: { input: person } });
  assert.equal(taken.error, undefined);
  const conflicts = taken.data.signUp.userErrors.map(({ code, field }) => [code, ...field]);
  assert.deepEqual(conflicts, [["CONFLICT", "input", "username"], ["CONFLICT", "input", "email"]]);
  const text = new File(["no photo"], "photo.jpg", { type: "image/jpeg" });
  const refused = await client.mutate({ mutation: operations.UploadMedia, variables: { input: { file: text } } });
  assert.deepEqual(refused.data.uploadMedia.userErrors.map(({ mediaFailure }) => mediaFailure), ["UNSUPPORTED_FORMAT"]);

  forget();
  const { error } = await client.query({ query: operations.Feed, errorPolicy: "all", fetchPolicy: "network-only" });
  assert.ok(CombinedGraphQLErrors.is(error), String(error));
  assert.equal(error.errors[0].extensions.code, "UNAUTHENTICATED");
  assert.match(error.errors[0].extensions.requestId, /./);
  client.stop();
});
