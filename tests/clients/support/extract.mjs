// Every GraphQL document that people read: those of docs/documents, and those inside the guide, the README and the IDE.
import { readFileSync } from "node:fs";
import vm from "node:vm";

const root = new URL("../../../", import.meta.url);

/** A file of the repository. */
export const textOf = (path) => readFileSync(new URL(path, root), "utf8");

/** How a document is written in the shell, in the JSON of a command, and in JavaScript. */
const FORMS = [/\bgql '([^']+)'/g, /"query": "([^"]+)"/g, /\bquery: "([^"]+)"/g, /\bquery = ['`]([^'`]+)['`]/g];

/** The documents in a Markdown file's blocks, in their order: `{ text, line }`. */
export function inGuide(path) {
  const markdown = textOf(path);
  const found = [];
  for (const form of FORMS) {
    for (const match of markdown.matchAll(form)) {
      found.push({ text: match[1], line: markdown.slice(0, match.index).split("\n").length });
    }
  }
  return found.sort((a, b) => a.line - b.line);
}

/** The tabs that the IDE opens with. */
export function inIde() {
  const page = vm.createContext({ globalThis: {} });
  page.globalThis = page;
  vm.runInContext(textOf("web/tabs.js"), page);
  return Array.from(page.darkroomTabs("http://127.0.0.1:8000/graphql"));
}
