import { createClient } from "graphql-ws";

/** `url` is that of /graphql; `token()` gives the session's token. Other options of `createClient` may follow. */
export function socket(url, token, options) {
  return createClient({
    url: `${url.replace(/^http/, "ws")}/ws`,
    connectionParams: () => ({ Authorization: `Bearer ${token()}` }),
    // Whoever is cut off tries again, but not with a token that does not stand.
    shouldRetry: (problem) => problem?.code !== 4403,
    ...options,
  });
}

/** Says each comment below a post once, over lost connections too: the client sends `variables` again as they are then. */
export function comments(client, postId, say, fail) {
  const query = `subscription($postId: ID!, $after: ID) {
    commentAdded(postId: $postId, after: $after) { id text } }`;
  const variables = { postId, after: null };
  const known = new Set();
  const next = ({ data, errors }) => {
    if (errors) return fail(errors);
    const comment = data.commentAdded;
    if (!known.has(comment.id)) say(comment);
    known.add(comment.id);
    variables.after = comment.id;
  };
  return client.subscribe({ query, variables }, { next, error: fail, complete: () => {} });
}
