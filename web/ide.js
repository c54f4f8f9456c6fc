// Starts GraphiQL on Darkroom's API. One thing is added to it: the Authorization header is shared by all tabs, and an
// answer that carries a session token offers to fill it in. Everything lives in sessionStorage: it survives a reload
// and ends with the browser tab. GraphiQL's own choice, localStorage, would keep tokens (its history stores headers) and
// the passwords typed into sign-in documents on a computer that others may use.
(() => {
  const missing = ["React", "ReactDOM", "GraphiQL", "darkroomTabs"].filter((name) => !(name in globalThis));
  if (missing.length > 0) {
    document.getElementById("ide").classList.add("failed");
    document.getElementById("notice-reason").textContent =
      `The GraphQL editor cannot start: a script did not load (${missing.join(", ")}). Check that this browser ` +
      `reaches ${scriptHosts().join(" and ")}, that no extension blocks it, and reload the page.`;
    return;
  }

  const { createElement, useEffect, useMemo, useState } = React;
  const { useEditorContext } = GraphiQL.React;
  // Relative to the page, so that a proxy may put the whole server under a path.
  const endpoint = new URL("graphql", document.baseURI);
  const socket = new URL("graphql/ws", document.baseURI);
  socket.protocol = endpoint.protocol === "https:" ? "wss:" : "ws:";

  const STORED = "darkroom:authorization";
  const LEARN = "https://graphql.org/learn/queries/";

  /** The hosts that the page's scripts come from, for the message that one is missing. */
  function scriptHosts() {
    return [...new Set([...document.scripts].map((script) => new URL(script.src).host))];
  }

  /** The headers as an object; null while what is typed is not (yet) a JSON object. Blank means no headers. */
  function parseHeaders(text) {
    if (text.trim() === "") return {};
    try {
      const headers = JSON.parse(text);
      return typeof headers === "object" && headers !== null && !Array.isArray(headers) ? headers : null;
    } catch {
      return null;
    }
  }

  const isAuthorization = (name) => name.toLowerCase() === "authorization";

  function authorizationOf(headers) {
    const found = Object.entries(headers).find(([name]) => isAuthorization(name));
    return found && typeof found[1] === "string" && found[1] !== "" ? found[1] : null;
  }

  /** The header editor's text with this Authorization (null: without); text that cannot be read stays as it is. */
  function withAuthorization(text, authorization) {
    const headers = parseHeaders(text);
    if (headers === null || authorizationOf(headers) === authorization) return text;
    const others = Object.entries(headers).filter(([name]) => !isAuthorization(name));
    if (authorization !== null) others.unshift(["Authorization", authorization]);
    return others.length === 0 ? "" : JSON.stringify(Object.fromEntries(others), null, 2);
  }

  /** `fetch` with errors that say what to do where the browser's would not. */
  async function fetchJson(url, init) {
    let response;
    try {
      response = await fetch(url, init);
    } catch (cause) {
      throw new Error(`No answer from ${endpoint}. Is the server still running?`, { cause });
    }
    if (!/[/+]json\b/.test(response.headers.get("content-type") ?? "")) {
      throw new Error(`${endpoint} answered ${response.status} without JSON; something in front of it may be down.`);
    }
    return response;
  }

  /** GraphiQL's fetcher, which also tells `onAnswer` of every complete answer. */
  function observedFetcher(onAnswer) {
    const send = GraphiQL.createFetcher({
      url: endpoint.href,
      // The header editor's headers become connection_init's payload.
      subscriptionUrl: socket.href,
      fetch: fetchJson,
      headers: { Accept: "application/graphql-response+json, application/json;q=0.9" },
      enableIncrementalDelivery: false,
    });
    return async (params, options) => {
      // The schema is the same for everyone; a token that has expired must not hide it.
      const introspects = params.operationName === "IntrospectionQuery";
      const answer = await send(params, introspects ? { ...options, headers: {} } : options);
      if (!introspects && answer && !(Symbol.asyncIterator in answer)) onAnswer(answer);
      return answer;
    };
  }

  /** Works without the clipboard API too, which browsers withhold from plain http on other hosts than localhost. */
  function copy(text) {
    const area = document.body.appendChild(document.createElement("textarea"));
    area.value = text;
    area.select();
    document.execCommand("copy");
    area.remove();
  }

  function CopyUploadCommand({ authorization }) {
    const [copied, setCopied] = useState(false);
    const onClick = () => {
      copy(darkroomUploadCommand(endpoint.href, authorization ?? "Bearer <token>"));
      setCopied(true);
    };
    return createElement("button", { onClick }, copied ? "Copied" : "Copy upload command");
  }

  /** The Authorization that all tabs share. Not React state alone: a render may lag behind what is being typed. */
  const shared = { authorization: sessionStorage.getItem(STORED) };

  function share(authorization) {
    shared.authorization = authorization;
    if (authorization === null) sessionStorage.removeItem(STORED);
    else sessionStorage.setItem(STORED, authorization);
  }

  /** The bar under the answer. It also keeps the header editor and the shared Authorization in step. */
  function SessionBar({ authorization, offer, rejected, onChange }) {
    const { headerEditor, tabs, activeTabIndex } = useEditorContext();

    useEffect(() => {
      if (!headerEditor) return undefined;
      const fill = () => {
        const text = headerEditor.getValue();
        const wanted = withAuthorization(text, shared.authorization);
        if (wanted !== text) headerEditor.setValue(wanted);
      };
      const changed = (editor, { origin }) => {
        // "setValue" is a program: GraphiQL showing a tab (which it may do twice), or `fill`. All else is a person.
        if (origin === "setValue") return fill();
        const headers = parseHeaders(editor.getValue());
        return headers && onChange(authorizationOf(headers));
      };
      fill();
      headerEditor.on("change", changed);
      return () => headerEditor.off("change", changed);
    }, [headerEditor, authorization, onChange]);

    const [text, label, next] = offer
      ? ["This answer carries a session token.", "Use this token", offer]
      : rejected
        ? ["The server does not accept this token (any more). Sign in again.", "Remove the token", null]
        : authorization
          ? ["Your token goes with every tab until this browser tab is closed.", "Remove the token", null]
          : ["Signed out. Run SignUp or SignIn, or put a token into Headers."];
    return createElement(
      "div",
      { className: "session-bar", role: "status" },
      createElement("span", null, text),
      tabs[activeTabIndex]?.title === "Upload" && createElement(CopyUploadCommand, { authorization }),
      label && createElement("button", { className: offer ? "main" : "", onClick: () => onChange(next) }, label),
    );
  }

  function Ide() {
    const [authorization, setAuthorization] = useState(shared.authorization);
    const [offer, setOffer] = useState(null);
    const [rejected, setRejected] = useState(false);

    const [onChange, fetcher] = useMemo(() => {
      const change = (value) => {
        share(value);
        setAuthorization(value);
        setOffer(null);
        setRejected(false);
      };
      const observed = observedFetcher(({ data, errors }) => {
        const payloads = Object.values(data ?? {});
        const token = payloads.map((payload) => payload?.session?.token).find(Boolean);
        setOffer(token ? `Bearer ${token}` : null);
        setRejected(Boolean(errors?.some((error) => error.extensions?.code === "UNAUTHENTICATED")));
        if (data?.signOut && !data.signOut.userErrors?.length) change(null);
      });
      return [change, observed];
    }, []);

    return createElement(
      GraphiQL,
      {
        fetcher,
        defaultTabs: darkroomTabs(endpoint.href).map((query) => ({ query })),
        defaultQuery: "",
        defaultEditorToolsVisibility: "headers",
        storage: sessionStorage,
        shouldPersistHeaders: true,
        showPersistHeadersSettings: false,
      },
      createElement(
        GraphiQL.Logo,
        null,
        createElement("a", { className: "learn", href: LEARN, target: "_blank", rel: "noreferrer" }, "Learn GraphQL"),
        createElement("span", { className: "wordmark" }, "Darkroom"),
      ),
      createElement(
        GraphiQL.Footer,
        null,
        createElement(SessionBar, { authorization, offer, rejected: rejected && authorization !== null, onChange }),
      ),
    );
  }

  ReactDOM.createRoot(document.getElementById("ide")).render(createElement(Ide));
})();
