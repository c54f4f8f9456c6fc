// `graphql-transport-ws` word by word: what a broken or hostile client may do, and the close code that it gets.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { before, describe, test } from "node:test";
import WebSocket from "ws";

import { serverUrl, signUp, socketUrl } from "./support/server.mjs";

const PROTOCOL = "graphql-transport-ws";

/** A connection that remembers what it was told. */
class Peer {
  received = [];
  waiting = [];

  constructor(protocols = PROTOCOL, options = {}) {
    this.socket = new WebSocket(socketUrl(), protocols, options);
    this.socket.on("message", (text) => {
      const message = JSON.parse(text);
      const waiter = this.waiting.shift();
      if (waiter) waiter(message);
      else this.received.push(message);
    });
    this.closed = new Promise((resolve, reject) => {
      this.socket.on("close", (code, reason) => resolve([code, String(reason)]));
      this.socket.on("error", reject);
      this.socket.on("unexpected-response", (_, response) => resolve(["HTTP", response.statusCode]));
    });
    this.opened = new Promise((resolve) => this.socket.on("open", resolve));
  }

  /** A connection that is acknowledged. */
  static async ready(payload) {
    const peer = new Peer();
    await peer.send({ type: "connection_init", payload });
    assert.deepEqual(await peer.next(), { type: "connection_ack" });
    return peer;
  }

  async send(message) {
    await this.opened;
    this.socket.send(typeof message === "object" && !Buffer.isBuffer(message) ? JSON.stringify(message) : message);
  }

  /** The next message. */
  next() {
    const message = this.received.shift();
    return message ? Promise.resolve(message) : new Promise((resolve) => this.waiting.push(resolve));
  }

  /** The code with which the server closes. */
  async code() {
    return (await this.closed)[0];
  }

  leave() {
    this.socket.close(1000);
  }
}

const subscribe = (id, query, variables) => ({ id, type: "subscribe", payload: { query, variables } });
const NEVER = "subscription { feedUpdated { newPostCount } }";
const VERSION = "{ instance { version } }";

