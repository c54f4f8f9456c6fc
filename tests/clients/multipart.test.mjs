// The GraphQL multipart request specification over plain `fetch`: what clients send, and what only mistaken or hostile
// ones do.
import assert from "node:assert/strict";
import http from "node:http";
import { before, describe, test } from "node:test";

import { jpeg, photoFile } from "./support/photo.mjs";
import { ask, authorization, graphqlUrl, sendParts, signUp } from "./support/server.mjs";

const ONE = `mutation($input: UploadMediaInput!) {
  uploadMedia(input: $input) { media { id } userErrors { code message mediaFailure } } }`;
const TWO = `mutation($a: UploadMediaInput!, $b: UploadMediaInput!) {
  a: uploadMedia(input: $a) { media { id original { byteSize } } userErrors { code message mediaFailure } }
  b: uploadMedia(input: $b) { media { id original { byteSize } } userErrors { code message mediaFailure } } }`;

const one = { query: ONE, variables: { input: { file: null } } };
const two = { query: TWO, variables: { a: { file: null }, b: { file: null } } };
const toOne = { 0: ["variables.input.file"] };
const toTwo = { 0: ["variables.a.file"], 1: ["variables.b.file"] };

const small = (name = "small.jpg") => photoFile(name, { columns: 10, rows: 10, seed: 1 });
const large = (name = "large.jpg") => photoFile(name, { columns: 50, rows: 50, seed: 2 });

/** The answer to a request that must be carried out. */
async function data(response) {
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  assert.equal(answer.errors, undefined, JSON.stringify(answer.errors));
  return answer.data;
}

/** The request was refused as a whole, in GraphQL's form. */
async function refused(response, status) {
  assert.equal(response.status, status);
  assert.match(response.headers.get("content-type"), /^application\/json/);
  const answer = await response.json();
  assert.equal(answer.errors[0].extensions.code, "INVALID", JSON.stringify(answer));
  assert.ok(!("data" in answer));
  return answer.errors[0].message;
}

/** What the answer says of the first file that it refuses, as an error or as data; nothing of it may be stored. */
async function complaint(response) {
  const { data: payloads, errors } = await response.json();
  const uploads = Object.values(payloads ?? {});
  const refusals = [...(errors ?? []), ...uploads.flatMap((payload) => payload?.userErrors ?? [])];
  const refusedOne = errors !== undefined || uploads.some((payload) => payload.media === null);
  return refusedOne && refusals.length > 0 ? refusals[0].message : "everything was carried out";
}

