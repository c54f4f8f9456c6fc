// GraphQL Code Generator makes a typed client of the documents; TypeScript checks it, and it runs.
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { inGuide } from "./support/extract.mjs";
import { photoFile } from "./support/photo.mjs";
import { graphqlUrl, newPerson } from "./support/server.mjs";
import { generated, tool } from "./support/tool.mjs";

const folders = ["documents", "codegen", "typed"].map(generated);

before(async () => {
  // The guide's operations have no names, since a reader types them; a generated client needs one for each.
  for (const [index, { text }] of inGuide("docs/api.md").entries()) {
    const kind = /^(query|mutation|subscription)\b/.exec(text)?.[1];
    const named = kind ? text.replace(kind, `${kind} Guide${index}`) : `query Guide${index} ${text}`;
    await writeFile(new URL(`${index}.graphql`, folders[0]), named);
  }
  await tool("graphql-codegen", "--config", "codegen.json");
});
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

test("the client passes the compiler's strictest checks", { timeout: 60_000 }, async () => {
  await tool("tsc", "--noEmit", "--strict");
});

test("a typed program signs up, uploads, posts and reads the feed", { timeout: 60_000 }, async () => {
  await tool("tsc");
  const { firstPost } = await import(new URL("typed/program.js", folders[2]));
  const person = newPerson();
  const [card] = await firstPost(graphqlUrl(), person, photoFile());
  assert.equal(card.author.username, person.username);
  assert.equal(card.caption, "Hello #darkroom");
  assert.equal(card.media[0].altText, "A harbour in the evening");
});
