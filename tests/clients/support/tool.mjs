// Programs of npm packages, run in tests/clients, and the folders where they write.
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const home = new URL("../", import.meta.url);

/** A place for generated files, which Git does not see; its user removes it. */
export function generated(name) {
  const folder = new URL(`generated/${name}/`, home);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Runs a program of node_modules/.bin, which must end well. */
export function tool(name, ...args) {
  const program = fileURLToPath(new URL(`node_modules/.bin/${name}`, home));
  const options = { cwd: fileURLToPath(home), env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" }, timeout: 60_000 };
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${name} ${args.join(" ")} failed (${error.code ?? error.signal}):\n${stdout}${stderr}`));
      else resolve();
    });
  });
}
