// How long to wait before the next attempt to connect.

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/** Doubles with each attempt; `chance` (0 to 1) spreads many pages that lost one gateway. */
export function waitBefore(attempt, chance = Math.random()) {
  const wait = Math.min(FIRST_MS * 2 ** attempt, LONGEST_MS);
  return Math.round(wait * (0.8 + 0.4 * chance));
}
