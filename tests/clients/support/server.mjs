// The running server that the tests talk to, named by DARKROOM_TEST_URL, and the shortest way to do something there.
// Everything here is plain `fetch`, so that a test of one client never goes through another.
import { randomBytes } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

import { photoFile } from "./photo.mjs";

/** The server's address, as `http://host:port`. */
export function serverUrl() {
  const url = process.env.DARKROOM_TEST_URL;
  if (!url) throw new Error("Set DARKROOM_TEST_URL to the address of a running server, such as http://127.0.0.1:8000");
  return new URL(url).origin;
}

/** Where operations are sent. */
export const graphqlUrl = () => `${serverUrl()}/graphql`;

/** Where the WebSocket is. */
export const socketUrl = () => `${graphqlUrl().replace(/^http/, "ws")}/ws`;

const folder = new URL("../../../docs/documents/", import.meta.url);

/** The documents in docs/documents, joined: their operations share fragments. */
export function documentsText() {
  const names = readdirSync(folder).filter((name) => name.endsWith(".graphql"));
  return names.sort().map((name) => readFileSync(new URL(name, folder), "utf8")).join("\n");
}

/** Sends one operation and gives the answer, whatever it is; throws if it is no JSON. */
export async function send(query, variables, token) {
  const response = await fetch(graphqlUrl(), {
    method: "POST",
    headers: { "Content-Type": "application/json", ...authorization(token) },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

/** The header of a session, if there is one. */
export const authorization = (token) => (token ? { Authorization: `Bearer ${token}` } : {});

/** Sends one operation that must succeed, and gives its data. */
export async function ask(query, variables, token) {
  const { data, errors } = await send(query, variables, token);
  if (errors) throw new Error(JSON.stringify(errors));
  const refused = Object.values(data).flatMap((field) => field?.userErrors ?? []);
  if (refused.length > 0) throw new Error(JSON.stringify(refused));
  return data;
}

/** What a new person signs up with. */
export function newPerson() {
  const username = `p_${randomBytes(8).toString("hex")}`;
  return { username, email: `${username}@example.org`, password: "correct horse" };
}

/** Signs a new person up: `{ username, password, token, id }`. */
export async function signUp() {
  const input = newPerson();
  const document = `mutation($input: SignUpInput!) {
    signUp(input: $input) { session { token } viewer { user { id } } userErrors { message } } }`;
  const { signUp: payload } = await ask(document, { input });
  return { ...input, token: payload.session.token, id: payload.viewer.user.id };
}

/** Another session of a person: its token. */
export async function signIn({ username, password }) {
  const document = `mutation($input: SignInInput!) { signIn(input: $input) { session { token } userErrors { message } } }`;
  return (await ask(document, { input: { login: username, password } })).signIn.session.token;
}

/** Ends the session of a token. */
export const signOut = (token) => ask("mutation { signOut { userErrors { message } } }", {}, token);

/** A multipart request of `parts`, pairs of a name and a text or file; gives the response. */
export function sendParts(parts, { token, headers = { "GraphQL-Require-Preflight": "1" }, signal } = {}) {
  const body = new FormData();
  for (const [name, value] of parts) {
    body.append(name, typeof value === "string" || value instanceof Blob ? value : JSON.stringify(value));
  }
  return fetch(graphqlUrl(), { method: "POST", headers: { ...headers, ...authorization(token) }, body, signal });
}

/** Uploads a photo: its id. `seed` makes its bytes other ones. */
export async function upload(token, seed = 1) {
  const query = `mutation($file: Upload!) {
    uploadMedia(input: { file: $file }) { media { id } userErrors { message } } }`;
  const operations = { query, variables: { file: null } };
  const parts = [["operations", operations], ["map", { 0: ["variables.file"] }], ["0", photoFile("photo.jpg", { seed })]];
  const { data, errors } = await (await sendParts(parts, { token })).json();
  if (errors || data.uploadMedia.userErrors.length > 0) throw new Error(JSON.stringify({ data, errors }));
  return data.uploadMedia.media.id;
}

/** A post of one new photo, waited for until it is published: its id. */
export async function publish(token, caption = "", seed = 1) {
  const mediaIds = [await upload(token, seed)];
  const document = `mutation($input: CreatePostInput!) { createPost(input: $input) { post { id } userErrors { message } } }`;
  const { id } = (await ask(document, { input: { mediaIds, caption } }, token)).createPost.post;
  const state = "query($id: ID!) { node(id: $id) { ... on Post { state } } }";
  await until(async () => (await ask(state, { id }, token)).node.state === "PUBLISHED");
  return id;
}

/** Says something below a post: the comment's id. */
export async function comment(token, postId, text) {
  const document = `mutation($input: AddCommentInput!) { addComment(input: $input) { comment { id } userErrors { message } } }`;
  return (await ask(document, { input: { postId, text } }, token)).addComment.comment.id;
}

/** Asks again until the answer is truthy, and gives it; throws after `seconds`. */
export async function until(condition, seconds = 20) {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    const found = await condition();
    if (found) return found;
    await pause(20);
  }
  throw new Error(`not within ${seconds} s: ${condition}`);
}
