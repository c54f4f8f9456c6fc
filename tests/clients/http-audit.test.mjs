// The audits of `graphql-http` for servers: whatever the GraphQL-over-HTTP specification asks for.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { serverAudits } from "graphql-http";

import { graphqlUrl } from "./support/server.mjs";

// What the specification permits and this server does not do, with the reason. An audit that begins to hold, or is gone,
// must leave this list.
const EXCEPTIONS = {};

const audits = serverAudits({ url: graphqlUrl() });

describe("GraphQL over HTTP", { concurrency: true }, () => {
  for (const { id, name, fn } of audits) {
    test(`${id} ${name}`, async () => {
      const { status, reason } = await fn();
      if (!(id in EXCEPTIONS)) {
        assert.equal(status, "ok", reason);
        return;
      }
      assert.match(name, /^MAY/, "only what is permitted can be left out");
      assert.notEqual(status, "ok", `${id} holds now: it is no exception any more (${EXCEPTIONS[id]})`);
    });
  }
});

test("every exception is an audit", () => {
  const ids = new Set(audits.map(({ id }) => id));
  assert.deepEqual(Object.keys(EXCEPTIONS).filter((id) => !ids.has(id)), []);
  assert.ok(ids.size >= 60, `${ids.size} audits`);
});
