// sharp, driven by the benchmark: `node sharp.mjs three|single THREADS INPUT FOLDER` in the folder of its node_modules.
//
//   three    a pipeline a rendition, each from the original: what most code that uses sharp does
//   single   one decode, scaled to 1080 at once; 1080 is encoded and 640 and 150 are made from its raw pixels
//
// THREADS is 1, or 0 for sharp's own choice. Says "ready" once the library is there, then answers lines of standard
// input, see serve.rs.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const sharp = createRequire(join(process.cwd(), "/"))("sharp");
const [pipelines, threads, input, folder] = process.argv.slice(2);
if (threads !== "0") sharp.concurrency(Number(threads));
// The same photo comes again and again here, which it does not in a service.
sharp.cache(false);

const inside = { fit: "inside", withoutEnlargement: true };

async function three(bytes) {
  const large = await sharp(bytes).resize(1080, 1080, inside).jpeg().toBuffer();
  const medium = await sharp(bytes).resize(640, 640, inside).jpeg().toBuffer();
  const thumbnail = await sharp(bytes).resize(150, 150, { fit: "cover" }).jpeg().toBuffer();
  return { large, medium, thumbnail };
}

async function single(bytes) {
  const { data, info } = await sharp(bytes).resize(1080, 1080, inside).raw().toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  const large = await sharp(data, { raw }).jpeg().toBuffer();
  const medium = await sharp(data, { raw }).resize(640, 640, inside).jpeg().toBuffer();
  const thumbnail = await sharp(data, { raw }).resize(150, 150, { fit: "cover" }).jpeg().toBuffer();
  return { large, medium, thumbnail };
}

const make = pipelines === "single" ? single : three;
const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");

say({ ready: true });
let bytes;
let renditions;
for await (const line of createInterface({ input: process.stdin })) {
  const [command, count] = line.split(" ");
  if (command === "run") {
    bytes ??= readFileSync(input);
    const cpu = process.cpuUsage();
    const begun = process.hrtime.bigint();
    for (let turn = 0; turn < Number(count); turn += 1) renditions = await make(bytes);
    const wall = Number(process.hrtime.bigint() - begun) / 1e9;
    const used = process.cpuUsage(cpu);
    say({ cpu: (used.user + used.system) / 1e6, wall });
  } else {
    for (const [name, jpeg] of Object.entries(renditions)) writeFileSync(join(folder, `${name}.jpg`), jpeg);
    say({ cpu: 0, wall: 0 });
  }
}
