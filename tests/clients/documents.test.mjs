// What people read is true: every document fits the schema, and the code of the guide is the code that the tests run.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { buildSchema, parse, validate } from "graphql";

import { inGuide, inIde, textOf } from "./support/extract.mjs";
import { documentsText } from "./support/server.mjs";

const schema = buildSchema(textOf("schema/schema.graphql"));

function fits(text, where) {
  const problems = validate(schema, parse(text)).map(({ message }) => message);
  assert.deepEqual(problems, [], `${where}\n${text}`);
}

test("the documents of docs/documents fit the schema, together", () => {
  fits(documentsText(), "docs/documents");
});

test("the documents of the guide, the README and the IDE fit the schema", () => {
  for (const [path, least] of [["docs/api.md", 30], ["README.md", 4]]) {
    const found = inGuide(path);
    assert.ok(found.length >= least, `${found.length} documents in ${path}`);
    for (const { text, line } of found) fits(text, `${path}:${line}`);
  }
  const tabs = inIde();
  assert.ok(tabs.length >= 7);
  for (const tab of tabs) fits(tab, "web/tabs.js");
});

test("every operation of the guide is found, however it is quoted", () => {
  // Whatever looks like the beginning of an operation in a block of code is inside one of the documents.
  const guide = textOf("docs/api.md");
  const blocks = [...guide.matchAll(/```(?:sh|js)\n([^]*?)```/g)].map(([, block]) => block);
  const seen = inGuide("docs/api.md").map(({ text }) => text);
  for (const block of blocks) {
    for (const [start] of block.matchAll(/\b(?:query|mutation|subscription) ?(?:\(\$|\{)[^\n]*/g)) {
      const text = start.replace(/['"`].*$/, "");
      assert.ok(seen.some((document) => document.includes(text)), `not taken for a document: ${start}`);
    }
  }
});

test("each block below a file's name in the guide is that file", () => {
  const guide = textOf("docs/api.md");
  const blocks = [...guide.matchAll(/\[tests\/clients\/([^\]]+)\][^\n]*\n\n```\w+\n([^]*?)```/g)];
  for (const [, name, block] of blocks) {
    assert.equal(block, textOf(`tests/clients/${name}`), `docs/api.md shows another ${name}`);
  }
  const names = blocks.map(([, name]) => name).sort();
  const connect = readdirSync(new URL("connect", import.meta.url)).map((name) => `connect/${name}`);
  assert.deepEqual(names, ["codegen.json", ...connect, "relay.config.json"].sort(), "each is shown");
});
