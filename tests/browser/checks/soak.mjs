// A minute of a hundred events a second: no frame is late, and the memory stays where it is.

import { readFileSync } from "node:fs";

import { assert, until } from "../until.mjs";

const A_SECOND = 100;
const SECONDS = 60;
const LATEST_FRAME_MS = 50;
/** What may be added between the first third and the end, besides the messages kept. */
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

/** The longest task of the page's own thread in a trace, in ms. */
function longestTask(events) {
  const main = events.find(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain");
  const renderers = new Set(events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(({ pid, tid }) => `${pid}/${tid}`));
  assert(main, "the trace has no renderer");
  const tasks = events.filter(({ name, ph, pid, tid }) => ph === "X" && /RunTask$/.test(name) && renderers.has(`${pid}/${tid}`));
  return Math.max(...tasks.map(({ dur }) => dur / 1000));
}

async function heap(session) {
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  return usedSize / 1048576;
}

async function minute(stage, hash, speak) {
  const { page, browser } = stage;
  const other = await stage.client();
  await stage.open(hash);
  const session = await page.context().newCDPSession(page);
  await page.evaluate(countFrames);
  const file = `${stage.options.shots}/trace-${hash.split("/")[0]}.json`;
  await browser.startTracing(page, { path: file, categories: ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"] });
  const heaps = [];
  const began = Date.now();
  for (let sent = 0; sent < A_SECOND * SECONDS; ) {
    const due = Math.floor(((Date.now() - began) / 1000) * A_SECOND);
    while (sent < due) speak(other, sent++);
    await new Promise((resolve) => setTimeout(resolve, 10));
    if (heaps.length < Math.floor(sent / (A_SECOND * 10))) heaps.push(await heap(session));
  }
  await browser.stopTracing();
  const gaps = await page.evaluate(() => window.gaps);
  const task = longestTask(JSON.parse(readFileSync(file, "utf8")).traceEvents);
  const late = gaps.filter((gap) => gap > LATEST_FRAME_MS);
  const growth = Math.max(...heaps.slice(-2)) - heaps[1];
  const figures = `${gaps.length} frames, the longest gap ${Math.max(...gaps).toFixed(1)} ms, ${late.length} over ${LATEST_FRAME_MS} ms, the longest task ${task.toFixed(1)} ms, heap ${heaps.map((mb) => mb.toFixed(1)).join(" ")} MB`;
  assert(task < LATEST_FRAME_MS, `no task over ${LATEST_FRAME_MS} ms`, figures);
  assert(growth < MOST_GROWTH_MB, `the memory grows by less than ${MOST_GROWTH_MB} MB`, figures);
  return figures;
}

export const checks = [
  {
    name: "a conversation with a hundred messages a second",
    soak: true,
    async run(stage) {
      const figures = await minute(stage, "chat/webchat/visitor", (other, i) => other.ask("send", { channel: "webchat", to: "visitor", text: `message ${i}` }));
      const total = A_SECOND * SECONDS;
      await until("the last is shown", async () => (await stage.texts()).at(-1) === `message ${total - 1}`, 30_000);
      return figures;
    },
  },
  {
    name: "the control view under a hundred messages a second in twenty conversations",
    soak: true,
    run: (stage) => minute(stage, "control", (other, i) => other.ask("receive", { channel: "webchat", peer: `peer ${i % 20}`, text: `message ${i}` })),
  },
];
