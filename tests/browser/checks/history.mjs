// Ten thousand messages: all can be reached, few are in the page at a time, and it moves smoothly.

import { assert, until } from "../until.mjs";

const MANY = 10_000;
/** Far more than two screens of rows need, far fewer than ten thousand rows have. */
const MOST_NODES = 3000;
/** The longest the page may be busy in one go, in ms; a machine under other load adds to it. */
const MOST_BUSY_MS = 250;

async function fill(stage) {
  const other = await stage.client();
  for (let i = 0; i < MANY; i++) other.ask("receive", { channel: "webchat", peer: "visitor", text: `message ${i}${i % 7 ? "" : "\nwith a second line"}` });
  await until("all are stored", async () => (await other.ask("status")).store.messages === MANY, 60_000);
}

const nodes = (page) => page.evaluate(() => document.querySelectorAll("*").length);

export const checks = [
  {
    name: "ten thousand messages can be scrolled to the first",
    timed: true,
    async run(stage) {
      const { page } = stage;
      await fill(stage);
      await stage.open();
      await until("the newest is shown", async () => (await stage.texts()).at(-1)?.startsWith(`message ${MANY - 1}`));
      await page.evaluate(() => {
        window.busy = [];
        new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => window.busy.push(Math.round(duration)))).observe({ type: "longtask" });
      });
      let most = await nodes(page);
      const began = Date.now();
      await page.hover("#log");
      await until("the first is in view", async () => {
        await page.mouse.wheel(0, -20_000);
        most = Math.max(most, await nodes(page));
        return (await stage.texts())[0]?.startsWith("message 0\n");
      }, 90_000);
      const took = Date.now() - began;
      const order = (await stage.texts()).map((text) => Number(/\d+/.exec(text)[0]));
      assert(order.every((number, i) => number === i), "the first ones are in order", order);
      const busy = await page.evaluate(() => window.busy);
      assert(most < MOST_NODES, `at most ${MOST_NODES} elements at a time`, most);
      assert(Math.max(0, ...busy) < MOST_BUSY_MS, `never busy for ${MOST_BUSY_MS} ms`, busy);
      await page.click("#to-end");
      await until("back at the end", async () => (await stage.texts()).at(-1)?.startsWith(`message ${MANY - 1}`));
      return `to the first in ${took} ms, at most ${most} elements, busy ${Math.max(0, ...busy)} ms at most`;
    },
  },
  {
    name: "what comes in while one reads older messages does not move them",
    async run(stage) {
      const { page } = stage;
      const other = await stage.client();
      for (let i = 0; i < 200; i++) other.ask("receive", { channel: "webchat", peer: "visitor", text: `message ${i}` });
      await until("all are stored", async () => (await other.ask("status")).store.messages === 200);
      await stage.open();
      await until("the newest is shown", async () => (await stage.texts()).at(-1) === "message 199");
      await page.hover("#log");
      await page.mouse.wheel(0, -2500);
      await page.waitForSelector("#to-end:not([hidden])");
      const place = () =>
        page.evaluate(() => {
          const top = document.getElementById("log").getBoundingClientRect().top;
          const row = [...document.querySelectorAll("#messages li")].find((one) => one.getBoundingClientRect().bottom > top);
          return [row.dataset.key, Math.round(row.getBoundingClientRect().top)];
        });
      let before = await place();
      await until("it stands still", async () => {
        const now = await place();
        const isStill = JSON.stringify(now) === JSON.stringify(before);
        before = now;
        return isStill;
      });
      for (let i = 0; i < 5; i++) await other.ask("send", { channel: "webchat", to: "visitor", text: "news" });
      await until("the news are counted", async () => (await page.textContent("#to-end")).includes("5"));
      const after = await place();
      assert(after[0] === before[0] && Math.abs(after[1] - before[1]) <= 1, "the reader's place moved", [before, after]);
      await stage.shot("reading-older");
    },
  },
];
