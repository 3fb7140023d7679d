// Where each row of a long list stands: measured heights where they are known, guesses elsewhere.

export class Heights {
  #known = new Map();
  #keys = [];
  #sizes = new Float64Array(256);
  #tops = new Float64Array(257);
  count = 0;

  /** Lays out `count` rows anew; only one that stands at another place is looked up. */
  lay(count, keyAt, guessAt) {
    if (this.#known.size > 2 * count + 500) this.forget();
    if (count > this.#sizes.length) {
      this.#keys = [];
      this.#sizes = new Float64Array(count * 2);
      this.#tops = new Float64Array(count * 2 + 1);
    }
    this.count = this.#keys.length = count;
    for (let i = 0; i < count; i++) {
      const key = keyAt(i);
      if (this.#keys[i] !== key) {
        this.#keys[i] = key;
        this.#sizes[i] = this.#known.get(key) ?? guessAt(i);
      }
      this.#tops[i + 1] = this.#tops[i] + this.#sizes[i];
    }
  }

  /** Takes a row's measured height; true where it is news. */
  learn(index, height) {
    this.#known.set(this.#keys[index], height);
    const isNews = this.#sizes[index] !== height;
    this.#sizes[index] = height;
    return isNews;
  }

  forget() {
    this.#known.clear();
    this.#keys = [];
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
