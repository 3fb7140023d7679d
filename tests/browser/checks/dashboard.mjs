// `cleudocodebot dashboard`: the file it hands to the browser leads to the page, logged in.

import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { assert, same, until } from "../until.mjs";

/** A folder with an `xdg-open` that only writes down what it was asked to open. */
function fakeOpener() {
  const folder = mkdtempSync(join(tmpdir(), "cleudocodebot-opener-"));
  const asked = join(folder, "asked");
  const opener = join(folder, "xdg-open");
  writeFileSync(opener, `#!/bin/sh\nprintf %s "$1" > ${asked}.new && /bin/mv ${asked}.new ${asked}\n`);
  chmodSync(opener, 0o755);
  return { folder, asked };
}

export const checks = [
  {
    name: "the file for the browser leads to the page, logged in, and goes",
    async run(stage) {
      if (process.platform !== "linux") return "only on Linux";
      const { page, daemon, options } = stage;
      const { folder, asked } = fakeOpener();
      const env = { PATH: folder, DISPLAY: ":0", CLEUDOCODEBOT_HOME: daemon.home };
      const command = spawn(options.program, ["dashboard"], { env, stdio: ["ignore", "pipe", "inherit"] });
      const ended = new Promise((resolve) => command.once("exit", resolve));
      try {
        await until("the browser is asked", () => existsSync(asked));
        const file = readFileSync(asked, "utf8");
        await page.goto(pathToFileURL(file).href);
        await stage.connected();
        same(new URL(page.url()).origin, daemon.origin, "where it leads");
        assert(!page.url().includes("token"), "the address keeps the token", page.url());
        same(await ended, 0, "the exit code");
        assert(!existsSync(file), "the file stays");
        const session = await page.context().newCDPSession(page);
        const { entries } = await session.send("Page.getNavigationHistory");
        assert(!entries.some(({ url }) => url.includes(daemon.token)), "the history keeps the token", entries);
      } finally {
        command.kill();
        rmSync(folder, { recursive: true });
      }
    },
  },
];
