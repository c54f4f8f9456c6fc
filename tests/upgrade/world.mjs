// Has people do most of what can be done on a running server, and writes what each of them sees of it then: what a later release
// has to show them, too. `scripts/upgrade-fixture` runs it against the release of which a fixture is made.
//
//   node world.mjs URL FILE
import { writeFile } from "node:fs/promises";
import { deflateSync, crc32 } from "node:zlib";

const [url, file] = process.argv.slice(2);
const PASSWORD = "a good password";

async function send(token, body, headers = {}) {
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(new URL("/graphql", url), { method: "POST", headers, body });
  const { data, errors } = await answer.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

const ask = (token, query, variables = {}) =>
  send(token, JSON.stringify({ query, variables }), { "Content-Type": "application/json" });

/** Carries a mutation out; gives what it made. */
async function change(token, name, input, selection = "") {
  const type = `${name[0].toUpperCase()}${name.slice(1)}Input`;
  const query = `mutation($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { message } } }`;
  const result = (await ask(token, query, { input }))[name];
  if (result.userErrors.length > 0) throw new Error(`${name}: ${JSON.stringify(result.userErrors)}`);
  return result;
}

/** A PNG of one colour. */
function png(width, height, colour) {
  const row = Buffer.concat([Buffer.of(0), ...Array.from({ length: width }, () => Buffer.from(colour))]);
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head.set([8, 2], 8);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  const signature = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]);
}

