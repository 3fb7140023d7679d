// The list of conversations: who, the last message, how many are unread, who is typing.

import { numberOf } from "./messages.js";

const KEEP = 2000;
/** A gateway whose clock is off must not hide who types, nor show it for ever. */
const TYPING_MS = [2000, 30_000];

export const keyOf = ({ channel, peer }) => `${channel}/${peer}`;

const age = ({ last }) => (last ? numberOf(last.message_id) : 0);

export class Conversations {
  #all = new Map();
  #sorted = null;
  /** Pass it as `before` for the next page; absent at the end. */
  next = undefined;
  #begun = false;

  /** The visitor's own conversation stands first, whatever is in it. */
  constructor(pinned) {
    this.pinned = keyOf(pinned);
    this.get(pinned);
  }

  /** The conversation, made where it is not there yet. */
  get({ channel, peer }) {
    const key = keyOf({ channel, peer });
    if (!this.#all.has(key)) {
      this.#all.set(key, { key, channel, peer, unread: 0, last: undefined, typing: undefined });
      this.#sorted = null;
    }
    return this.#all.get(key);
  }

  has(place) {
    return this.#all.has(keyOf(place));
  }

  /** Takes a page of `conversations`. */
  take({ conversations, next }, isFirst) {
    for (const row of conversations) {
      const known = this.get(row);
      if (row.name) known.name = row.name;
      // Of one's own conversation the gateway counts what oneself wrote.
      if (known.key !== this.pinned && age(row) >= age(known)) known.unread = row.unread;
      this.#last(known, row.last);
    }
    // Asking for the first page again does not take the later ones away.
    if (!isFirst || !this.#begun) this.next = this.#all.size < KEEP ? next : undefined;
    this.#begun = true;
    this.#sorted = null;
  }

  /** Takes an event's message. True where it is from the other side and newer than all before. */
  hear(message) {
    const known = this.get(message);
    const isNew = numberOf(message.message_id) > age(known);
    const fromThem = (message.direction === "out") === (known.key === this.pinned);
    this.#last(known, message);
    if (!isNew) return false;
    known.typing = undefined;
    this.#sorted = null;
    if (fromThem) known.unread++;
    return fromThem;
  }

  /** Somebody read up to a message. False where only the gateway can say how many are left. */
  read({ channel, peer, message_id }) {
    const known = this.#all.get(keyOf({ channel, peer }));
    if (!known || known.key === this.pinned) return true;
    if (numberOf(message_id) < age(known)) return known.unread === 0;
    known.unread = 0;
    return true;
  }

  /** Takes an event `typing`. */
  type({ channel, peer, direction, text, until_ms }, now) {
    const known = this.#all.get(keyOf({ channel, peer }));
    if (!known) return;
    const [least, most] = TYPING_MS;
    const until = now + Math.min(Math.max(until_ms - now, least), most);
    known.typing = until_ms > 0 ? { direction, text, until } : undefined;
  }

  /** Forgets who stopped typing; the time when the next one lapses. */
  lapse(now) {
    let next = Infinity;
    for (const one of this.#all.values()) {
      if (one.typing && one.typing.until <= now) one.typing = undefined;
      if (one.typing) next = Math.min(next, one.typing.until);
    }
    return next;
  }

  /** All, newest first behind the pinned one. */
  get sorted() {
    if (!this.#sorted) {
      const rank = (one) => (one.key === this.pinned ? Infinity : age(one));
      this.#sorted = [...this.#all.values()].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(b) - rank(a)));
      for (const { key } of this.#sorted.splice(KEEP)) this.#all.delete(key);
    }
    return this.#sorted;
  }

  get unread() {
    return this.sorted.reduce((sum, one) => sum + one.unread, 0);
  }

  #last(known, message) {
    if (!message || age(known) > numberOf(message.message_id)) return;
    const isSame = known.last?.message_id === message.message_id;
    if (isSame && known.last.seq > message.seq) return;
    known.last = message;
  }
}
