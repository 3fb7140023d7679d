// A list of which only what is in view is in the page. It stays where the reader looks, or at its end.

import { eachFrame, onRelease } from "./dom.js";
import { Heights } from "./model/heights.js";

const MARGIN = 600;
const NEAR_END = 40;
/** The height of a row that cannot tell. */
const GUESS = 60;
/** The version of no row. */
const STALE = Symbol();

function attempt(work, otherwise) {
  try {
    return work();
  } catch (error) {
    return otherwise(error);
  }
}

export class LongList {
  items = [];
  /** Stays at the end when something is added there. */
  atEnd = false;
  #heights = new Heights();
  #rows = new Map();
  #anchor = {};
  #width = 0;
  #first = 0;
  #held;
  /** Where the view was put last. */
  #put;

  /**
   * `keyOf(item)`, `guess(item, width)`: its height, `version(item, i)`: a new one makes a new row,
   * `build(item, i)`: the row, `broken(item)`: the one in its place where that cannot be built, `moved(first,
   * end)` hears which are in view. `follows`: begins at the end.
   */
  constructor(scroller, list, of) {
    Object.assign(this, { scroller, list, of, atEnd: of.follows });
    scroller.addEventListener("scroll", () => this.#moved(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(scroller);
    // In a frame of its own: what it changes is observed as well.
    new ResizeObserver(eachFrame(() => this.measure())).observe(list);
    list.addEventListener("pointerdown", event => this.#hold(event));
  }

  /** Shows these: anything with `length` and `at`. */
  show(items) {
    this.items = items;
    this.draw();
  }

  /** Makes every row again when it is drawn next, such as in another language; until then they stay. */
  forget() {
    for (const known of this.#rows.values()) known.version = STALE;
    this.#heights.forget();
  }

  /** Begins anew with other items. */
  reset() {
    for (const { row } of this.#rows.values()) row.remove();
    this.#rows.clear();
    this.#heights.forget();
    this.#anchor = {};
    this.atEnd = this.of.follows;
  }

  /** Rows changed their height by themselves. */
  measure() {
    if (!this.scroller.clientHeight) return;
    let i = this.#first;
    for (const { row } of this.#rows.values()) this.#heights.learn(i++, row.getBoundingClientRect().height);
    this.draw();
  }

  /** Begins at the top with what is shown next. */
  toTop() {
    this.#anchor = {};
    this.scroller.scrollTop = 0;
  }

  toEnd() {
    this.atEnd = true;
    this.draw();
  }

  /** Brings a row into view, in the middle; where it is in view already, only with `always`. */
  reveal(index, always) {
    this.#lay();
    const { scrollTop, clientHeight } = this.scroller;
    const [top, bottom] = [this.#heights.top(index), this.#heights.top(index + 1)];
    if (!always && top >= scrollTop && bottom <= scrollTop + clientHeight) return;
    this.atEnd = false;
    this.#anchor = { key: this.#key(index), into: Math.min((bottom - top - clientHeight) / 2, 0) };
    this.draw();
  }

  draw() {
    const { scroller, list, items } = this;
    const height = scroller.clientHeight;
    if (!height) return;
    if (scroller.clientWidth !== this.#width) this.#heights.forget();
    this.#width = scroller.clientWidth;
    let first, end, top;
    // A row that is measured moves the others; the second pass nearly always is the last.
    for (let pass = 0; pass < 5; pass++) {
      this.#lay();
      top = this.#top(height);
      [first, end] = this.#heights.range(top, height, MARGIN);
      if (!this.#place(first, end)) break;
    }
    list.style.paddingTop = `${this.#heights.top(first)}px`;
    list.style.paddingBottom = `${this.#heights.total - this.#heights.top(end)}px`;
    if (Math.abs(scroller.scrollTop - top) >= 1) {
      scroller.scrollTop = top;
      this.#put = scroller.scrollTop;
    }
    this.#remember(top);
    this.of.moved?.(this.#heights.at(top), Math.min(end, items.length));
  }

  #key(index) {
    return this.of.keyOf(this.items.at(index));
  }

  #lay() {
    const { items, of } = this;
    this.#heights.lay(items.length, i => this.#key(i), i => attempt(() => of.guess(items.at(i), this.#width), () => GUESS));
  }

  /** The row of an item, whatever is wrong with it: the others are not to suffer. */
  #build(item, i) {
    return attempt(
      () => this.of.build(item, i),
      error => {
        console.error(error);
        return this.of.broken(item);
      },
    );
  }

  /** Who was in a row with the keyboard stays where it was in the new one. */
  #refocus(row, active) {
    const alike = [...row.querySelectorAll(active.tagName)].find(one => one === active || one.className === active.className);
    (alike ?? this.scroller).focus({ preventScroll: true });
  }

  /** Where the view begins: at the end, or where the row that was at its top is now. */
  #top(height) {
    const most = Math.max(0, this.#heights.total - height);
    if (this.atEnd) return most;
    const { key, into } = this.#anchor;
    for (let i = 0; key && i < this.items.length; i++) {
      if (this.#key(i) === key) return Math.min(Math.max(this.#heights.top(i) + into, 0), most);
    }
    return Math.min(this.scroller.scrollTop, most);
  }

  /** A row stays as it is while it is pressed: a click needs its button, and a selection its words, from the press to the release. */
  #hold({ target, button }) {
    if (button) return;
    this.#held = [...this.#rows.values()].find(({ row }) => row.contains(target))?.row;
    onRelease(() => {
      this.#held = undefined;
      this.draw();
    });
  }

  #moved() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    // Where it was put nobody has scrolled: what grew since then is below, and is still to be followed.
    const isPut = this.atEnd && scrollTop === this.#put;
    if (this.of.follows && !isPut) this.atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    this.#remember(scrollTop);
    this.draw();
  }

  #remember(top) {
    const index = this.#heights.at(top);
    if (this.items.length) this.#anchor = { key: this.#key(index), into: top - this.#heights.top(index) };
  }

  /** Puts the rows of this range into the page; true where one's height is news. */
  #place(first, end) {
    const { items, of, list } = this;
    const [wanted, fresh] = [new Map(), []];
    this.#first = first;
    for (let i = first; i < end; i++) {
      const [item, key] = [items.at(i), this.#key(i)];
      const version = attempt(() => of.version(item, i), () => item.seq);
      let known = this.#rows.get(key);
      const isHeld = known && known.row === this.#held;
      if (known?.version !== version && !isHeld) {
        const active = known?.row.contains(document.activeElement) && document.activeElement;
        const row = this.#build(item, i);
        known?.row.replaceWith(row);
        if (active) this.#refocus(row, active);
        known = { version, row };
        row.dataset.key = key;
        fresh.push([i, row]);
      }
      known.row.ariaPosInSet = i + 1;
      known.row.ariaSetSize = items.length;
      wanted.set(key, known);
    }
    for (const [key, { row }] of this.#rows) {
      if (wanted.has(key)) continue;
      // Who was in it with the keyboard stays in the list.
      if (row.contains(document.activeElement)) this.scroller.focus();
      row.remove();
    }
    this.#rows = wanted;
    let place = list.firstElementChild;
    for (const { row } of wanted.values()) {
      if (row === place) place = place.nextElementSibling;
      else list.insertBefore(row, place);
    }
    const heights = fresh.map(([i, row]) => this.#heights.learn(i, row.getBoundingClientRect().height));
    return heights.includes(true);
  }
}