async function until(what, holds) {
  for (let tries = 0; tries < 600; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain until ${what}`);
}

let shade = 0;
async function photo({ token }, altText = "") {
  shade += 40;
  const query = `mutation($input: UploadMediaInput!) { uploadMedia(input: $input) { media { id } userErrors { message } } }`;
  const form = new FormData();
  form.set("operations", JSON.stringify({ query, variables: { input: { file: null, altText } } }));
  form.set("map", JSON.stringify({ 0: ["variables.input.file"] }));
  form.set("0", new Blob([png(48, 32, [shade % 256, 120, 200])], { type: "image/png" }), "p.png");
  const { media } = (await send(token, form, { "GraphQL-Require-Preflight": "1" })).uploadMedia;
  await until("the photo is READY", async () => {
    const { node } = await ask(token, "query($id: ID!) { node(id: $id) { ... on Media { status renditions { format } } } }", media);
    return node.status === "READY" && node.renditions.some(({ format }) => format === "WEBP");
  });
  return media.id;
}

async function post(person, caption, more = {}) {
  const made = await change(person.token, "createPost", { mediaIds: [await photo(person, "a plain picture")], caption, ...more }, "post { id }");
  return made.post.id;
}

async function person(username) {
  const input = { username, email: `${username}@example.test`, password: PASSWORD, fullName: `${username} of old` };
  const { session, viewer } = await change(null, "signUp", input, "session { token } viewer { user { id } }");
  return { username, token: session.token, id: viewer.user.id };
}

const [ada, ben, cem, dia] = [await person("ada"), await person("ben"), await person("cem"), await person("dia")];
const to = (who, name, input, selection) => change(who.token, name, input, selection);

for (const [who, whom] of [[ada, ben], [ben, ada], [cem, ada], [dia, ben], [ada, cem]]) await to(who, "followUser", { userId: whom.id });
await to(cem, "updateProfile", { isPrivate: true });
await to(dia, "followUser", { userId: cem.id });
await to(ben, "addCloseFriend", { userId: ada.id });
const first = await post(ben, "The first, #old and #gold, with @ada", { location: "Here" });
const close = await post(ben, "For few", { audience: "CLOSE_FRIENDS" });
const hers = await post(ada, "ünï \u{1F4F7} \"quoted\" \\ <b>");
const hidden = await post(cem, "For those who follow", { commenters: "FOLLOWERS" });
const archived = await post(ben, "Put away");
await to(ben, "archivePost", { postId: archived });
await to(ben, "pinPost", { postId: first });
await to(ben, "updatePost", { postId: first, caption: "The first, #old and #gold, with @ada, edited" });
for (const who of [ada, cem, dia]) await to(who, "likePost", { postId: first });
await to(ben, "likePost", { postId: hers });
const { comment } = await to(ada, "addComment", { postId: first, text: "Well said, @ben" }, "comment { id }");
await to(ben, "addComment", { postId: first, text: "Thanks", replyToId: comment.id });
await to(dia, "addComment", { postId: first, text: "Indeed" });
await to(ben, "likeComment", { commentId: comment.id });
await to(ben, "pinComment", { commentId: comment.id });
await to(ada, "savePost", { postId: first });
const { collection } = await to(ada, "createCollection", { name: "Kept" }, "collection { id }");
await to(ada, "addToCollection", { collectionId: collection.id, postId: first });
const { story } = await to(ben, "createStory", { mediaId: await photo(ben) }, "story { id }");
await to(ada, "markStoryViewed", { storyId: story.id });
await to(dia, "blockUser", { userId: ada.id });
await to(ada, "muteUser", { userId: cem.id, stories: true, posts: false });
await to(ada, "updateProfile", { bio: "two\nlines", avatarMediaId: await photo(ada) });
await to(ada, "recordImpressions", { impressions: [{ postId: first, dwellMs: 3000 }] });
await to(cem, "updateSettings", { isPersonalised: false });

const DOCUMENTS = {
  feed: `{ feed(mode: FOLLOWING, first: 10) { nodes { id caption createdAt editedAt state audience commenters location hashtags
    likeCount commentCount viewerHasLiked viewerHasSaved isPinned author { id username fullName bio }
    media { id kind status width height altText placeholder dominantColor renditions { size format width height byteSize } }
    mentions { username } likes(first: 10) { nodes { username } } pinnedComments { id }
    comments(first: 10) { nodes { id text createdAt likeCount replyCount isPinned viewerHasLiked author { username }
      replies(first: 10) { nodes { text replyTo { id } author { username } } } } } } } }`,
  people: `{ ${["ada", "ben", "cem", "dia"]
    .map((name) => `${name}: user(username: "${name}") { id bio isPrivate followerCount followingCount postCount followsViewer
      viewerFollowState viewerMutesStories isViewersCloseFriend followers(first: 10) { nodes { username } }
      pinnedPosts { id } posts(first: 10) { nodes { id } } stories { id viewerHasSeen } }`)
    .join(" ")} }`,
  own: `{ viewer { email unreadNotificationCount settings { isPersonalised } savedPosts(first: 10) { nodes { id } }
    collections(first: 10) { nodes { name posts(first: 10) { nodes { id } } } } archivedPosts(first: 10) { nodes { id } }
    followRequests(first: 10) { nodes { username } } blockedUsers(first: 10) { nodes { username } }
    closeFriends(first: 10) { nodes { username } } mutedUsers(first: 10) { nodes { username } }
    notifications(first: 30) { nodes { kind actorCount actor { username } post { id } comment { text } readAt } } } }`,
  tray: `{ storyTray(first: 10) { nodes { hasUnseen user { username } stories { id viewerHasSeen viewerCount } } } }`,
};

await until("everybody was told", async () => {
  const { viewer } = await ask(ben.token, "{ viewer { unreadNotificationCount notifications(first: 50) { nodes { kind } } } }");
  const kinds = new Set(viewer.notifications.nodes.map(({ kind }) => kind));
  return ["POST_LIKE", "COMMENT", "FOLLOW"].every((kind) => kinds.has(kind));
});
await until("everything was fanned out", async () => {
  const { feed } = await ask(ada.token, "{ feed(mode: FOLLOWING, first: 50) { nodes { id } } }");
  return feed.nodes.length === 4 && feed.nodes.every(({ id }) => [first, close, hers, hidden].includes(id));
});

const seen = {};
for (const { username, token } of [ada, ben, cem, dia]) {
  seen[username] = {};
  for (const [name, document] of Object.entries(DOCUMENTS)) seen[username][name] = await ask(token, document);
}
await writeFile(file, `${JSON.stringify({ password: PASSWORD, documents: DOCUMENTS, seen }, null, 1)}\n`);
