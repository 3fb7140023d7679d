// Coming in: by the link, by hand, and not at all.

import { assert, same, until } from "../until.mjs";

const loginIsShown = (page) => page.waitForSelector("#login:not([hidden])");

/** Runs in the page: all that outlives a tab, as one text. */
async function keptInBrowser() {
  const open = (name) => new Promise((resolve) => (indexedDB.open(name).onsuccess = ({ target }) => resolve(target.result)));
  const all = [{ ...localStorage }, document.cookie];
  for (const { name } of await indexedDB.databases()) {
    const database = await open(name);
    for (const store of database.objectStoreNames) {
      const request = database.transaction(store).objectStore(store).getAll();
      all.push(await new Promise((resolve) => (request.onsuccess = () => resolve(request.result))));
    }
    database.close();
  }
  return JSON.stringify(all);
}

export const checks = [
  {
    name: "the link logs in and leaves no token behind",
    async run(stage) {
      const { page, daemon } = stage;
      await stage.open();
      assert(!page.url().includes("token"), "the address keeps the token", page.url());
      const session = await page.context().newCDPSession(page);
      const { entries } = await session.send("Page.getNavigationHistory");
      const urls = entries.map(({ url }) => url);
      assert(!urls.join().includes(daemon.token), "the history keeps the token", urls);
      const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }) + document.cookie);
      assert(!kept.includes(daemon.token), "more than the tab keeps the token", kept);
      await page.reload();
      await stage.connected();
    },
  },
  {
    name: "a wrong token is told and the right one is taken by hand",
    async run(stage) {
      const { page, daemon } = stage;
      await page.goto(`${daemon.origin}/#token=wrong`);
      await loginIsShown(page);
      assert((await page.textContent("#token-reason")).length > 10, "it does not say why");
      assert((await page.getAttribute("#token", "type")) === "password", "the token is shown");
      await stage.accessible("the login");
      await stage.shot("login");
      await page.fill("#token", daemon.token);
      await page.press("#token", "Enter");
      await stage.connected();
      assert(await page.isHidden("#login"), "the login stays");
      assert(!page.url().includes(daemon.token), "the token got into the address");
    },
  },
  {
    name: "whoever is not to stay signed in leaves nothing behind with the tab",
    async run(stage) {
      const { page, daemon, context } = stage;
      const other = await stage.client();
      for (const text of ["first", "second"]) await other.ask("receive", { channel: "webchat", peer: "ana", text });
      await page.goto(daemon.origin);
      await loginIsShown(page);
      await page.fill("#token", daemon.token);
      await page.click("#token-stay");
      same(await page.getAttribute("#token-stay", "aria-checked"), "false", "the switch");
      await stage.accessible("the login that does not stay");
      await page.press("#token", "Enter");
      await stage.connected();
      await stage.go("chat/webchat/ana");
      await stage.shows(["first", "second"]);
      await page.fill("#text", "begun");
      await page.reload();
      await stage.connected();
      await until("the draft lives as long as the tab", async () => (await page.inputValue("#text")) === "begun");
      const kept = await page.evaluate(keptInBrowser);
      for (const secret of [daemon.token, "first", "begun"]) assert(!kept.includes(secret), `${secret} is kept`, kept);
      const second = await context.newPage();
      await second.goto(daemon.origin);
      await loginIsShown(second);
      await second.fill("#token", daemon.token);
      await second.press("#token", "Enter");
      await stage.connected(second);
      await second.reload();
      await stage.connected(second);
      await page.close();
      const third = await context.newPage();
      await third.goto(daemon.origin);
      await stage.connected(third);
    },
  },
  {
    name: "a link with another key asks before it takes over",
    async run(stage) {
      const { page } = stage;
      const owner = await stage.client();
      await stage.open();
      const { token } = await owner.ask("key.add", { name: "another", role: "read" });
      const composer = () => page.isVisible("#text");
      assert(await composer(), "the owner writes");
      await page.evaluate((hash) => (location.hash = hash), `token=${token}`);
      await page.waitForSelector("dialog[open] .close");
      await stage.accessible("the question");
      await page.click("dialog[open] .close");
      assert(await composer(), "who was in is still in");
      await page.evaluate((hash) => (location.hash = hash), `token=${token}`);
      await page.click("dialog[open] .main");
      await until("the other key is in", async () => !(await composer()));
    },
  },
  {
    name: "without a token the page asks for one",
    async run(stage) {
      await stage.page.goto(stage.daemon.origin);
      await loginIsShown(stage.page);
      assert(await stage.page.isHidden("#chat"), "the chat is shown to a stranger");
    },
  },
  {
    name: "too many wrong tokens are told with the time to wait",
    needs: { settings: { CLEUDOCODEBOT_AUTH_FAILURES_PER_MINUTE: "2" } },
    async run(stage) {
      const { page, daemon } = stage;
      await page.goto(daemon.origin);
      for (const token of ["one", "two", "three"]) {
        await loginIsShown(page);
        await page.fill("#token", token);
        const before = await page.textContent("#token-reason");
        await page.press("#token", "Enter");
        await until("an answer", async () => (await page.textContent("#token-reason")) !== before || token === "two");
      }
      await until("the time to wait is told", async () => /\d+/.test(await page.textContent("#token-reason")));
    },
  },
];
