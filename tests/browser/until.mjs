// Waiting for a condition with a deadline, which is how everything here waits.

const PATIENCE_MS = 15_000;
const LOOK_MS = 25;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What `look` comes to once it is neither false nor nothing; `what` is told where that never happens. */
export async function until(what, look, patience = PATIENCE_MS) {
  const deadline = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await pause(LOOK_MS);
  }
}

export function assert(condition, what, seen) {
  if (!condition) throw new Error(seen === undefined ? what : `${what}; seen: ${JSON.stringify(seen, null, 1)}`);
}

export function same(seen, expected, what) {
  assert(JSON.stringify(seen) === JSON.stringify(expected), `${what}, expected ${JSON.stringify(expected)}`, seen);
}
