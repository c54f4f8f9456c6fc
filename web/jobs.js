// The operators' job page: /admin/graphql in tables. It looks again every few seconds while somebody looks at it. The session's
// token lives in sessionStorage and ends with the browser tab. Whatever comes from the ledger is put in as text, never as markup.
(() => {
  const STORED = "darkroom:operator";
  const EVERY_MS = 5000;
  const PAGE = 50;
  // Relative to the page, so that a proxy may put the whole server under a path.
  const product = new URL("graphql", document.baseURI);
  const operators = new URL("admin/graphql", document.baseURI);

  const SIGN_IN = `mutation SignIn($input: SignInInput!) {
    signIn(input: $input) { session { token } userErrors { message } } }`;
  const SIGN_OUT = "mutation SignOut { signOut { userErrors { message } } }";
  const QUEUES = `query Queues { viewer { username } queues { name pausedAt oldestDueAt
    waiting { number isLeast } due { number isLeast } running { number isLeast } dead { number isLeast } }
    work(minutes: 5) { queue minutes done failed } }`;
  const JOBS = `query Jobs($state: JobState!, $queue: QueueName, $name: String, $first: Int!, $after: String) {
    jobs(state: $state, queue: $queue, name: $name, first: $first, after: $after) {
      nodes { id name queue state payload attempts runAt lastError } pageInfo { hasNextPage endCursor } } }`;
  const change = (name, result) =>
    `mutation Change($input: ${name[0].toUpperCase()}${name.slice(1)}Input!) {
      ${name}(input: $input) { ${result} userErrors { message } } }`;

  const QUEUE_NAMES = { INTERACTIVE: "interactive", FAN_OUT: "fanout", BULK: "bulk" };

  const part = (id) => document.getElementById(id);
  const state = { busy: false, timer: 0, turn: 0, pages: 1, isEmpty: true };

  /** Sends an operation; gives its data, or throws an error in words. `gone` is set where nobody is signed in as an operator. */
  async function send(url, query, variables = {}) {
    const headers = { "Content-Type": "application/json", Accept: "application/graphql-response+json, application/json" };
    const token = sessionStorage.getItem(STORED);
    if (token !== null) headers.Authorization = `Bearer ${token}`;
    let response;
    try {
      response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
    } catch (cause) {
      throw new Error("The server does not answer.", { cause });
    }
    const answer = await response.json().catch(() => ({}));
    const [error] = answer.errors ?? [];
    if (error === undefined && response.ok) return answer.data;
    const refusal = new Error(error?.message ?? `The server answered ${response.status}.`);
    refusal.gone = response.status === 401 || response.status === 404;
    throw refusal;
  }

  /** The same of an operation with one field, which may have been refused. */
  async function ask(url, query, input) {
    const data = await send(url, query, { input });
    const [result] = Object.values(data);
    if (result.userErrors.length > 0) throw new Error(result.userErrors.map(({ message }) => message).join(" "));
    return result;
  }

  function say(text, hasFailed = false) {
    part("status").textContent = text;
    part("status").classList.toggle("failed", hasFailed);
  }

  function show(isSignedIn, refusal = "") {
    part("door").hidden = isSignedIn;
    part("board").hidden = !isSignedIn;
    part("sign-out").hidden = !isSignedIn;
    part("refusal").textContent = refusal;
  }

  function forget(refusal) {
    clearTimeout(state.timer);
    sessionStorage.removeItem(STORED);
    say("");
    show(false, refusal);
  }

  function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  const counted = ({ number, isLeast }) => number.toLocaleString("en") + (isLeast ? "+" : "");
  const rate = (number, minutes) => (number / minutes).toLocaleString("en", { maximumFractionDigits: 1 });

  function age(moment) {
    if (moment === null) return "–";
    const seconds = Math.max(0, Math.round((Date.now() - Date.parse(moment)) / 1000));
    if (seconds < 120) return `${seconds} s`;
    if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
    return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
  }

  /** A button that does something on the server, then has everything looked at anew. */
  function button(label, name, work) {
    const made = element("button", { type: "button", textContent: label, ariaLabel: name });
    made.addEventListener("click", () => act(work));
    return made;
  }

  function enable(isEnabled) {
    for (const each of document.querySelectorAll("#board button")) each.disabled = !isEnabled;
    part("retry-all").disabled = !isEnabled || state.isEmpty;
  }

  async function act(work) {
    if (state.busy) return;
    state.busy = true;
    enable(false);
    let outcome;
    try {
      outcome = [await work(), false];
    } catch (error) {
      outcome = [error.message, true];
      if (error.gone) forget("You are no operator, or your session has ended.");
    }
    state.busy = false;
    if (sessionStorage.getItem(STORED) !== null) await look();
    enable(true);
    if (!part("board").hidden) say(...outcome);
  }

  function queueRow(queue, work) {
    const name = QUEUE_NAMES[queue.name] ?? queue.name;
    const { minutes, done, failed } = work.find(({ queue: of }) => of === queue.name) ?? { minutes: 1, done: 0, failed: 0 };
    const isPaused = queue.pausedAt !== null;
    const turn = isPaused
      ? button("Resume", `Resume ${name}`, async () => {
          await ask(operators, change("resumeQueue", "queue { name }"), { queue: queue.name });
          return `${name} goes on.`;
        })
      : button("Pause", `Pause ${name}`, async () => {
          await ask(operators, change("pauseQueue", "queue { name }"), { queue: queue.name });
          return `${name} is paused.`;
        });
    const number = (text, isAlarm = false) =>
      element("td", { className: isAlarm ? "number alarm" : "number", textContent: text });
    return element(
      "tr",
      {},
      element("th", { scope: "row", textContent: name }),
      number(rate(done, minutes)),
      number(rate(failed, minutes), failed > 0),
      number(counted(queue.due)),
      number(age(queue.oldestDueAt)),
      number(counted(queue.waiting)),
      number(counted(queue.running)),
      number(counted(queue.dead), queue.dead.number > 0),
      element("td", { className: isPaused ? "alarm" : "", textContent: isPaused ? `paused for ${age(queue.pausedAt)}` : "goes on" }),
      element("td", { className: "actions" }, turn),
    );
  }

  function jobRow(job) {
    const actions = element("td", { className: "actions" });
    if (job.state === "DEAD") {
      const retry = async () => {
        await ask(operators, change("retryJob", "job { id }"), { jobId: job.id });
        return `${job.name} is tried again.`;
      };
      actions.append(button("Retry", `Retry ${job.name} ${job.payload}`, retry));
    }
    if (job.state !== "RUNNING") {
      const cancel = async () => {
        if (!confirm(`${job.name} ${job.payload} will not be done, and is gone from here. Cancel it?`)) return "";
        await ask(operators, change("cancelJob", "cancelledJobId"), { jobId: job.id });
        return `${job.name} will not be done.`;
      };
      actions.append(" ", button("Cancel", `Cancel ${job.name} ${job.payload}`, cancel));
    }
    return element(
      "tr",
      {},
      element("td", {}, job.name, element("small", { textContent: job.payload })),
      element("td", { textContent: QUEUE_NAMES[job.queue] ?? "unknown" }),
      element("td", { className: "number", textContent: job.attempts }),
      element("td", {}, element("time", { dateTime: job.runAt, textContent: new Date(job.runAt).toLocaleString() })),
      element("td", { className: "reason", textContent: job.lastError ?? "–" }),
      actions,
    );
  }

  function filter() {
    const { state: of, queue, name } = part("filter").elements;
    return { state: of.value, queue: queue.value || null, name: name.value.trim() || null };
  }

  /** The jobs from the first on, so many pages of them. */
  async function pages(number) {
    const wanted = filter();
    const found = [];
    let after = null;
    for (let page = 0; page < number && (page === 0 || after !== null); page += 1) {
      const { jobs } = await send(operators, JOBS, { ...wanted, first: PAGE, after });
      found.push(...jobs.nodes);
      after = jobs.pageInfo.hasNextPage ? jobs.pageInfo.endCursor : null;
    }
    return { found, after };
  }

  /** Looks at everything once, and again after a while. What a slower look has found is dropped. */
  async function look() {
    clearTimeout(state.timer);
    state.turn += 1;
    const turn = state.turn;
    try {
      const [{ viewer, queues, work }, { found, after }] = await Promise.all([send(operators, QUEUES), pages(state.pages)]);
      if (turn !== state.turn) return;
      // A button that has the focus keeps it.
      const focused = document.activeElement?.ariaLabel;
      part("queues").tBodies[0].replaceChildren(...queues.map((queue) => queueRow(queue, work)));
      part("jobs").tBodies[0].replaceChildren(...found.map(jobRow));
      if (focused) document.querySelector(`#board [aria-label="${CSS.escape(focused)}"]`)?.focus();
      part("nothing").hidden = found.length > 0;
      part("more").hidden = after === null;
      part("retry-all").hidden = filter().state !== "DEAD";
      state.isEmpty = found.length === 0;
      enable(!state.busy);
      show(true);
      say(`${viewer.username}, ${new Date().toLocaleTimeString()}`);
    } catch (error) {
      if (turn !== state.turn) return;
      if (error.gone) return forget("You are no operator, or your session has ended.");
      say(error.message, true);
    }
    later();
  }

  function later() {
    state.timer = setTimeout(() => (document.hidden || state.busy ? later() : look()), EVERY_MS);
  }

  function enter(token) {
    sessionStorage.setItem(STORED, token);
    return look();
  }

  part("with-token").addEventListener("submit", (event) => {
    event.preventDefault();
    const { token } = event.target.elements;
    enter(token.value.trim());
    token.value = "";
  });

  part("sign-in").addEventListener("submit", async (event) => {
    event.preventDefault();
    const { login, password } = event.target.elements;
    part("refusal").textContent = "";
    try {
      const { session } = await ask(product, SIGN_IN, { login: login.value, password: password.value });
      enter(session.token);
      password.value = "";
    } catch (error) {
      part("refusal").textContent = error.message;
    }
  });

  part("sign-out").addEventListener("click", async () => {
    await send(product, SIGN_OUT).catch(() => {});
    forget("");
  });

  part("filter").addEventListener("submit", (event) => {
    event.preventDefault();
    state.pages = 1;
    look();
  });
  for (const select of part("filter").querySelectorAll("select")) {
    select.addEventListener("change", () => part("filter").requestSubmit());
  }

  part("more").addEventListener("click", () => {
    state.pages += 1;
    look();
  });

  part("retry-all").addEventListener("click", () =>
    act(async () => {
      const { queue, name } = filter();
      const { retried, hasMore } = await ask(operators, change("retryJobs", "retried hasMore"), { queue, name, first: 1000 });
      const jobs = retried === 1 ? "1 job is" : `${retried.toLocaleString("en")} jobs are`;
      return `${jobs} tried again.${hasMore ? " There are more." : ""}`;
    }),
  );

  if (sessionStorage.getItem(STORED) === null) show(false);
  else look();
})();
