// The operators' job page as operators meet it: Chromium on a running server's `/admin`. Besides what the IDE's tests need, a
// person has to be made an operator on the server's machine: DARKROOM_TEST_PROGRAM is the program, DARKROOM_TEST_DATA_DIR its
// data folder. Workers must run with the server.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { launch, open, serverUrl } from "./page.mjs";

const PASSWORD = "a good password";

let browser;
before(async () => {
  serverUrl();
  browser = await launch();
});
after(() => browser?.close());

async function signUp() {
  const username = `op_${randomBytes(6).toString("hex")}`;
  const query = "mutation($input: SignUpInput!) { signUp(input: $input) { session { token } userErrors { message } } }";
  const input = { username, email: `${username}@example.test`, password: PASSWORD, fullName: "" };
  const answer = await fetch(new URL("/graphql", serverUrl()), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ query, variables: { input } }),
  });
  const { data } = await answer.json();
  assert.deepEqual(data.signUp.userErrors, []);
  return { username, token: data.signUp.session.token };
}

/** Somebody who is an operator. */
async function appoint() {
  const { DARKROOM_TEST_PROGRAM: program, DARKROOM_TEST_DATA_DIR: folder } = process.env;
  assert.ok(program && folder, "set DARKROOM_TEST_PROGRAM and DARKROOM_TEST_DATA_DIR");
  const person = await signUp();
  const env = { PATH: process.env.PATH, DARKROOM_DATA_DIR: folder };
  await promisify(execFile)(program, ["admin", "grant", person.username], { env, cwd: tmpdir() });
  return person;
}

const openPage = (options = {}) => open(browser, { path: "/admin", ...options });

async function signIn(page, { username }) {
  await page.getByLabel("Username or email").fill(username);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
}

const rowOf = (page, name) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });

test("an operator signs in, sees every queue, pauses one and has it go on", async () => {
  const ada = await appoint();
  const { page, seen, close } = await openPage();
  await signIn(page, ada);
  for (const name of ["interactive", "fanout", "bulk"]) await rowOf(page, name).waitFor();
  assert.match(await page.getByRole("status").innerText(), new RegExp(`^${ada.username}, `));
  const bulk = rowOf(page, "bulk");
  await bulk.getByRole("button", { name: "Pause bulk" }).click();
  await bulk.getByText(/^paused for/).waitFor();
  assert.equal(await page.getByRole("status").innerText(), "bulk is paused.");

  // A reload finds them signed in; the queue is what it was.
  await page.reload({ waitUntil: "domcontentloaded" });
  await bulk.getByRole("button", { name: "Resume bulk" }).click();
  await bulk.getByText("goes on").waitFor();
  assert.equal(await page.evaluate(() => localStorage.length), 0, "nothing outlives the browser tab");

  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  assert.ok(!(await page.locator("#board").isVisible()));
  assert.deepEqual([seen.foreign, seen.errors], [[], []]);
  await close();
});

test("jobs that wait are listed, those of one name too, and cancelled when that is confirmed", async () => {
  const { token } = await appoint();
  const { page, seen, close } = await openPage();
  await page.getByText("Where only listed documents run").click();
  await page.getByLabel("A session’s token").fill(token);
  await page.getByRole("button", { name: "Use it" }).click();
  await page.getByLabel("State").selectOption("Waiting");
  // What comes back daily waits for its time.
  await page.getByLabel("Name", { exact: true }).fill("session.sweep");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  const jobs = page.locator("#jobs tbody tr");
  await page.waitForFunction(() => document.querySelectorAll("#jobs tbody tr").length === 1);
  assert.match(await jobs.innerText(), /^session\.sweep\s+{}\s+bulk\s+0\s/);
  const cancel = jobs.getByRole("button", { name: "Cancel session.sweep {}" });
  page.once("dialog", (dialog) => dialog.dismiss());
  await cancel.click();
  await page.getByRole("button", { name: "Show", exact: true }).click();
  assert.equal(await jobs.count(), 1);
  page.once("dialog", (dialog) => dialog.accept());
  await cancel.click();
  await page.getByText("session.sweep will not be done.").waitFor();
  assert.deepEqual([seen.foreign, seen.errors], [[], []]);
  await close();
});

test("jobs that failed say why, as text, and are tried again by a button", async () => {
  const ada = await appoint();
  const { page, seen, close } = await openPage();
  // A dead job takes minutes to make, and its reason is the program's own; here is one that nobody would like.
  const reason = "<img src=x onerror=alert(1)> & a disk on fire";
  const dead = { id: "job_x", name: "media.process", queue: "INTERACTIVE", state: "DEAD", payload: '{"media_id":"m"}' };
  const nodes = [{ ...dead, attempts: 3, runAt: "2026-01-02T03:04:05Z", lastError: reason }];
  const changes = [];
  await page.route("**/admin/graphql", async (route) => {
    const { query, variables } = route.request().postDataJSON();
    if (query.startsWith("mutation")) {
      changes.push(variables.input);
      const of = query.includes("retryJobs(") ? { retryJobs: { retried: 1, hasMore: false } } : { retryJob: { job: dead } };
      for (const result of Object.values(of)) result.userErrors = [];
      nodes.length = 0;
      return route.fulfill({ json: { data: of } });
    }
    if (!query.startsWith("query Jobs")) return route.fallback();
    return route.fulfill({ json: { data: { jobs: { nodes, pageInfo: { hasNextPage: false, endCursor: null } } } } });
  });
  await signIn(page, ada);
  const job = page.locator("#jobs tbody tr");
  await job.getByText("a disk on fire").waitFor();
  assert.equal(await job.locator(".reason").innerText(), reason);
  assert.equal(await page.locator("#jobs img").count(), 0);
  await job.getByRole("button", { name: /^Retry media\.process/ }).click();
  await page.getByText("media.process is tried again.").waitFor();
  await page.getByText("There is no such job.").waitFor();
  assert.ok(await page.getByRole("button", { name: "Retry all dead ones" }).isDisabled());

  nodes.push({ ...dead, attempts: 3, runAt: "2026-01-02T03:04:05Z", lastError: null });
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await job.waitFor();
  await page.getByRole("button", { name: "Retry all dead ones" }).click();
  await page.getByText("1 job is tried again.").waitFor();
  assert.deepEqual(changes, [{ jobId: "job_x" }, { queue: null, name: null, first: 1000 }]);
  assert.deepEqual([seen.foreign, seen.errors], [[], []]);
  await close();
});

test("who is no operator sees nothing, and neither does one who was", async () => {
  const { page, seen, close } = await openPage();
  await signIn(page, await signUp());
  await page.getByText("You are no operator, or your session has ended.").waitFor();
  assert.ok(!(await page.locator("#board").isVisible()));
  await page.getByLabel("Username or email").fill("nobody");
  await page.getByLabel("Password").fill("a wrong password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForFunction(() => !/^(You are no operator|$)/.test(document.getElementById("refusal").textContent));
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  assert.deepEqual(seen.foreign, []);
  await close();
});

test("on a small screen tables scroll and the page does not", async () => {
  const ada = await appoint();
  const { page, close } = await openPage({ viewport: { width: 360, height: 640 } });
  await signIn(page, ada);
  await rowOf(page, "bulk").waitFor();
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it scrolls sideways");
  await close();
});
