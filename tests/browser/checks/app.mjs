// The page as an app: what a browser asks of one before it installs it, a start without a connection, and a
// newer version that comes as a whole.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { NewerDoor } from "../newer.mjs";
import { ARGUMENTS } from "../tools.mjs";
import { assert, same, until } from "../until.mjs";

const isControlled = () => navigator.serviceWorker.ready.then(() => Boolean(navigator.serviceWorker.controller));

/** Waits until the worker answers for the page. */
const hasWorker = (page) => until("a worker answers", () => page.evaluate(isControlled));

/** Runs in the page: how many conversations have their messages kept. */
async function keptThreads() {
  const database = await new Promise((resolve) => (indexedDB.open("cleudocodebot/").onsuccess = ({ target }) => resolve(target.result)));
  const request = database.transaction("threads").objectStore("threads").getAllKeys();
  const keys = await new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  database.close();
  return keys.length;
}

export const checks = [
  {
    name: "Chromium would install it",
    async run(stage) {
      const { daemon, tools } = stage;
      const profile = mkdtempSync(join(tmpdir(), "cleudocodebot-profile-"));
      // Not in a window that forgets: there nothing is installed.
      const context = await tools.browser.launchPersistentContext(profile, { executablePath: tools.chromium, args: ARGUMENTS });
      try {
        const page = await context.newPage();
        await page.goto(daemon.link);
        await stage.connected(page);
        await hasWorker(page);
        const session = await context.newCDPSession(page);
        const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
        same(installabilityErrors, [], "what is in the way");
        const { errors, data, url } = await session.send("Page.getAppManifest");
        same(errors, [], "what is wrong in the manifest");
        const manifest = JSON.parse(data);
        same([manifest.display, new URL(manifest.start_url, url).href], ["standalone", `${daemon.origin}/`], "how it opens");
        for (const { src, sizes, purpose } of manifest.icons.filter(({ type }) => type === "image/png")) {
          const size = await page.evaluate(async (src) => {
            const picture = await createImageBitmap(await (await fetch(src)).blob());
            return `${picture.width}x${picture.height}`;
          }, src);
          same(size, sizes, `the ${purpose} icon ${src}`);
        }
        assert(manifest.icons.some(({ purpose }) => purpose === "maskable"), "an icon that may be cut to any shape");
      } finally {
        await context.close();
        rmSync(profile, { recursive: true, force: true });
      }
    },
  },
  {
    name: "without a connection it starts with what was said last, and says so",
    async run(stage) {
      const { page, daemon } = stage;
      stage.tolerateOutage();
      const other = await stage.client();
      for (let i = 1; i <= 3; i++) await other.ask("receive", { channel: "webchat", peer: "ana", text: `ana ${i}`, meta: { name: "Ana" } });
      await other.ask("receive", { channel: "webchat", peer: "bia", text: "bia alone" });
      await stage.open();
      await hasWorker(page);
      await until("the messages are kept", async () => (await page.evaluate(keptThreads)) >= 2);
      await daemon.stop();
      await page.reload();
      await page.waitForSelector("#banner.kept:not([hidden])");
      assert(/No connection.*kept at \d/.test(await page.textContent("#banner")), "the mark", await page.textContent("#banner"));
      await page.click('#conversations [data-key="webchat/ana"]');
      await stage.shows(["ana 1", "ana 2", "ana 3"]);
      assert(!(await page.isVisible("#messages .act")), "nothing can be done to a message");
      assert(/goes out later/.test(await page.textContent("#text-hint")), "the composer says when it goes out");
      await stage.shot("offline");
      await stage.accessible("without a connection");
      await page.selectOption("#language", "pt");
      assert(/Sem conexão/.test(await page.textContent("#banner")), "in Portuguese");
      await stage.shot("offline-portuguese");
      await page.selectOption("#language", "en");
      await daemon.start();
      await stage.connected();
      await until("the mark is gone", () => page.isHidden("#banner"));
      await (await stage.client()).ask("receive", { channel: "webchat", peer: "ana", text: "ana 4" });
      await stage.shows(["ana 1", "ana 2", "ana 3", "ana 4"]);
    },
  },
  {
    name: "a newer version is told, and comes whole or not at all",
    async run(stage) {
      const { context, page, daemon } = stage;
      const door = await NewerDoor.open(daemon.port);
      context.once("close", () => door.close());
      stage.tolerate(/a request to http:\/\/127\.0\.0\.1/, /integrity|Failed to find a valid digest/);
      await page.goto(`${door.origin}/#token=${daemon.token}`);
      await stage.connected();
      await hasWorker(page);
      const words = await (await fetch(`${daemon.origin}/app.js`)).text();
      const newer = words.replace('"Control|Controle"', '"Steering|Controle"');

      // Half replaced: the worker names a file that is not there yet.
      door.claimed.set("/app.js", newer);
      await page.evaluate(() => navigator.serviceWorker.getRegistration().then((one) => one.update().catch(() => {})));
      const workers = () => page.evaluate(() => navigator.serviceWorker.getRegistration().then(({ installing, waiting }) => [Boolean(installing), Boolean(waiting)].join()));
      await until("it is not taken", async () => (await workers()) === "false,false");
      await page.reload();
      await stage.connected();
      same(await page.textContent("#nav-control"), "Control", "the words of the version that is whole");

      door.changed.set("/app.js", () => newer);
      await page.fill("#text", "half a thought");
      const second = await context.newPage();
      await second.goto(door.origin);
      await stage.connected(second);
      await page.evaluate(() => navigator.serviceWorker.getRegistration().then((one) => one.update()));
      for (const tab of [page, second]) await tab.waitForSelector("#newer:not([hidden])");
      same(await page.textContent("#nav-control"), "Control", "the running page stays what it is");
      await stage.accessible("a newer version");
      await stage.shot("newer");
      await second.reload();
      await stage.connected(second);
      same(await second.textContent("#nav-control"), "Control", "nor does a reload mix them");
      await second.close();
      await page.click("#newer-now");
      await until("the newer one is there", async () => (await page.textContent("#nav-control").catch(() => "")) === "Steering");
      await stage.connected();
      same(await page.inputValue("#text"), "half a thought", "what was begun");
      same(await page.evaluate(() => caches.keys().then((names) => names.length)), 1, "versions that are kept");

      // Left alone, a page takes the next one by itself.
      const last = words.replace('"Control|Controle"', '"Helm|Controle"');
      door.claimed.set("/app.js", last);
      door.changed.set("/app.js", () => last);
      await page.fill("#text", "");
      await page.evaluate(() => Object.defineProperty(document, "hidden", { get: () => true }));
      await page.evaluate(() => navigator.serviceWorker.getRegistration().then((one) => one.update()));
      await until("it came by itself", async () => (await page.textContent("#nav-control").catch(() => "")) === "Helm");
    },
  },
];
