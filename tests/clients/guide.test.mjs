// The guide, as a reader follows it: every block of shell in docs/api.md, in one shell, in order.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { textOf } from "./support/extract.mjs";
import { jpeg } from "./support/photo.mjs";
import { graphqlUrl, newPerson } from "./support/server.mjs";

/** The blocks with the headings that they stand under. The people of the guide get names that nobody has here. */
function blocks() {
  const names = new Map(["ada", "ben"].map((name) => [name, newPerson().username]));
  const rename = (text) =>
    text.replace(/"(ada|ADA)"|"(ada|ben|other)@example.org"|"ben"|@ada/g, (found) => {
      const [, name] = found.match(/(ada|ben|other)/i);
      const of = names.get(name.toLowerCase()) ?? `${names.get("ada")}x`;
      return found.replace(name, name === "ADA" ? of.toUpperCase() : of);
    });
  let heading = "";
  const found = [];
  for (const [, title, text] of textOf("docs/api.md").matchAll(/^## (.*)$|^```sh\n([^]*?)^```$/gm)) {
    if (title) heading = title;
    else found.push({ heading, text: rename(text).replace(/^API=.*$/m, `API=${graphqlUrl()}`) });
  }
  return found;
}

/** Every JSON value that a block printed, also those of an event stream. */
function values(said) {
  const found = [];
  const lines = said.split("\n").map((line) => line.replace(/^data: ?/, ""));
  let text = "";
  for (const line of lines) {
    if (text === "" && !/^[{[]/.test(line)) continue;
    text += `${line}\n`;
    if (!/^[}\]]$/.test(line) && !/^\{.*\}$/.test(line)) continue;
    found.push(JSON.parse(text));
    text = "";
  }
  assert.equal(text, "", `no whole JSON: ${text}`);
  return found;
}

const problems = (value) => (value.errors ?? []).map(({ extensions }) => extensions.code);
const refusals = (value) => Object.values(value.data ?? {}).flatMap((field) => field?.userErrors ?? []);

test("each block of the guide does what it says", { timeout: 110_000 }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), "darkroom-guide-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "photo.jpg"), jpeg());
  const found = blocks();
  assert.ok(found.length >= 21, `${found.length} blocks`);
  const script = found.map(({ text }, at) => `{\n${text}\n} > ${at}.out`).join("\n");
  const run = spawnSync("bash", ["-euo", "pipefail", "-c", script], { cwd: folder, encoding: "utf8", timeout: 100_000 });
  assert.deepEqual([run.status, run.stderr], [0, ""], run.error?.message ?? script);

  const said = found.map(({ heading, text }, at) => {
    const printed = readFileSync(join(folder, `${at}.out`), "utf8");
    return { heading, text, printed, values: values(printed) };
  });
  const under = (heading) => said.filter((block) => block.heading === heading);
  for (const { heading, text, values } of said) {
    const expected = text.includes("documentId") ? ["PERSISTED_QUERY_NOT_FOUND"] : [];
    assert.deepEqual(values.flatMap(problems), expected, `${heading}: ${text}`);
    const refused = values.flatMap(refusals).map(({ code }) => code);
    const wanted = heading === "Errors" ? ["CONFLICT"] : text.includes("no photo") ? ["INVALID"] : [];
    assert.deepEqual(refused, wanted, `${heading}: ${text}`);
  }
  const [retried] = under("Retries");
  assert.equal(retried.values.length, 2);
  assert.deepEqual(retried.values[0], retried.values[1]);
  const [sent, looked] = under("Large files");
  assert.equal(sent.values.at(-1).data.finishUpload.media.status, "PROCESSING");
  assert.equal(looked.values[0].data.viewer.upload.media.id, sent.values.at(-1).data.finishUpload.media.id);
  const [waited] = under("Waiting for it");
  assert.equal(waited.values.at(-1).data.mediaProcessed.status, "READY");
  assert.match(waited.printed, /event: complete/);
  const feed = under("Posts and the feed")[0].values.at(-1).data.feed;
  assert.ok(feed.nodes[0].media[0].large && feed.nodes[0].caption.includes("#harbour"), JSON.stringify(feed));
  const liked = said.find(({ text }) => text.includes("likePost(")).values.at(-1).data.likePost.post;
  assert.deepEqual(liked, { likeCount: 1, viewerHasLiked: true });
  const story = under("Stories")[0].values.at(-1).data.node;
  assert.equal(story.viewerCount, 1);
  const notices = under("Notifications")[0].values;
  assert.ok(notices[0].data.viewer.unreadNotificationCount > 0, JSON.stringify(notices[0]));
  assert.equal(notices[1].data.markNotificationsRead.unreadNotificationCount, 0);
});
