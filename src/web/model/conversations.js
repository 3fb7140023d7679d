// The list of conversations: who, the last message, how many are unread, who is typing.

import { isGroup } from "./finding.js";
import { numberOf } from "./messages.js";

const KEEP = 2000;
/** A gateway whose clock is off must not show for ever who types. */
const TYPING_MS = 30_000;
/** The end of a text that grows; what is before that is read when it is a message. */
const GROWN = 3000;

/** What somebody made of a conversation; a gateway that does not know them tells none. */
export const FLAGS = ["pinned", "archived", "muted", "unread_mark"];

/** More than any message has as its number. */
const PINNED = 2 ** 52;

export const keyOf = ({ channel, peer }) => `${channel}/${peer}`;
const age = ({ last }) => (last ? numberOf(last.message_id) : 0);

export class Conversations {
  /** Pass it as `before` for the next page; absent at the end. */
  next = undefined;
  #all = new Map();
  #sorted = null;
  #begun = false;
  /** Where the pages of a filter go on, by what it is called; null where one has ended. */
  #nexts = new Map();

  /** The visitor's own conversation, where there is one, stands first, whatever is in it. */
  constructor(pinned) {
    if (!pinned) return;
    this.pinned = keyOf(pinned);
    this.get(pinned);
  }

  /** The conversation, made where it is not there yet. */
  get(place) {
    const { channel, peer } = place;
    const key = keyOf(place);
    if (!this.#all.has(key)) {
      this.#all.set(key, { key, channel, peer, unread: 0 });
      this.#sorted = null;
    }
    return this.#all.get(key);
  }

  has(place) {
    return this.#all.has(keyOf(place));
  }

  /** The conversation, where it is there. */
  find(place) {
    return this.#all.get(keyOf(place));
  }

  /** Takes a page of `conversations`. */
  take({ conversations, next }, isFirst) {
    this.#takeRows(conversations);
    // Asking for the first page again does not take the later ones away.
    if (!isFirst || !this.#begun) this.next = this.#all.size < KEEP ? next : undefined;
    this.#begun = true;
  }

  /** Takes a page of those that a filter lets through. */
  takeOf(filter, { conversations, next }) {
    this.#takeRows(conversations);
    this.#nexts.set(filter, next ?? null);
  }

  /** Where the pages of a filter go on: undefined at their beginning, null at their end. */
  nextOf(filter) {
    return this.#nexts.get(filter);
  }

  /** Whether every one that the gateway has is here. */
  get isWhole() {
    return this.#begun && this.next === undefined;
  }

  /** Takes what the gateway tells of the flags. False where it is about one that is not here. */
  mark(told) {
    const known = this.#all.get(keyOf(told));
    if (known) this.#flag(known, told);
    return Boolean(known);
  }

  /** It is gone for good. One's own stays, empty. */
  drop(place) {
    const key = keyOf(place);
    this.#all.delete(key);
    this.#sorted = null;
    if (key === this.pinned) this.get(place);
  }

  /** Takes an event's message. True where it is from the other side and newer than all before. */
  hear(message) {
    const known = this.get(message);
    // Of an old message it tells only what became of it.
    const isOld = Boolean(message.edits || message.deleted_ms);
    const isNew = !isOld && numberOf(message.message_id) > age(known);
    const isTheirs = (message.direction === "out") === (known.key === this.pinned);
    this.#put(known, message);
    this.#call(known, message);
    // Who types goes on while the other side's message comes.
    if (isNew && known.typing?.direction === message.direction) known.typing = undefined;
    if (isNew && isTheirs) known.unread++;
    // As the gateway does: what is new brings it back, unless it is muted.
    if (isNew && !known.muted) known.archived = false;
    return isNew && isTheirs;
  }

  /** Somebody read up to a message. False where only the gateway can say how many are left. */
  read({ message_id, ...place }) {
    const known = this.#all.get(keyOf(place));
    if (known) known.unread_mark = false;
    if (!known?.unread || known.key === this.pinned) return true;
    if (numberOf(message_id) < age(known)) return false;
    known.unread = 0;
    return true;
  }

  /** Takes an event `typing`. */
  type({ direction, text, until_ms, ...place }, now) {
    const until = Math.min(until_ms, now + TYPING_MS);
    if (this.has(place)) this.get(place).typing = until > now ? { direction, text: text?.slice(-GROWN), until } : undefined;
  }

  /** Forgets what grew there. */
  hush(place) {
    const known = this.#all.get(keyOf(place));
    if (known?.typing?.text) known.typing = undefined;
  }

  /** Forgets who stopped typing; the time when the next one lapses. */
  lapse(now) {
    let next = Infinity;
    for (const one of this.#all.values()) {
      if (one.typing?.until <= now) one.typing = undefined;
      next = Math.min(next, one.typing?.until ?? Infinity);
    }
    return next;
  }

  /** All, newest first behind the visitor's own and those that were pinned. */
  get sorted() {
    const rank = one => (one.key === this.pinned ? Number.MAX_VALUE : age(one) + (one.pinned ? PINNED : 0));
    this.#sorted ??= [...this.#all.values()].sort((a, b) => rank(b) - rank(a));
    for (const { key } of this.#sorted.splice(KEEP)) this.#all.delete(key);
    return this.#sorted;
  }

  /** What is unread where it is to be told. */
  get unread() {
    return this.sorted.reduce((sum, { unread, muted }) => sum + (muted ? 0 : unread), 0);
  }

  #takeRows(conversations) {
    for (const row of conversations) {
      const known = this.get(row);
      known.name = row.name ?? known.name;
      // Of one's own conversation the gateway counts what oneself wrote.
      if (known.key !== this.pinned && age(row) >= age(known)) known.unread = row.unread;
      this.#put(known, row.last);
      this.#flag(known, row);
    }
  }

  #flag(known, told) {
    if (Boolean(known.pinned) !== Boolean(told.pinned)) this.#sorted = null;
    for (const flag of FLAGS) known[flag] = Boolean(told[flag]);
  }

  /** A conversation without a name is called as its message says; in a group that is somebody of many. */
  #call(known, { direction, meta }) {
    const isTheirs = direction === "in" && !meta?.own && known.key !== this.pinned;
    if (isTheirs && !known.isGroup && typeof meta?.name === "string") known.name ??= meta.name;
  }

  #put(known, message) {
    const isSame = known.last?.message_id === message.message_id;
    if (!isSame && age(known) < numberOf(message.message_id)) this.#sorted = null;
    else if (!isSame || known.last.seq > message.seq) return;
    known.last = message;
    known.isGroup ||= isGroup(known);
  }
}
