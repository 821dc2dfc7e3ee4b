// `node build.js`: a zip file of each function in `dist/`. The files bear one fixed date, so that the same code is the
// same zip file, and Terraform sees a change only where there is one.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { zipSync } from "fflate";

const here = new URL("./", import.meta.url);
const mtime = new Date(1980, 0, 1);

export const FUNCTIONS = readdirSync(new URL("functions/", here)).sort();

/** The zip file of a function's folder. */
export function zipped(name) {
  const folder = new URL(`functions/${name}/`, here);
  const files = readdirSync(folder).sort();
  const entries = files.map((file) => [file, [new Uint8Array(readFileSync(new URL(file, folder))), { mtime }]]);
  return zipSync(Object.fromEntries(entries));
}

/** Writes them all; answers where they are. */
export function build() {
  const dist = new URL("dist/", here);
  mkdirSync(dist, { recursive: true });
  for (const name of FUNCTIONS) writeFileSync(new URL(`${name}.zip`, dist), zipped(name));
  return dist.pathname;
}

if (import.meta.filename === process.argv[1]) console.log(`built ${FUNCTIONS.join(", ")} in ${build()}`);
