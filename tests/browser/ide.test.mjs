// The IDE as people meet it: Chromium on a running server's `/`, named by DARKROOM_TEST_URL. The server must have been
// built with npm (DARKROOM_IDE_ASSETS=npm makes sure), since a page that asks any other host fails here, and workers
// must run with it. One test runs the page's upload command, so `sh` and `curl` are needed too.
//
//   npm ci && DARKROOM_TEST_URL=http://127.0.0.1:8000 npm test
//
// DARKROOM_TEST_CHROMIUM names a browser elsewhere than at /usr/bin/chromium.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { launch, open, run, serverUrl, showTab, textMatches, textOf, typeInto } from "./page.mjs";

let browser;
before(async () => {
  serverUrl();
  browser = await launch();
});
after(() => browser?.close());

/** Nothing else was asked, nothing went wrong. */
function assertQuiet(seen) {
  assert.deepEqual(seen.foreign, [], "requests to other hosts");
  assert.deepEqual(seen.errors, [], "errors in the console");
}

/** Signs a new person up in the SignUp tab, by typing over its sample values, and gives the answer. */
async function signUp(page) {
  const username = `ide_${randomBytes(6).toString("hex")}`;
  await showTab(page, "SignUp");
  const sample = await textOf(page, "Query Editor");
  await typeInto(page, "Query Editor", sample.replaceAll('"ada"', `"${username}"`).replace("ada@", `${username}@`));
  const { data, errors } = await run(page, "SignUp");
  assert.equal(errors, undefined, JSON.stringify(errors));
  assert.deepEqual(data.signUp.userErrors, []);
  assert.equal(data.signUp.viewer.user.username, username);
  return { username, token: data.signUp.session.token };
}

test("the page comes from its own host, and its first tab runs as it stands", async () => {
  const { page, seen, close } = await open(browser);
  assertQuiet(seen); // all scripts have been asked for by now
  const { data } = await run(page);
  assert.match(data.instance.version, /^\d+\.\d+/);
  assert.equal(data.viewer, null);
  const names = await page.getByRole("tablist").locator("button[title]").allTextContents();
  assert.deepEqual(names, ["Welcome", "SignUp", "Upload", "CreatePost", "Feed", "Stories", "MediaProcessed"]);
  assertQuiet(seen);
  await close();
});

test("sign up, paste the token into the header editor, read the feed", async () => {
  const { page, seen, close } = await open(browser);
  const { token } = await signUp(page);
  await showTab(page, "Feed");
  await typeInto(page, "Headers", JSON.stringify({ Authorization: `Bearer ${token}` }));
  const { data, errors } = await run(page);
  assert.equal(errors, undefined, JSON.stringify(errors));
  assert.ok(Array.isArray(data.feed.edges));
  assert.equal(data.feed.pageInfo.hasNextPage, false, "a new account follows nobody");
  assertQuiet(seen);
  await close();
});

test("“Use this token” signs every tab in, over a reload too, until the token is removed", async () => {
  const { page, seen, close } = await open(browser);
  const { username, token } = await signUp(page);
  await page.getByRole("button", { name: "Use this token" }).click();
  await textMatches(page, "Headers", new RegExp(token));
  await showTab(page, "Stories");
  await textMatches(page, "Headers", new RegExp(token));
  const stories = await run(page);
  assert.deepEqual(stories.data.storyTray.edges, []);

  await page.reload({ waitUntil: "domcontentloaded" });
  await showTab(page, "Welcome");
  await textMatches(page, "Headers", new RegExp(token));
  assert.equal((await run(page)).data.viewer.user.username, username);
  assert.equal(await page.evaluate(() => localStorage.length), 0, "nothing outlives the browser tab");

  await page.getByRole("button", { name: "Remove the token" }).click();
  await textMatches(page, "Headers", /^$/);
  assert.equal((await run(page)).data.viewer, null);
  assertQuiet(seen);
  await close();
});

