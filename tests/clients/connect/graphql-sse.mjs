import { createClient } from "graphql-sse";

/** `url` is that of /graphql; `token()` gives the session's token. Other options of `createClient` may follow. */
export function events(url, token, options) {
  return createClient({ url, headers: () => ({ Authorization: `Bearer ${token()}` }), ...options });
}
