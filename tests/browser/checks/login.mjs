// Coming in: by the link, by hand, and not at all.

import { assert, until } from "../until.mjs";

const loginIsShown = (page) => page.waitForSelector("#login:not([hidden])");

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
