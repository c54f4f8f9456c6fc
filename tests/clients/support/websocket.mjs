// Browsers, and Node.js from version 22, have a WebSocket of their own; version 20 gets the one of `ws`, so that the
// code that docs/api.md shows runs as it stands.
import WebSocket from "ws";

globalThis.WebSocket ??= WebSocket;
