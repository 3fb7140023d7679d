#!/usr/bin/env node
// The page in a real browser against the built daemon. Exit codes: 0 all well, 1 a check failed,
// 77 skipped because something is not on this machine.
//
//   node tests/browser/run.mjs [--only WORD] [--soak] [--no-install] [--program PATH] [--shots FOLDER] [--pictures]
//
// --pictures keeps those of the README, of the checks that ran.

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { Stage } from "./stage.mjs";
import { ARGUMENTS, Missing, findTools } from "./tools.mjs";

const SKIPPED = 77;
/** The pictures of the README, and which shots they are. */
const PICTURES = { chat: "guide" };
/** Checks at a time: most of one is waiting. */
const LANES = 2;
/** What measures time has the machine to itself. */
const isTimed = ({ timed, soak }) => Boolean(timed || soak);
const here = fileURLToPath(new URL(".", import.meta.url));
const root = resolve(here, "../..");

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    soak: { type: "boolean", default: false },
    "no-install": { type: "boolean", default: false },
    program: { type: "string" },
    shots: { type: "string", default: join(root, "target/browser") },
    pictures: { type: "boolean", default: false },
  },
});

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Missing)) throw error;
  console.error(`SKIPPED: ${error.message}`);
  process.exitCode = SKIPPED;
}

async function main() {
  const tools = findTools(!options["no-install"]);
  options.program ??= built();
  const browser = await tools.browser.launch({ executablePath: tools.chromium, args: ARGUMENTS });
  const checks = await chosen();
  const failures = [
    ...(await inLanes(checks.filter(isTimed), 1, tools, browser)),
    ...(await inLanes(checks.filter((check) => !isTimed(check)), LANES, tools, browser)),
  ];
  await browser.close();
  if (options.pictures) keepPictures();
  // Once more at the end: of a long output only that is kept.
  for (const failure of failures) console.log(failure);
  if (failures.length) console.error(`${failures.length} failed`);
  return failures.length ? 1 : 0;
}

/** Copies the shots that the README shows. */
function keepPictures() {
  mkdirSync(join(here, "pictures"), { recursive: true });
  for (const [name, shot] of Object.entries(PICTURES)) copyFileSync(join(options.shots, `${shot}.png`), join(here, "pictures", `${name}.png`));
}

function built() {
  execFileSync("cargo", ["build", "--quiet"], { cwd: root, stdio: "inherit" });
  const program = join(root, process.env.CARGO_TARGET_DIR ?? "target", "debug/cleudocodebot");
  return existsSync(program) ? program : `${program}.exe`;
}

/** The checks of every file in `checks`, but for those that need a minute each, which have a flag. */
async function chosen() {
  const files = readdirSync(join(here, "checks")).filter((file) => file.endsWith(".mjs")).sort();
  const modules = await Promise.all(files.map((file) => import(new URL(`checks/${file}`, import.meta.url))));
  const all = modules.flatMap(({ checks }, i) => checks.map((check) => ({ ...check, file: files[i].slice(0, -4) })));
  const wanted = (check) => Boolean(check.soak) === options.soak && `${check.file}: ${check.name}`.includes(options.only);
  return all.filter(wanted);
}

/** Runs these checks, so many at a time; what is told of those that failed. */
async function inLanes(checks, lanes, tools, browser) {
  const failures = [];
  const rest = [...checks];
  const lane = async () => {
    while (rest.length) failures.push(...(await failuresOf(rest.shift(), tools, browser)));
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return failures;
}

async function failuresOf({ file, name, needs, run }, tools, browser) {
  const began = Date.now();
  const stage = new Stage(tools, browser, options);
  const troubles = [];
  try {
    await stage.build(needs);
    const figures = await run(stage);
    const told = figures ? `  ${figures}` : "";
    console.log(`ok    ${file}: ${name}  ${Date.now() - began} ms${told}`);
  } catch (error) {
    troubles.push(error);
    await stage.shot(`failed-${name.replace(/\W+/g, "-").slice(0, 60)}`).catch(() => {});
  }
  await stage.end().catch((error) => troubles.push(error));
  const failures = troubles.map((error) => `FAIL  ${file}: ${name}\n      ${String(error.stack ?? error).replaceAll("\n", "\n      ")}`);
  for (const failure of failures) console.log(failure);
  return failures;
}
