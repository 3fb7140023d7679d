// Other devices: let in by a code that is scanned, named, used, removed; and what each role sees.

import { assert, same, until } from "../until.mjs";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

/** Opens control on the owner's page and shows a code; the link in its picture. */
async function showCode(stage, name, role) {
  const { page } = stage;
  await page.click("#add-device");
  await page.fill("dialog.sheet input", name);
  if (role) await page.selectOption("dialog.sheet select", role);
  await page.click("dialog.sheet .main");
  await page.waitForSelector("#device-dialog .qr svg");
  return until("the code can be read", () => stage.scanned("#device-dialog .qr svg"));
}

async function openControl(stage) {
  await stage.open("control");
  await stage.page.waitForSelector("#control:not([hidden]) #add-device");
}

/** A browser of its own that came in as this role. */
async function device(stage, name, role, more = {}) {
  const { code } = await stage.daemon.rpc("key.pair", { name, role, ...more });
  const context = await stage.visitor();
  const page = await context.newPage();
  await page.goto(`${stage.daemon.origin}/#pair=${code}`);
  await page.click("#join-go");
  await stage.connected(page);
  return page;
}

const keyRow = (page, name) => page.locator("#keys > li", { hasText: name });

/** Runs in the page: whether anything of what was said or of the key can still be read in this browser. */
async function remains(words) {
  const found = [];
  const look = (where, value) => {
    const text = JSON.stringify(value) ?? "";
    for (const word of words) if (text.includes(word)) found.push(`${where}: ${word}`);
  };
  look("localStorage", { ...localStorage });
  look("sessionStorage", { ...sessionStorage });
  look("the page", document.body.innerText);
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((resolve) => (indexedDB.open(name).onsuccess = ({ target }) => resolve(target.result)));
    for (const store of database.objectStoreNames) {
      const request = database.transaction(store).objectStore(store).getAll();
      look(`${name} ${store}`, await new Promise((resolve) => (request.onsuccess = () => resolve(request.result))));
    }
    database.close();
  }
  return found;
}

