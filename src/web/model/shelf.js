// Things that are dear to hold, each as long as somebody uses it, and after that while there is room.

export class Shelf {
  bytes = 0;
  /** What was let go of last stands last. */
  #all = new Map();

  /** Holds up to `most` bytes, or more while they are used; `drop(thing)` is called for what has to go. */
  constructor(most, drop) {
    Object.assign(this, { most, drop });
  }

  has(key) {
    return this.#all.has(key);
  }

  /** The thing of this key, used once more. */
  use(key) {
    const held = this.#all.get(key);
    held.users++;
    return held.thing;
  }

  /** Takes a thing that is about to be used; of two of one key the first stays. */
  put(key, thing, bytes) {
    if (this.has(key)) return this.drop(thing);
    this.#all.set(key, { thing, bytes, users: 0 });
    this.bytes += bytes;
    this.#tidy(key);
  }

  /** One user less. */
  leave(key) {
    const held = this.#all.get(key);
    if (--held.users) return;
    this.#all.delete(key);
    this.#all.set(key, held);
    this.#tidy();
  }

  /** Lets the longest unused go. */
  #tidy(spared) {
    for (const [key, { thing, bytes, users }] of this.#all) {
      if (this.bytes <= this.most) return;
      if (users || key === spared) continue;
      this.#all.delete(key);
      this.bytes -= bytes;
      this.drop(thing);
    }
  }
}
