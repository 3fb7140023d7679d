// What the checks need and the project does not hold: Chromium, playwright-core, axe-core, ws and jsqr.
//
// The packages live in a folder of the user's cache, never in the project.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

const PACKAGES = ["playwright-core", "axe-core", "ws", "jsqr"];

const CHROMIUM = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "cleudocodebot-tests", "browser");

/** Something is not on this machine: a reason to skip, not to fail. */
export class Missing extends Error {}

/** `{chromium, browser, axe, WebSocket, WebSocketServer, readCode}`: the program's path and the packages. */
export function findTools(mayInstall) {
  const chromium = CHROMIUM.find((path) => path && existsSync(path));
  if (!chromium) throw new Missing("no Chromium (apt install chromium, or name one in CHROMIUM)");
  const isThere = (name) => existsSync(join(folder, "node_modules", name));
  if (!PACKAGES.every(isThere)) install(mayInstall);
  const require = createRequire(join(folder, "package.json"));
  return {
    chromium,
    browser: require("playwright-core").chromium,
    axe: readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"),
    WebSocket: require("ws").WebSocket,
    WebSocketServer: require("ws").WebSocketServer,
    readCode: require("jsqr"),
  };
}

function install(mayInstall) {
  if (!mayInstall) throw new Missing(`no ${PACKAGES.join(", ")} in ${folder} (node tests/browser/run.mjs installs them)`);
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync("npm", ["install", "--prefix", folder, "--no-audit", "--no-fund", ...PACKAGES], { stdio: "inherit" });
  } catch (error) {
    throw new Missing(`npm could not install ${PACKAGES.join(", ")}: ${error.message}`);
  }
}

/** Chromium's own traffic would be refused by a closed network, many times over. */
export const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // A microphone that hums, and nobody to ask for it.
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  "--host-resolver-rules=MAP rebound.example 127.0.0.1",
];