describe("graphql-transport-ws", { concurrency: 4, timeout: 60_000 }, () => {
  let person;
  before(async () => (person = await signUp()));

  test("4408: no connection_init within 10 seconds, whatever else is said", async () => {
    const silent = new Peer();
    const chatty = new Peer();
    await chatty.send({ type: "ping" });
    assert.deepEqual(await chatty.next(), { type: "pong" });
    assert.deepEqual(await Promise.all([silent.code(), chatty.code()]), [4408, 4408]);
  });

  test("4400: what is no message", async () => {
    for (const wrong of ["", "no JSON", "[]", '{"type":"start"}', '{"type":"subscribe","id":"1"}']) {
      const peer = await Peer.ready();
      await peer.send(wrong);
      assert.equal(await peer.code(), 4400, wrong);
    }
    const binary = await Peer.ready();
    await binary.send(Buffer.from('{"type":"ping"}'));
    assert.equal(await binary.code(), 4400);
  });

  test("4401: an operation before the acknowledgement", async () => {
    const peer = new Peer();
    await peer.send(subscribe("1", VERSION));
    assert.equal(await peer.code(), 4401);
  });

  test("4403: a token that does not stand, or is none", async () => {
    for (const Authorization of ["Bearer nobody", "Basic YTpi", 1]) {
      const peer = new Peer();
      await peer.send({ type: "connection_init", payload: { Authorization } });
      assert.equal(await peer.code(), 4403, String(Authorization));
    }
  });

  test("401 before the upgrade, if the header names a session that does not stand", async () => {
    const peer = new Peer(PROTOCOL, { headers: { Authorization: "Bearer nobody" } });
    assert.deepEqual(await peer.closed, ["HTTP", 401]);
  });

  test("a token in the header of the upgrade will do", async () => {
    const { token, username } = person;
    const peer = new Peer(PROTOCOL, { headers: { Authorization: `Bearer ${token}` } });
    await peer.send({ type: "connection_init" });
    assert.deepEqual(await peer.next(), { type: "connection_ack" });
    await peer.send(subscribe("1", "{ viewer { user { username } } }"));
    assert.equal((await peer.next()).payload.data.viewer.user.username, username);
    peer.leave();
  });

  test("4406: another subprotocol, or none; the one of two that is spoken is chosen", async () => {
    assert.equal(await closedAtOnce("graphql-ws"), 4406);
    const none = new Peer([]);
    assert.equal(await none.code(), 4406);
    const both = new Peer(["graphql-ws", PROTOCOL]);
    await both.opened;
    assert.equal(both.socket.protocol, PROTOCOL);
    both.leave();
  });

  test("4409: an id that is taken; one that is over is free", async () => {
    const { token } = person;
    const peer = await Peer.ready({ Authorization: `Bearer ${token}` });
    for (let time = 0; time < 2; time++) {
      await peer.send(subscribe("same", VERSION));
      assert.equal((await peer.next()).type, "next");
      assert.deepEqual(await peer.next(), { id: "same", type: "complete" });
    }
    await peer.send(subscribe("same", NEVER));
    await peer.send({ id: "same", type: "complete" });
    await peer.send(subscribe("same", NEVER));
    await peer.send(subscribe("same", VERSION));
    const [code, reason] = await peer.closed;
    assert.equal(code, 4409, reason);
  });

  test("4429: connection_init again", async () => {
    const peer = await Peer.ready();
    await peer.send({ type: "connection_init" });
    assert.equal(await peer.code(), 4429);
  });

  test("1009: a message above 64 KiB", async () => {
    const peer = await Peer.ready();
    await peer.send(subscribe("1", `{ instance { version } } # ${"x".repeat(64 * 1024)}`));
    assert.equal(await peer.code(), 1009);
  });

  test("pings are answered before and after the acknowledgement", async () => {
    const peer = new Peer();
    await peer.send({ type: "ping", payload: { at: 1 } });
    assert.equal((await peer.next()).type, "pong");
    await peer.send({ type: "connection_init" });
    assert.deepEqual(await peer.next(), { type: "connection_ack" });
    await peer.send({ type: "ping" });
    assert.equal((await peer.next()).type, "pong");
    await peer.send({ type: "pong" });
    await peer.send(subscribe("1", VERSION));
    assert.equal((await peer.next()).type, "next");
    peer.leave();
  });

  test("32 operations at once; the one too many is an error, and the others go on", async () => {
    const { token } = person;
    const peer = await Peer.ready({ Authorization: `Bearer ${token}` });
    for (let id = 0; id < 32; id++) await peer.send(subscribe(String(id), NEVER));
    await peer.send(subscribe("too many", VERSION));
    const refused = await peer.next();
    assert.deepEqual([refused.id, refused.type], ["too many", "error"]);
    assert.equal(refused.payload[0].extensions.code, "RATE_LIMITED");
    await peer.send({ id: "7", type: "complete" });
    await peer.send(subscribe("too many", VERSION));
    assert.deepEqual((({ id, type }) => [id, type])(await peer.next()), ["too many", "next"]);
    peer.leave();
  });

  test("a page of another origin may not connect, one of this server's may", async () => {
    const foreign = new Peer(PROTOCOL, { headers: { Origin: "https://elsewhere.example" } });
    assert.deepEqual(await foreign.closed, ["HTTP", 403]);
    const own = new Peer(PROTOCOL, { headers: { Origin: serverUrl() } });
    await own.opened;
    own.leave();
  });
});

/**
 * The code with which the server closes a socket of this subprotocol. Clients give up by themselves when none of their
 * subprotocols comes back, so the frame is read from the connection.
 */
async function closedAtOnce(protocol) {
  const headers = {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Protocol": protocol,
  };
  const request = http.request(socketUrl().replace(/^ws/, "http"), { headers });
  request.end();
  const [response, connection, head] = await once(request, "upgrade");
  assert.equal(response.headers["sec-websocket-protocol"], undefined);
  let frame = head;
  while (frame.length < 4) frame = Buffer.concat([frame, ...(await once(connection, "data"))]);
  connection.destroy();
  assert.equal(frame[0], 0x88, "the first frame is a close");
  return frame.readUInt16BE(2);
}
