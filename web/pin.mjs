// Writes assets.txt from what `npm ci` has installed: run `npm ci --ignore-scripts && npm run pin` after a change of
// versions in package.json, and read the diff.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const { dependencies } = JSON.parse(readFileSync("package.json", "utf8"));

// [package, file in it, name it is served under]; scripts run in this order.
const files = [
  ["react", "umd/react.production.min.js", "react-VERSION.js"],
  ["react", "LICENSE", "react-VERSION.license.txt"],
  ["react-dom", "umd/react-dom.production.min.js", "react-dom-VERSION.js"],
  ["react-dom", "LICENSE", "react-dom-VERSION.license.txt"],
  ["graphiql", "graphiql.min.js", "graphiql-VERSION.js"],
  ["graphiql", "graphiql.min.css", "graphiql-VERSION.css"],
  ["graphiql", "LICENSE", "graphiql-VERSION.license.txt"],
];

const lines = files.map(([pack, file, name]) => {
  const version = dependencies[pack];
  const digest = createHash("sha384").update(readFileSync(`node_modules/${pack}/${file}`)).digest("base64");
  return [name.replace("VERSION", version), pack, version, file, `sha384-${digest}`].join(" ");
});

const heading = "# Served as, package, version, file in the package, integrity. Written by `npm run pin`.";
writeFileSync("assets.txt", [heading, ...lines, ""].join("\n"));
