// Apollo Client's persisted query link: a text is sent once, its hash from then on, by POST and by GET.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { test } from "node:test";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";

import { authorization, graphqlUrl, signUp } from "./support/server.mjs";

const sha256 = (text) => createHash("sha256").update(text).digest("hex");

/** A client that sends hashes, and what it has sent: `{ method, hasText, hash }` each. */
function persisting(token, useGETForHashedQueries) {
  const sent = [];
  const http = new HttpLink({
    uri: graphqlUrl(),
    headers: { "Apollo-Require-Preflight": "true", ...authorization(token) },
    fetch: (uri, options) => {
      const method = options.method ?? "GET";
      const search = new URL(uri).searchParams;
      const body = method === "POST" ? JSON.parse(options.body) : Object.fromEntries(search);
      const extensions = typeof body.extensions === "string" ? JSON.parse(body.extensions) : body.extensions;
      sent.push({ method, hasText: Boolean(body.query), hash: extensions.persistedQuery.sha256Hash });
      return fetch(uri, options);
    },
  });
  const link = ApolloLink.from([new PersistedQueryLink({ sha256, useGETForHashedQueries }), http]);
  return { client: new ApolloClient({ link, cache: new InMemoryCache() }), sent };
}

/** A document that no server has ever seen. */
const fresh = (fields) => gql(`query Q${randomUUID().replaceAll("-", "")} { ${fields} }`);

for (const byGet of [false, true]) {
  const method = byGet ? "GET" : "POST";
  test(`a text is sent once, its hash by ${method} ever after`, async () => {
    const { token, username } = await signUp();
    const { client, sent } = persisting(token, byGet);
    const query = fresh("viewer { user { username } }");
    for (let round = 0; round < 3; round += 1) {
      const { data } = await client.query({ query, fetchPolicy: "network-only" });
      assert.equal(data.viewer.user.username, username);
    }
    const [unknown, taught, ...known] = sent;
    assert.deepEqual([unknown.method, unknown.hasText], [method, false], "the hash alone, first");
    assert.deepEqual([taught.method, taught.hasText], ["POST", true], "then with its text");
    assert.deepEqual(known.map((one) => [one.method, one.hasText]), [[method, false], [method, false]]);
    assert.equal(new Set(sent.map(({ hash }) => hash)).size, 1);

    // Somebody else needs no text at all, and gets their own answer.
    const other = await signUp();
    const second = persisting(other.token, byGet);
    const { data } = await second.client.query({ query });
    assert.equal(data.viewer.user.username, other.username);
    assert.deepEqual(second.sent.map((one) => one.hasText), [false]);
    client.stop();
    second.client.stop();
  });
}

test("a mutation goes by POST and is carried out once", async () => {
  const { token } = await signUp();
  const { client, sent } = persisting(token, true);
  const mutation = gql(`mutation M${randomUUID().replaceAll("-", "")} {
    updateProfile(input: { bio: "persisted" }) { user { bio } userErrors { message } } }`);
  const { data } = await client.mutate({ mutation });
  assert.deepEqual(data.updateProfile.userErrors, []);
  assert.equal(data.updateProfile.user.bio, "persisted");
  assert.deepEqual([...new Set(sent.map((one) => one.method))], ["POST"]);
  client.stop();
});