test("a subscription goes over graphql-transport-ws with the token", async () => {
  const { page, seen, close } = await open(browser);
  const { token } = await signUp(page);
  await page.getByRole("button", { name: "Use this token" }).click();
  await showTab(page, "MediaProcessed");
  await textMatches(page, "Headers", new RegExp(token));
  // No media has this id: the answer may be an error, and it comes over the socket either way.
  await run(page);

  const { host, protocol } = serverUrl();
  const url = `${protocol === "https:" ? "wss:" : "ws:"}//${host}/graphql/ws`;
  assert.deepEqual(await page.evaluate(() => globalThis.openedSockets), [{ url, protocol: "graphql-transport-ws" }]);
  const [{ sent, received }] = seen.sockets;
  assert.deepEqual(sent[0], { type: "connection_init", payload: { Authorization: `Bearer ${token}` } });
  assert.equal(received[0].type, "connection_ack");
  const subscribe = sent.find(({ type }) => type === "subscribe");
  assert.match(subscribe.payload.query, /subscription MediaProcessed/);
  assert.ok(received.some(({ id, type }) => id === subscribe.id && ["next", "error"].includes(type)));
  assertQuiet(seen);
  await close();
});

test("the tabs, in order, carry a photo from the upload command to the feed", async () => {
  const { page, seen, close } = await open(browser, { permissions: ["clipboard-read", "clipboard-write"] });
  const { username, token } = await signUp(page);
  await page.getByRole("button", { name: "Use this token" }).click();
  await textMatches(page, "Headers", new RegExp(token));

  await showTab(page, "Upload");
  await page.getByRole("button", { name: "Copy upload command" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(command.startsWith(`curl ${serverUrl().origin}/graphql `), command);
  assert.ok(command.includes(token), command);
  const uploaded = await runCommand(command, await drawJpeg(page));
  assert.deepEqual(uploaded.data?.uploadMedia?.userErrors, [], JSON.stringify(uploaded));
  const mediaId = uploaded.data.uploadMedia.media.id;

  await fillIn(page, "MediaProcessed", mediaId);
  await run(page);
  await textMatches(page, "Result Window", /"status": "READY"/);
  await fillIn(page, "Upload", mediaId);
  const { data } = await run(page);
  assert.deepEqual([data.node.id, data.node.status, data.node.failure], [mediaId, "READY", null]);

  await fillIn(page, "CreatePost", mediaId);
  const created = await run(page);
  assert.deepEqual(created.data.createPost.userErrors, []);
  await showTab(page, "Feed");
  // The timeline is written by a job: ask until it shows.
  const deadline = Date.now() + 15_000;
  let edges = [];
  while (edges.length === 0 && Date.now() < deadline) edges = (await run(page)).data.feed.edges;
  const posts = edges.map(({ node }) => [node.id, node.author.username]);
  assert.deepEqual(posts, [[created.data.createPost.post.id, username]]);
  assertQuiet(seen);
  await close();
});

/** Puts a media's id where a tab's document says so. */
async function fillIn(page, tab, mediaId) {
  await showTab(page, tab);
  await typeInto(page, "Query Editor", (await textOf(page, "Query Editor")).replace("PASTE-MEDIA-ID", mediaId));
}

/** A small photo, drawn by the browser. */
async function drawJpeg(page) {
  const url = await page.evaluate(() => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [320, 200];
    const pen = canvas.getContext("2d");
    const sky = pen.createLinearGradient(0, 0, 320, 200);
    sky.addColorStop(0, "#f80");
    sky.addColorStop(1, "#036");
    pen.fillStyle = sky;
    pen.fillRect(0, 0, 320, 200);
    return canvas.toDataURL("image/jpeg");
  });
  return Buffer.from(url.split(",")[1], "base64");
}

/** Runs the copied command in a shell, in a folder where `photo.jpg` lies, and gives the answer, parsed. */
async function runCommand(command, photo) {
  const folder = await mkdtemp(join(tmpdir(), "darkroom-ide-"));
  try {
    await writeFile(join(folder, "photo.jpg"), photo);
    const { stdout } = await promisify(execFile)("sh", ["-c", command], { cwd: folder, timeout: 15_000 });
    return JSON.parse(stdout);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("a script that does not load is explained", async () => {
  const block = (url) => /\/graphiql-[^/]+\.js$/.test(url.pathname);
  const { page, seen, close } = await open(browser, { block });
  await page.getByText("The GraphQL editor cannot start").waitFor();
  assert.match(await page.locator("#notice-reason").innerText(), new RegExp(`\\(GraphiQL\\).*${serverUrl().host}`));
  assert.deepEqual(seen.foreign, []);
  await close();
});

test("a browser without JavaScript is told so", async () => {
  const { page, seen, close } = await open(browser, { javaScriptEnabled: false });
  await page.locator("noscript p").waitFor();
  assert.match(await page.locator("main").innerText(), /needs JavaScript[^]*The API works without this page/);
  assert.deepEqual(seen.foreign, []);
  await close();
});
