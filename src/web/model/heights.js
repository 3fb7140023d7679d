// Where each row of a long list stands: measured heights where they are known, guesses elsewhere.

export class Heights {
  #known = new Map();
  #tops = new Float64Array(256);
  count = 0;

  /** Lays out `count` rows anew. */
  lay(count, keyAt, guessAt) {
    if (count >= this.#tops.length) this.#tops = new Float64Array(count * 2);
    if (this.#known.size > 2 * count + 500) this.forget();
    let top = 0;
    for (let i = 0; i < count; i++) {
      this.#tops[i] = top;
      top += this.#known.get(keyAt(i)) ?? guessAt(i);
    }
    this.#tops[count] = top;
    this.count = count;
  }

  /** True where this height is news. */
  learn(key, height) {
    if (this.#known.get(key) === height) return false;
    this.#known.set(key, height);
    return true;
  }

  forget() {
    this.#known.clear();
  }

  get total() {
    return this.#tops[this.count];
  }

  top(index) {
    return this.#tops[index];
  }

  /** The row at this offset. */
  at(offset) {
    let [low, high] = [0, Math.max(this.count - 1, 0)];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#tops[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** First row and the one after the last that are in view, or as near as `margin`. */
  range(top, height, margin) {
    return this.count ? [this.at(top - margin), this.at(top + height + margin) + 1] : [0, 0];
  }
}