export const checks = [
  {
    name: "a phone is let in by the code it scans, named, used, and removed within a second",
    async run(stage) {
      const { page, daemon } = stage;
      await openControl(stage);
      const link = await showCode(stage, "Ana's phone");
      assert(link.startsWith(`${daemon.origin}/#pair=`), "where the code leads", link);
      assert((await page.textContent("#device-dialog")).includes(new URL(link).host), "it says where it leads");
      assert(/[45]:\d\d/.test(await page.textContent("#device-dialog .left")), "the time that is left");
      assert(/onboard --reach/.test(await page.textContent("#device-dialog .warning")), "that others cannot reach it");
      await stage.accessible("the code of a device");
      await stage.shot("device-code");

      const context = await stage.visitor({ ...PHONE, userAgent: "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36" });
      const phone = await context.newPage();
      await phone.goto(link);
      await phone.waitForSelector("#join:not([hidden])");
      assert(!phone.url().includes("pair"), "the address keeps the code", phone.url());
      const session = await context.newCDPSession(phone);
      const { entries } = await session.send("Page.getNavigationHistory");
      assert(!entries.map(({ url }) => url).join().includes("pair"), "the history keeps the code", entries);
      assert((await phone.textContent("#join-host")).includes(new URL(link).host), "it says where one is");
      same(await phone.inputValue("#join-name"), "Ana's phone", "the name it was given");
      await stage.accessible("adding this device", phone);
      await stage.shot("join", phone);
      await phone.fill("#join-name", "Ana's Pixel");
      await phone.tap("#join-go");
      await stage.connected(phone);
      await until("the owner's page says so", async () => (await page.textContent("#device-dialog .where")).includes("Ana's Pixel"));
      await page.click("#device-dialog .close");
      await until("it is listed as connected", async () => /connected now/.test(await keyRow(page, "Ana's Pixel").textContent()));
      assert(/Daily use.*127\.0\.0\.1/.test(await keyRow(page, "Ana's Pixel").textContent()), "its role and address", await keyRow(page, "Ana's Pixel").textContent());
      await stage.shot("devices");

      await phone.tap('#conversations [data-key="webchat/visitor"]');
      await phone.fill("#text", "from the phone");
      await phone.tap("#send");
      await stage.shows(["from the phone"], phone);
      await phone.reload();
      await stage.connected(phone);

      await keyRow(page, "Ana's Pixel").locator("[data-do=rename]").click();
      await page.fill("dialog.sheet input", "The old phone");
      await page.click("dialog.sheet .main");
      await until("it has the new name", async () => (await keyRow(page, "The old phone").count()) === 1);

      await keyRow(page, "The old phone").locator("[data-do=revoke]").click();
      await page.waitForSelector("dialog.sheet .grave");
      await stage.shot("revoke");
      await stage.accessible("the question");
      // By the clocks of the two pages: on a busy machine the click and the look at it take longer than what they show.
      await phone.evaluate(() => {
        const login = document.getElementById("login");
        const look = () => login.hidden || (window.removedAt ??= Date.now());
        new MutationObserver(look).observe(login, { attributes: true });
      });
      await page.evaluate(() => document.querySelector("dialog.sheet .grave").addEventListener("click", () => (window.askedAt = Date.now()), { capture: true }));
      await page.click("dialog.sheet .grave");
      await phone.waitForSelector("#login:not([hidden])");
      const ms = (await phone.evaluate(() => window.removedAt)) - (await page.evaluate(() => window.askedAt));
      assert(ms < 1000, "the page of a removed device says so within a second", ms);
      assert(/removed/.test(await phone.textContent("#token-reason")), "it says why");
      await stage.shot("revoked", phone);
      await stage.accessible("a removed device", phone);
      await until("nothing of it stays", async () => !(await phone.evaluate(remains, ["from the phone", "cdb_"])).length);
      await phone.tap("#login-pair");
      await phone.waitForSelector("#join:not([hidden]) #join-code");
      await phone.reload();
      await phone.waitForSelector("#login:not([hidden])");
      return `closed after ${ms} ms`;
    },
  },
  {
    name: "a code that was used, is wrong, was taken back or is guessed is told with what to do",
    needs: { settings: { CLEUDOCODEBOT_AUTH_FAILURES_PER_MINUTE: "4" } },
    async run(stage) {
      const { daemon } = stage;
      stage.tolerate(/status of 4(04|29)/);
      const { code } = await daemon.rpc("key.pair", { name: "first" });
      const visit = async (told) => {
        const page = await (await stage.visitor()).newPage();
        await page.goto(`${daemon.origin}/#pair=${told}`);
        await page.click("#join-go");
        return page;
      };
      const first = await visit(code);
      await stage.connected(first);
      const second = await visit(code);
      await until("it says that it was used", async () => /used already/.test(await second.textContent("#join-reason")));
      assert(await second.isVisible("#join-help"), "it says what to do");
      assert(await second.isVisible("#join-code"), "it takes another");
      await stage.accessible("a wrong code", second);
      await stage.shot("join-wrong", second);
      const { code: fresh } = await daemon.rpc("key.pair", { name: "second" });
      await second.fill("#join-code", `${daemon.origin}/#pair=${fresh}`);
      await second.click("#join-go");
      await stage.connected(second);

      const { code: cancelled } = await daemon.rpc("key.pair", { name: "third" });
      await daemon.rpc("key.pair", { name: "third", cancel: cancelled });
      const guesser = await visit(cancelled);
      await until("it is as one that is wrong", async () => /wrong/.test(await guesser.textContent("#join-reason")));
      const { keys } = await daemon.rpc("keys");
      same(keys.length, 2, "the keys there are");
      for (let i = 0; i < 6; i++) {
        await guesser.fill("#join-code", `guess${i}`);
        await guesser.click("#join-go");
        await until("an answer", async () => !/Connecting/.test(await guesser.textContent("#join-reason")), 30_000);
        if (/Wait \d+ seconds/.test(await guesser.textContent("#join-reason"))) return;
      }
      assert(false, "a guesser is held back", await guesser.textContent("#join-reason"));
    },
  },
  {
    name: "a code that is too late is over on both sides",
    async run(stage) {
      const { page, daemon } = stage;
      stage.tolerate(/status of 404/);
      await page.clock.install();
      await openControl(stage);
      const link = await showCode(stage, "late");
      await page.clock.fastForward(301_000);
      await page.waitForSelector("#device-dialog .again:not([hidden])");
      assert(!(await page.$("#device-dialog svg")), "the old code is gone");
      const phone = await (await stage.visitor()).newPage();
      await phone.goto(link);
      await phone.click("#join-go");
      await until("it is told", async () => /five minutes/.test(await phone.textContent("#join-reason")));
      same((await daemon.rpc("keys")).keys, [], "the keys there are");
      await page.click("#device-dialog .again");
      await page.waitForSelector("#device-dialog .qr svg");
      const fresh = await until("the new one can be read", () => stage.scanned("#device-dialog .qr svg"));
      assert(fresh !== link, "it is another");
      await page.click("#device-dialog .close");
      await phone.fill("#join-code", fresh);
      await phone.click("#join-go");
      await until("closing the dialog takes it back", async () => /wrong/.test(await phone.textContent("#join-reason")));
    },
  },
  {
    name: "a device that may only read has no composer, and one that may send nothing to steer",
    async run(stage) {
      const { daemon } = stage;
      const other = await stage.client();
      await other.ask("receive", { channel: "webchat", peer: "ana", text: "hello" });
      const reader = await device(stage, "reader", "read");
      await stage.go("chat/webchat/ana", reader);
      await stage.shows(["hello"], reader);
      for (const part of ["#composer", ".act", "#new-conversation", "#agent-take"]) assert(!(await reader.isVisible(part)), `a reader sees ${part}`);
      assert(await reader.isVisible("#no-composer"), "it says that one may only read");
      await stage.shot("reader", reader);
      await stage.accessible("a reader", reader);
      await stage.go("control", reader);
      await reader.waitForSelector("#integrations [data-key]");
      const shown = (page) => page.$$eval("#control section", (all) => all.filter((one) => one.checkVisibility()).map((one) => one.className.split(" ")[0]));
      same(await shown(reader), ["integrations", "device", "later", "status"], "what a reader sees of control");
      same(await reader.$$eval("#control [data-do]", (all) => all.filter((one) => one.checkVisibility()).map((one) => one.dataset.do)), ["leave", "notify"].sort(), "what a reader may press");

      const sender = await device(stage, "sender", "send");
      await stage.go("chat/webchat/ana", sender);
      await stage.shows(["hello"], sender);
      await stage.say("an answer", sender);
      await stage.shows(["hello", "an answer"], sender);

      const limited = await device(stage, "limited", "operator", { peers: ["webchat/ana"] });
      await until("only its own is listed", async () => (await limited.$$eval("#conversations [data-key]", (all) => all.map((one) => one.dataset.key))).join() === "webchat/ana");
      await stage.go("chat/webchat/ana", limited);
      await stage.say("mine to answer", limited);
      await stage.shows(["hello", "an answer", "mine to answer"], limited);

      const owner = await device(stage, "second owner", "owner");
      await stage.go("control", owner);
      await owner.waitForSelector("#keys [data-key]");
      same(await shown(owner), ["start", "integrations", "outbox", "keys", "device", "clients", "later", "status", "settings", "log"], "what an owner sees of control");
      const refusals = (await daemon.rpc("logs", { lines: 500 })).lines.filter(({ message }) => /forbidden/.test(message));
      same(refusals, [], "what was asked for without the right to");
    },
  },
  {
    name: "logging out leaves nothing in the browser, in any tab",
    async run(stage) {
      const { page, context, daemon } = stage;
      await stage.open();
      await stage.say("a secret thought");
      await stage.shows(["a secret thought"]);
      await page.fill("#text", "a secret draft");
      const second = await context.newPage();
      await second.goto(daemon.origin);
      await stage.connected(second);
      await stage.go("control");
      await page.click("#device [data-do=leave]");
      await page.waitForSelector("dialog.sheet .grave");
      await page.click("dialog.sheet .grave");
      for (const tab of [page, second]) {
        await tab.waitForSelector("#login:not([hidden])");
        assert(/logged out/.test(await tab.textContent("#token-reason")), "it says so");
      }
      await until("nothing stays", async () => !(await second.evaluate(remains, ["secret", daemon.token])).length);
      same(await page.evaluate(remains, ["secret", daemon.token]), [], "what stays");
      await page.reload();
      await page.waitForSelector("#login:not([hidden])");
    },
  },
];
