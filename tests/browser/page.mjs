// One Chromium page on the server, watched: it records every host it asked, every console error, every WebSocket,
// and knows the editor's parts by what people see of them.
import { chromium } from "playwright-core";

/** The running server's address, as `http://host:port`. */
export function serverUrl() {
  const url = process.env.DARKROOM_TEST_URL;
  if (!url) throw new Error("Set DARKROOM_TEST_URL to the address of a running server, such as http://127.0.0.1:8000");
  return new URL(url);
}

/** A headless Chromium with a throw-away profile that calls nobody on its own account. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.DARKROOM_TEST_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Opens `path` in a context of its own. `block` refuses some of the server's own files; `options` go to the context. */
export async function open(browser, { path = "/", block = () => false, ...options } = {}) {
  const { host, origin } = serverUrl();
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  context.setDefaultTimeout(15_000);
  const seen = { foreign: [], errors: [], sockets: [] };

  await context.route("**/*", (route) => {
    const url = new URL(route.request().url());
    if (url.protocol === "data:") return route.continue();
    if (url.host !== host) {
      seen.foreign.push(url.href);
      return route.abort();
    }
    return block(url) ? route.abort() : route.continue();
  });
  // Routes do not see WebSockets; this also keeps the negotiated subprotocol, which only the page knows.
  await context.addInitScript(() => {
    globalThis.openedSockets = [];
    const Native = WebSocket;
    globalThis.WebSocket = class extends Native {
      constructor(...args) {
        super(...args);
        this.addEventListener("open", () => globalThis.openedSockets.push({ url: this.url, protocol: this.protocol }));
      }
    };
  });

  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && seen.errors.push(message.text()));
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("websocket", (socket) => {
    const frames = { url: socket.url(), sent: [], received: [] };
    if (new URL(socket.url()).host !== host) seen.foreign.push(socket.url());
    socket.on("framesent", ({ payload }) => frames.sent.push(JSON.parse(payload)));
    socket.on("framereceived", ({ payload }) => frames.received.push(JSON.parse(payload)));
    seen.sockets.push(frames);
  });
  await page.goto(`${origin}${path}`, { waitUntil: "domcontentloaded" });
  return { page, seen, close: () => context.close() };
}

/** Brings the tab of this operation to the front and waits until its document is in the editor. */
export async function showTab(page, name) {
  await page.getByRole("tablist").getByRole("button", { name, exact: true }).click();
  await textMatches(page, "Query Editor", new RegExp(`(query|mutation|subscription) ${name}\\b`));
}

/** The visible editor of a region: "Query Editor", "Headers", "Variables" or "Result Window". */
function editor(page, region) {
  return page.getByRole("region", { name: region, exact: true }).locator(".CodeMirror").filter({ visible: true });
}

/** The whole text of an editor; its markup holds only the lines on screen. */
export function textOf(page, region) {
  return editor(page, region).evaluate((element) => element.CodeMirror.getValue());
}

/** Waits until an editor's text matches, and gives the text. */
export async function textMatches(page, region, pattern) {
  const handle = await editor(page, region).elementHandle();
  const wanted = [pattern.source, pattern.flags];
  await page.waitForFunction(
    ([element, [source, flags]]) => new RegExp(source, flags).test(element.CodeMirror.getValue()),
    [handle, wanted],
  );
  return textOf(page, region);
}

/** Types over what an editor holds. */
export async function typeInto(page, region, text) {
  await editor(page, region).click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(text);
}

/** Runs the tab's only operation, or the named one of several, and gives the first answer, parsed. */
export async function run(page, operation) {
  // GraphiQL reads a document a moment after it was typed, and decides by that reading what is a subscription.
  const document = await editor(page, "Query Editor").elementHandle();
  await page.waitForFunction(
    ({ CodeMirror: shown }) => shown.documentAST?.loc.source.body === shown.getValue(),
    document,
  );
  // The result pane may still hold an equal answer from before: what is read next must be new.
  await editor(page, "Result Window").evaluate((element) => element.CodeMirror.setValue("nothing yet"));
  await page.getByRole("button", { name: /^Execute query/ }).click();
  if (operation) await page.getByRole("menuitem", { name: operation, exact: true }).click();
  return JSON.parse(await textMatches(page, "Result Window", /^\{[^]*\}$/));
}
