// A list of which only what is in view is in the page. It stays where the reader looks, or at its end.

import { Heights } from "./model/heights.js";

const MARGIN = 600;
const NEAR_END = 40;

export class LongList {
  items = [];
  /** Stays at the end when something is added there. */
  atEnd = false;
  #heights = new Heights();
  #rows = new Map();
  #anchor = { key: undefined, into: 0 };
  #width = 0;

  /**
   * `keyOf(item, i)`, `guess(item)`: pixels, `version(item, i)`: a new one makes a new row,
   * `build(item, i)`: the row. `onMove(first, end)` hears which rows are in view.
   */
  constructor(scroller, list, { follows = false, ...of }) {
    Object.assign(this, { scroller, list, of, follows, atEnd: follows });
    scroller.addEventListener("scroll", () => this.#moved(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(scroller);
  }

  /** Shows these; anything with `length` and `at`. */
  show(items) {
    this.items = items;
    this.draw();
  }

  /** Begins anew with other items. */
  reset(atEnd = this.follows) {
    this.forget();
    this.#anchor = { key: undefined, into: 0 };
    this.atEnd = atEnd;
    this.scroller.scrollTop = 0;
  }

  /** Makes every row again, such as in another language. */
  forget() {
    for (const { element } of this.#rows.values()) element.remove();
    this.#rows.clear();
    this.#heights.forget();
  }

  draw() {
    const { scroller, items } = this;
    const height = scroller.clientHeight;
    if (!height) return;
    if (scroller.clientWidth !== this.#width) this.#heights.forget();
    this.#width = scroller.clientWidth;
    let first, end, top;
    // A row that is measured moves the rest; the second pass nearly always is the last.
    for (let pass = 0; pass < 5; pass++) {
      this.#lay();
      top = this.#top(height);
      [first, end] = this.#heights.range(top, height, MARGIN);
      if (!this.#place(first, end)) break;
    }
    this.list.style.paddingTop = `${this.#heights.top(first)}px`;
    this.list.style.paddingBottom = `${this.#heights.total - this.#heights.top(end)}px`;
    if (Math.abs(scroller.scrollTop - top) >= 1) scroller.scrollTop = top;
    this.#remember(top);
    const shown = this.#heights.at(top);
    this.of.onMove?.(shown, Math.min(this.#heights.at(top + height) + 1, items.length));
  }

  /** Brings a row into view, in the middle unless it is there already. */
  reveal(index, inMiddle = true) {
    this.#lay();
    const { scroller } = this;
    const [top, bottom] = [this.#heights.top(index), this.#heights.top(index + 1)];
    const isIn = top >= scroller.scrollTop && bottom <= scroller.scrollTop + scroller.clientHeight;
    if (isIn && !inMiddle) return;
    const room = inMiddle ? (scroller.clientHeight - (bottom - top)) / 2 : 8;
    this.atEnd = false;
    this.#anchor = { key: this.#key(index), into: -Math.max(room, 0) };
    if (!inMiddle && top > scroller.scrollTop) this.#anchor.into = bottom - top - scroller.clientHeight + room;
    this.draw();
  }

  toEnd() {
    this.atEnd = true;
    this.draw();
  }

  /** The row of this item, where it is in the page. */
  row(key) {
    return this.#rows.get(key)?.element;
  }

  #key(index) {
    return this.of.keyOf(this.items.at(index), index);
  }

  #lay() {
    const { items, of } = this;
    this.#heights.lay(items.length, (i) => this.#key(i), (i) => of.guess(items.at(i), this.#width));
  }

  /** Where the view begins: at the end, or where the row that was at its top is now. */
  #top(height) {
    const most = Math.max(0, this.#heights.total - height);
    if (this.atEnd) return most;
    const { key, into } = this.#anchor;
    for (let i = 0; key !== undefined && i < this.items.length; i++) {
      if (this.#key(i) === key) return Math.min(Math.max(this.#heights.top(i) + into, 0), most);
    }
    return Math.min(this.scroller.scrollTop, most);
  }

  #moved() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    if (this.follows) this.atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    this.#remember(scrollTop);
    this.draw();
  }

  #remember(top) {
    if (!this.items.length) return;
    const index = this.#heights.at(top);
    this.#anchor = { key: this.#key(index), into: top - this.#heights.top(index) };
  }

  /** Puts the rows of this range into the page; true where one's height is news. */
  #place(first, end) {
    const { items, of, list } = this;
    const wanted = new Map();
    const fresh = [];
    for (let i = first; i < end; i++) {
      const [item, key] = [items.at(i), this.#key(i)];
      const version = of.version(item, i);
      let row = this.#rows.get(key);
      if (row?.version !== version) {
        const made = { version, element: of.build(item, i) };
        if (row) row.element.replaceWith(made.element);
        row = made;
        fresh.push([key, made.element]);
      }
      wanted.set(key, row);
    }
    this.#drop(wanted);
    let place = list.firstElementChild;
    let position = first;
    for (const { element } of wanted.values()) {
      if (element === place) place = place.nextElementSibling;
      else list.insertBefore(element, place);
      element.setAttribute("aria-posinset", ++position);
      element.setAttribute("aria-setsize", items.length);
    }
    this.#rows = wanted;
    let news = false;
    for (const [key, made] of fresh) news = this.#heights.learn(key, made.getBoundingClientRect().height) || news;
    return news;
  }

  #drop(wanted) {
    for (const [key, { element }] of this.#rows) {
      if (wanted.has(key)) continue;
      // Who was in it with the keyboard stays in the list.
      if (element.contains(document.activeElement)) this.scroller.focus();
      element.remove();
    }
  }
}
