// What is written without a connection waits in the browser, is the same in every tab, and goes once.

import { FILES } from "../samples.mjs";
import { assert, same, until } from "../until.mjs";

const waiting = (page) => page.$$eval("#messages li:has(.waits) .text", (all) => all.map((one) => one.innerText));
const waits = (page, texts) => until(`${texts} wait`, async () => (await waiting(page)).join() === texts.join());

/** Two tabs of one browser that a worker answers for, and no gateway. */
async function cutOff(stage) {
  const { page, context, daemon } = stage;
  stage.tolerateOutage();
  await stage.open();
  await until("a worker answers", () => page.evaluate(() => navigator.serviceWorker.ready.then(() => Boolean(navigator.serviceWorker.controller))));
  const second = await context.newPage();
  await second.goto(daemon.origin);
  await stage.connected(second);
  await daemon.stop();
  for (const tab of [page, second]) await tab.waitForSelector("#banner:not([hidden])");
  return second;
}

const stored = async (stage) => (await stage.daemon.rpc("history", { channel: "webchat", peer: "visitor" })).messages.map(({ text, media }) => (media ? `${text} +${media.name}` : text));

export const checks = [
  {
    name: "over an outage and a reload, from two tabs, each message goes once",
    async run(stage) {
      const { page, daemon } = stage;
      const second = await cutOff(stage);
      await stage.say("one");
      await stage.say("two");
      await stage.say("three");
      await waits(second, ["one", "two", "three"]);
      await stage.say("four", second);
      await waits(page, ["one", "two", "three", "four"]);
      await stage.accessible("what waits");
      await stage.shot("outbox-waits");
      await second.locator("#messages li", { hasText: "two" }).locator(".withdraw").click();
      for (const tab of [page, second]) await waits(tab, ["one", "three", "four"]);
      await page.reload();
      await page.waitForSelector("#banner:not([hidden])");
      await waits(page, ["one", "three", "four"]);
      await stage.say("five");
      await waits(second, ["one", "three", "four", "five"]);
      await daemon.start();
      for (const tab of [page, second]) {
        await stage.connected(tab);
        await stage.shows(["one", "three", "four", "five"], tab);
        await until("none waits", async () => !(await tab.$$("#messages .waits")).length);
      }
      same(await stored(stage), ["one", "three", "four", "five"], "what the gateway has");
      const left = await page.evaluate(async () => {
        const database = await new Promise((resolve) => (indexedDB.open("cleudocodebot/").onsuccess = ({ target }) => resolve(target.result)));
        const request = database.transaction("outbox").objectStore("outbox").count();
        return new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
      });
      same(left, 0, "what stays in the browser");
    },
  },
  {
    name: "a file that is chosen without a connection outlives the page and goes with its words",
    async run(stage) {
      const { page, daemon } = stage;
      const second = await cutOff(stage);
      await second.close();
      await page.setInputFiles("#files", FILES.beach);
      await page.waitForSelector("#tray li");
      await stage.say("the beach");
      await waits(page, ["the beach"]);
      // Files that have not gone out are asked about: what the browser asks is answered with leaving.
      await page.reload();
      await page.waitForSelector("#banner:not([hidden])");
      await waits(page, ["the beach"]);
      assert((await page.textContent("#messages li:has(.waits)")).includes("beach.png"), "the file is named");
      await stage.shot("outbox-file");
      await daemon.start();
      await stage.connected();
      await until("it went out", async () => (await stored(stage)).join() === "the beach +beach.png");
      await until("it is shown", () => page.$$eval("#messages .picture img", (all) => all.length === 1 && all[0].naturalWidth > 0));
    },
  },
];
