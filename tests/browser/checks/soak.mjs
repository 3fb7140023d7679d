// A minute of a hundred events a second: no frame is late, and the memory stays where it is.

import { readFileSync, rmSync } from "node:fs";

import { assert, until } from "../until.mjs";

const A_SECOND = 100;
const SECONDS = 60;
const LATEST_FRAME_MS = 50;
/** What the messages that a page keeps may take, and no more however long it runs. */
const MOST_GROWTH_MB = 12;

/** Runs in the page: the gaps between frames. */
function countFrames() {
  window.gaps = [];
  let last = performance.now();
  const next = (now) => {
    window.gaps.push(now - last);
    last = now;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}

/**
 * The longest tasks of the pages' own threads in a trace, in ms: by their own time, which is the
 * page's doing, and by the clock, to which other programs on the machine add.
 */
function longestTasks(file) {
  const { traceEvents: events } = JSON.parse(readFileSync(file, "utf8"));
  rmSync(file);
  const threads = events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain");
  const pages = new Set(threads.map(({ pid, tid }) => `${pid}/${tid}`));
  const tasks = events.filter(({ name, ph, pid, tid }) => ph === "X" && name.endsWith("RunTask") && pages.has(`${pid}/${tid}`));
  assert(tasks.length > 1000, "the trace holds no tasks", tasks.length);
  const most = (time) => Math.max(...tasks.map(time)) / 1000;
  return { own: most(({ tdur = 0 }) => tdur), clock: most(({ dur }) => dur) };
}

async function heap(session) {
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  return usedSize / 1048576;
}

/** Speaks a hundred times a second for so long. */
async function speakFor(seconds, speak) {
  const began = Date.now();
  for (let sent = 0; sent < A_SECOND * seconds; ) {
    const due = Math.min(((Date.now() - began) / 1000) * A_SECOND, A_SECOND * seconds);
    while (sent < due) speak(sent++);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function minute(stage, hash, speak) {
  const { page, browser } = stage;
  await stage.open(hash);
  const session = await page.context().newCDPSession(page);
  await speakFor(10, speak);
  const before = await heap(session);
  const file = `${stage.options.shots}/trace.json`;
  await browser.startTracing(page, { path: file, categories: ["toplevel"] });
  await page.evaluate(countFrames);
  await speakFor(SECONDS, speak);
  const gaps = await page.evaluate(() => window.gaps);
  await browser.stopTracing();
  const { own, clock } = longestTasks(file);
  const after = await heap(session);
  const late = gaps.filter((gap) => gap > LATEST_FRAME_MS).length;
  const figures =
    `${gaps.length} frames, ${late} over ${LATEST_FRAME_MS} ms by the clock; the longest task took ${own.toFixed(1)} ms of its own, ` +
    `${clock.toFixed(1)} by the clock; heap ${before.toFixed(1)} MB, a minute later ${after.toFixed(1)} MB`;
  assert(own < LATEST_FRAME_MS, `no frame needs ${LATEST_FRAME_MS} ms`, figures);
  assert(after - before < MOST_GROWTH_MB, `the memory grows by less than ${MOST_GROWTH_MB} MB`, figures);
  return figures;
}

export const checks = [
  {
    name: "a conversation with a hundred messages a second",
    soak: true,
    async run(stage) {
      const other = await stage.client();
      let said = 0;
      const figures = await minute(stage, "chat/webchat/visitor", () => other.ask("send", { channel: "webchat", to: "visitor", text: `message ${said++}` }));
      await until("the last is shown", async () => (await stage.texts()).at(-1) === `message ${said - 1}`, 30_000);
      return figures;
    },
  },
  {
    name: "the control view under a hundred messages a second in twenty conversations",
    soak: true,
    async run(stage) {
      const other = await stage.client();
      return minute(stage, "control", (i) => other.ask("receive", { channel: "webchat", peer: `peer ${i % 20}`, text: `message ${i}` }));
    },
  },
];
