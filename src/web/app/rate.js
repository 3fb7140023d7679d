// How many things happened in each of the last seconds.

export const SECONDS = 60;

export class Rate {
  #counts = new Array(SECONDS).fill(0);
  #second = 0;

  add(now, count = 1) {
    this.series(now);
    this.#counts[SECONDS - 1] += count;
  }

  /** Counts by second, the running one last. */
  series(now) {
    const second = Math.floor(now / 1000);
    const gone = Math.min(Math.max(second - this.#second, 0), SECONDS);
    this.#counts.splice(0, gone);
    while (this.#counts.length < SECONDS) this.#counts.push(0);
    this.#second = Math.max(second, this.#second);
    return this.#counts;
  }
}
