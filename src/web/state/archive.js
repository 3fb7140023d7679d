// The last conversations and their last messages, kept so that a start without a connection shows them.
// Only ever read there: what comes later comes from the gateway.

import { FLAGS } from "../model/conversations.js";
import { numberOf } from "../model/messages.js";
import * as database from "./database.js";

/** Conversations in the list, and of those the ones with messages. */
const CONVERSATIONS = 60;
const THREADS = 15;
/** Messages of one conversation, and characters they may have together. */
const MESSAGES = 40;
const CHARACTERS = 200_000;
/** After something was said, and before the first look. */
const REST_MS = 4000;

export class Archive {
  #timer;
  /** The newest event of each conversation whose messages are kept. */
  #kept = new Map();
  /** Changes when all of it was removed: what was asked for before is of somebody else. */
  #era = 0;

  constructor(chat) {
    this.chat = chat;
    addEventListener("visibilitychange", () => document.hidden && this.#keepList().catch(() => {}));
  }

  /** Something was said: keeps it, once it is quiet for a while or was long enough not. */
  later() {
    this.#timer ??= setTimeout(() => this.#keep().catch(() => {}).finally(() => (this.#timer = undefined)), REST_MS);
  }

  /** Nothing is kept of what follows, until the next call. */
  forget() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#kept.clear();
    this.#era++;
  }

  /** Removes what is kept of a conversation, or of all. */
  drop(key) {
    this.forget();
    const gone = key ? [database.remove("threads", key)] : [database.replace("threads", [])];
    Promise.all([...gone, database.replace("conversations", [])]).catch(() => {});
  }

  /** `{conversations, kept_ms}` as they were. */
  async list() {
    const kept_ms = await database.get("state", "kept_ms").catch(() => undefined);
    return { conversations: kept_ms ? await database.all("conversations") : [], kept_ms };
  }

  /** The messages of a conversation as they were. */
  async messages(key) {
    const kept = await database.get("threads", key).catch(() => undefined);
    return kept?.messages ?? [];
  }

  get #rows() {
    return this.chat.conversations.sorted.filter(({ last }) => last).slice(0, CONVERSATIONS);
  }

  async #keepList() {
    if (!this.chat.session.limits) return;
    const kept = one => Object.fromEntries(["key", "channel", "peer", "name", "unread", "last", ...FLAGS].map(field => [field, one[field]]));
    const rows = this.#rows.map((one, i) => [String(i).padStart(3, "0"), kept(one)]);
    await database.replace("conversations", rows);
    await database.put("state", "kept_ms", Date.now());
  }

  async #keep() {
    const era = this.#era;
    await this.#keepList();
    const wanted = this.#rows.slice(0, THREADS);
    for (const { key, channel, peer, last } of wanted) {
      if (this.#kept.get(key) === last.seq) continue;
      const page = await this.chat.session.wish("history", { channel, peer, limit: MESSAGES });
      if (!page || era !== this.#era) return;
      await database.put("threads", key, { key, messages: bounded(page.messages) });
      this.#kept.set(key, last.seq);
    }
    const keys = new Set(wanted.map(({ key }) => key));
    for (const { key } of await database.all("threads")) if (!keys.has(key)) await database.remove("threads", key);
    for (const key of this.#kept.keys()) if (!keys.has(key)) this.#kept.delete(key);
  }
}

/** The newest of them that together are not too long. */
function bounded(messages) {
  let left = CHARACTERS;
  const newest = [...messages].sort((a, b) => numberOf(b.message_id) - numberOf(a.message_id));
  return newest.filter(message => (left -= JSON.stringify(message).length) > 0);
}
