import relay from "relay-runtime";

const { Environment, Network, RecordSource, Store } = relay;

/** `url` is that of /graphql; `token()` gives the session's token; `socket` is a client of graphql-ws. */
export function environment(url, token, socket) {
  const send = async ({ text, name }, variables, _, uploadables) => {
    const operations = JSON.stringify({ query: text, operationName: name, variables });
    const headers = { Authorization: `Bearer ${token()}`, "GraphQL-Require-Preflight": "1" };
    let body = operations;
    if (uploadables) {
      // Keys are places in the variables, such as "input.file", where the operation has null.
      const files = Object.entries(uploadables);
      body = new FormData();
      body.append("operations", operations);
      body.append("map", JSON.stringify(Object.fromEntries(files.map(([path]) => [path, [`variables.${path}`]]))));
      for (const [path, file] of files) body.append(path, file);
    } else {
      headers["Content-Type"] = "application/json";
    }
    const response = await fetch(url, { method: "POST", headers, body });
    return response.json();
  };
  const listen = ({ text: query, name: operationName }, variables) =>
    relay.Observable.create((sink) => socket.subscribe({ query, operationName, variables }, sink));
  return new Environment({ network: Network.create(send, listen), store: new Store(new RecordSource()) });
}
