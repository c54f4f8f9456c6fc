import { Client, cacheExchange, fetchExchange, subscriptionExchange } from "@urql/core";
import { authExchange } from "@urql/exchange-auth";
import { createClient } from "graphql-ws";

/** `url` is that of /graphql. `session.token` is the token; `session.renew()` signs in again and sets it. */
export function urql(url, session) {
  const socket = createClient({
    url: `${url.replace(/^http/, "ws")}/ws`,
    connectionParams: () => (session.token ? { Authorization: `Bearer ${session.token}` } : {}),
  });
  const auth = authExchange(async ({ appendHeaders }) => ({
    addAuthToOperation: (operation) =>
      session.token ? appendHeaders(operation, { Authorization: `Bearer ${session.token}` }) : operation,
    didAuthError: ({ graphQLErrors }) => graphQLErrors.some(({ extensions }) => extensions.code === "UNAUTHENTICATED"),
    refreshAuth: () => session.renew(),
  }));
  const subscriptions = subscriptionExchange({
    forwardSubscription: ({ query, variables }) => ({
      subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
    }),
  });
  return new Client({
    url,
    preferGetMethod: false,
    // Without this header uploads are refused; it does no harm elsewhere.
    fetchOptions: { headers: { "GraphQL-Require-Preflight": "1" } },
    exchanges: [cacheExchange, auth, fetchExchange, subscriptions],
  });
}
