import { ApolloClient, ApolloLink, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { relayStylePagination } from "@apollo/client/utilities";
import UploadHttpLink from "apollo-upload-client/UploadHttpLink.mjs";
import { createClient } from "graphql-ws";
import { OperationTypeNode } from "graphql";

/** `url` is that of /graphql; `token()` gives the session's token, or nothing when signed out. */
export function apollo(url, token) {
  const http = new UploadHttpLink({
    uri: url,
    // Without this header uploads are refused; it does no harm elsewhere.
    headers: { "Apollo-Require-Preflight": "true" },
    fetch: (uri, options) => {
      const headers = new Headers(options.headers);
      if (token()) headers.set("Authorization", `Bearer ${token()}`);
      return fetch(uri, { ...options, headers });
    },
  });
  const socket = new GraphQLWsLink(
    createClient({
      url: `${url.replace(/^http/, "ws")}/ws`,
      connectionParams: () => (token() ? { Authorization: `Bearer ${token()}` } : {}),
    }),
  );
  const link = ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    socket,
    http,
  );
  const typePolicies = { Query: { fields: { feed: relayStylePagination(["mode"]) } } };
  return new ApolloClient({ link, cache: new InMemoryCache({ typePolicies }) });
}