describe("multipart", { concurrency: 4, timeout: 60_000 }, () => {
  let token;
  before(async () => ({ token } = await signUp()));

  test("a single file", async () => {
    const parts = [["operations", one], ["map", toOne], ["0", small()]];
    const { uploadMedia } = await data(await sendParts(parts, { token }));
    assert.deepEqual(uploadMedia.userErrors, []);
    assert.match(uploadMedia.media.id, /^media_/);
  });

  test("a list of files, each to its own place, in order and out of order", async () => {
    for (const files of [[["0", small()], ["1", large()]], [["1", large()], ["0", small()]]]) {
      const { a, b } = await data(await sendParts([["operations", two], ["map", toTwo], ...files], { token }));
      assert.deepEqual([a.media.original.byteSize, b.media.original.byteSize], [small().size, large().size]);
      assert.notEqual(a.media.id, b.media.id);
    }
  });

  test("one file for two variables", async () => {
    const parts = [["operations", two], ["map", { 0: ["variables.a.file", "variables.b.file"] }], ["0", small()]];
    const { a, b } = await data(await sendParts(parts, { token }));
    assert.deepEqual([a.media.original.byteSize, b.media.original.byteSize], [small().size, small().size]);
    assert.notEqual(a.media.id, b.media.id);
  });

  test("batches are not served", async () => {
    const parts = [["operations", [one]], ["map", { 0: ["0.variables.input.file"] }], ["0", small()]];
    assert.match(await refused(await sendParts(parts, { token }), 400), /[Bb]atch/);
  });

  test("a client that leaves in the middle leaves the server as it was", async () => {
    const boundary = "a-b-c";
    const head = form(boundary, [["operations", one], ["map", toOne]]) + fileHead(boundary, "0");
    const request = post(token, boundary, { "Transfer-Encoding": "chunked" });
    request.on("error", () => {});
    request.write(head);
    request.write(jpeg().subarray(0, 1000));
    await new Promise((resolve) => request.write(Buffer.alloc(100_000), resolve));
    request.destroy();
    const parts = [["operations", one], ["map", toOne], ["0", small()]];
    const { uploadMedia } = await data(await sendParts(parts, { token }));
    assert.deepEqual(uploadMedia.userErrors, []);
  });

  test("a body that ends before its end is refused, and no media is left", async () => {
    const boundary = "a-b-c";
    const whole = Buffer.concat([
      Buffer.from(form(boundary, [["operations", one], ["map", toOne]]) + fileHead(boundary, "0")),
      jpeg(),
    ]);
    const request = post(token, boundary, { "Content-Length": whole.length });
    request.end(whole);
    const { status, answer } = await answerOf(request);
    assert.equal(status, 200);
    assert.equal(answer.data?.uploadMedia?.media ?? null, null, JSON.stringify(answer));
    assert.match(JSON.stringify(answer), /before its closing boundary|TRUNCATED|INVALID/);
  });

  test("without a preflight header nothing is done", async () => {
    const parts = [["operations", one], ["map", toOne], ["0", small()]];
    assert.match(await refused(await sendParts(parts, { token, headers: {} }), 400), /GraphQL-Require-Preflight/);
    for (const name of ["Apollo-Require-Preflight", "X-Apollo-Operation-Name", "GraphQL-Require-Preflight"]) {
      const { uploadMedia } = await data(await sendParts(parts, { token, headers: { [name]: "x" } }));
      assert.deepEqual(uploadMedia.userErrors, [], name);
    }
  });

  test("a field that comes twice is refused", async () => {
    const twice = [
      [["operations", one], ["operations", one], ["map", toOne], ["0", small()]],
      [["operations", one], ["map", toOne], ["map", toOne], ["0", small()]],
      [["operations", one], ["map", toOne], ["0", small()], ["0", large()]],
      [["operations", two], ["map", toTwo], ["0", small()], ["0", small()], ["1", large()]],
    ];
    for (const parts of twice) {
      const names = parts.map(([name]) => name).join(" ");
      assert.match(await complaint(await sendParts(parts, { token })), /twice|missing|not in "map"/, names);
    }
    const query = '{ "query": "{ viewer { email } }", "query": "{ viewer { email } }" }';
    await refused(await sendParts([["operations", query], ["map", {}]], { token }), 400);
    const map = '{ "0": ["variables.input.file"], "0": ["variables.input.file"] }';
    assert.match(await refused(await sendParts([["operations", one], ["map", map], ["0", small()]], { token }), 400), /twice/);
  });

  test("a part that nobody asked for is refused", async () => {
    for (const parts of [
      [["operations", one], ["map", toOne], ["other", small()], ["0", small()]],
      [["operations", one], ["map", toOne], ["0", small()], ["other", small()]],
    ]) {
      assert.match(await complaint(await sendParts(parts, { token })), /not in "map"/);
    }
  });

  test("too much is 413 in JSON: announced, and a single file by a sentence in the answer", async () => {
    const { uploadMaxBytes } = (await ask("{ instance { uploadMaxBytes } }")).instance;
    const boundary = "a-b-c";
    const request = post(token, boundary, { "Content-Length": uploadMaxBytes * 20 });
    request.flushHeaders();
    const announced = await answerOf(request);
    assert.equal(announced.status, 413);
    assert.match(announced.contentType, /^application\/json/);
    assert.equal(announced.answer.errors[0].extensions.code, "INVALID");

    // The map says one file, the header says more than one file may have.
    const later = post(token, boundary, { "Content-Length": uploadMaxBytes * 3 });
    later.write(form(boundary, [["operations", one], ["map", toOne]]) + fileHead(boundary, "0"));
    assert.equal((await answerOf(later)).status, 413);

    const long = new File([jpeg(), Buffer.alloc(uploadMaxBytes)], "long.jpg");
    const answer = await (await sendParts([["operations", one], ["map", toOne], ["0", long]], { token })).json();
    assert.deepEqual(answer.data.uploadMedia.userErrors.map(({ mediaFailure }) => mediaFailure), ["TOO_LARGE"]);
  });

  test("a JSON body above 1 MiB is 413", async () => {
    const body = JSON.stringify({ query: "{ instance { version } }", variables: { x: "x".repeat(1024 * 1024) } });
    await refused(await fetch(graphqlUrl(), { method: "POST", headers: { "Content-Type": "application/json" }, body }), 413);
  });

  test("file names are names: none is used as a path, or given back", async () => {
    for (const name of ["../../../../etc/passwd", "..\\..\\boot.ini", "C:\\x.jpg", "/", ".", '"; filename="other.jpg', "x".repeat(5000)]) {
      const parts = [["operations", one], ["map", toOne], ["0", small(name)]];
      const { uploadMedia } = await data(await sendParts(parts, { token }));
      assert.deepEqual(uploadMedia.userErrors, [], name);
      const document = "query($id: ID!) { node(id: $id) { ... on Media { original { url } } } }";
      const { node } = await ask(document, { id: uploadMedia.media.id }, token);
      assert.match(new URL(node.original.url).pathname, /^\/media\/photos\/o\/[\w-]{22}\.jpg$/, name);
    }
  });
});

/** Fields of a body by hand, for what `FormData` can't be made to send. */
function form(boundary, fields) {
  const field = ([name, value]) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${JSON.stringify(value)}\r\n`;
  return fields.map(field).join("");
}

function fileHead(boundary, name) {
  const disposition = `Content-Disposition: form-data; name="${name}"; filename="photo.jpg"`;
  return `--${boundary}\r\n${disposition}\r\nContent-Type: image/jpeg\r\n\r\n`;
}

/** A request whose body the test writes. */
function post(token, boundary, headers) {
  const type = { "Content-Type": `multipart/form-data; boundary=${boundary}`, "GraphQL-Require-Preflight": "1" };
  return http.request(graphqlUrl(), { method: "POST", headers: { ...type, ...authorization(token), ...headers } });
}

/** Its answer; the rest of what was announced is never sent. */
function answerOf(request) {
  return new Promise((resolve, reject) => {
    request.on("error", reject);
    request.on("response", async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      request.destroy();
      const answer = JSON.parse(Buffer.concat(chunks).toString());
      resolve({ status: response.statusCode, contentType: response.headers["content-type"], answer });
    });
  });
}
