// The chat: what is known of all conversations, which one is open, what was said but not yet taken.
//
// In the conversation of the page's own name it is the visitor, who speaks by `receive`; in all
// others it is the operator, who speaks by `send`.

import { element, eachFrame } from "../dom.js";
import { Conversations, keyOf } from "../model/conversations.js";
import { Thread, numberOf } from "../model/messages.js";
import { Composer } from "./composer.js";
import { Search } from "./search.js";
import { Sidebar } from "./sidebar.js";
import { ThreadView } from "./thread.js";

const CHANNEL = "webchat";
const PAGE = 50;
const OLDER = 200;
const THREADS = 6;
const RESTING = 100;
const SAY_TYPING_MS = 4000;
const REFRESH_MS = 1000;

/** Not `crypto.randomUUID`: over plain http from another machine a browser does not offer it. */
const randomKey = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(16)).join("-");

export class Chat {
  open = null;
  #threads = new Map();
  #pending = JSON.parse(sessionStorage.getItem("pending") ?? "[]");
  #loading = null;
  #refresh = null;
  #lapse = null;
  #saidTyping = 0;

  constructor(session) {
    this.session = session;
    this.#visit(localStorage.getItem("visitor") || "visitor");
    this.draw = eachFrame(() => this.#draw());
    this.views = [new Sidebar(this), new ThreadView(this), new Search(this), new Composer(this)];
  }

  get mine() {
    return { channel: CHANNEL, peer: this.visitor };
  }

  isMine(place) {
    return keyOf(place) === keyOf(this.mine);
  }

  get conversation() {
    return this.open && this.conversations.get(this.open);
  }

  get thread() {
    return this.open && this.#thread(this.open);
  }

  /** What was said in the open conversation and is not among its messages yet. */
  get pending() {
    const here = keyOf(this.open);
    return this.#pending.filter((one) => keyOf(one) === here && !(one.id && this.thread.find(one.id)));
  }

  /** A connection stands: asks for what events did not bring. */
  async start(isFresh) {
    if (isFresh) {
      this.#threads.clear();
      this.conversations = new Conversations(this.mine);
    }
    await this.loadConversations(true);
    if (this.open) await this.#load();
    for (const one of this.#pending) if (!one.error) this.#handIn(one);
  }

  hear(name, payload) {
    if (name.startsWith("message.")) this.#hearMessage(payload);
    else if (name === "typing") this.#hearTyping(payload);
    else if (name === "conversation.read" && !this.conversations.read(payload)) this.#refreshSoon();
    this.draw();
  }

  /** Opens a conversation; null closes. */
  show(place) {
    if (this.open && (!place || keyOf(place) !== keyOf(this.open))) this.#thread(this.open).trim(RESTING);
    this.open = place;
    for (const view of this.views) view.opened?.();
    if (place) this.#load();
    this.draw();
  }

  async loadConversations(isFirst) {
    const { next } = this.conversations;
    if (this.#refresh === "now" || (!isFirst && !next)) return;
    clearTimeout(this.#refresh);
    this.#refresh = "now";
    try {
      const page = await this.session.ask("conversations", { limit: PAGE, ...(isFirst ? {} : { before: next }) });
      this.conversations.take(page, isFirst);
      this.draw();
    } catch {
      // The next connection asks again.
    }
    this.#refresh = null;
  }

  /** Loads what is before the first message; false where there is nothing more to have. */
  async loadOlder(limit = OLDER) {
    const { thread } = this;
    if (!thread.loaded || !thread.older || thread.full) return false;
    return this.#load({ before: thread.messages[0]?.message_id, limit });
  }

  /** Makes sure that this message is on the page. */
  async reach(id) {
    const { thread } = this;
    while (!thread.find(id)) if (!(await this.loadOlder(1000)) || thread !== this.thread) return false;
    return true;
  }

  say(text, media) {
    const { open } = this;
    const one = { ...open, text, media, mine: this.isMine(open), key: randomKey(), created_ms: Date.now() };
    this.#pending.push(one);
    this.#saidTyping = 0;
    this.#handIn(one);
  }

  /** Tries again what the gateway did not take, or what failed on its way. */
  retry(message) {
    if (message.key) this.#handIn(message);
    else this.session.ask("retry", { message_id: message.message_id }).catch(() => {});
  }

  typing() {
    if (Date.now() - this.#saidTyping < SAY_TYPING_MS) return;
    this.#saidTyping = Date.now();
    const { channel, peer } = this.open;
    const whose = this.isMine(this.open) ? { peer } : { to: peer };
    this.session.ask("typing", { channel, ...whose }).catch(() => {});
  }

  /** Takes another name, and with it another conversation. */
  rename(name) {
    this.session.unfollow([`message.*@${CHANNEL}/${this.visitor}`]);
    localStorage.setItem("visitor", name);
    this.#visit(name);
    this.#threads.clear();
    this.loadConversations(true);
  }

  #visit(name) {
    this.visitor = name;
    this.conversations = new Conversations(this.mine);
    this.session.follow([`message.*@${CHANNEL}/${name}`]);
  }

  #thread(place) {
    const key = keyOf(place);
    const thread = this.#threads.get(key) ?? new Thread();
    this.#threads.delete(key);
    this.#threads.set(key, thread);
    if (this.#threads.size > THREADS) this.#threads.delete(this.#threads.keys().next().value);
    return thread;
  }

  /** Loads a page of the open conversation, one at a time. */
  async #load(which) {
    const { open, thread } = this;
    if (this.#loading === thread || (!which && thread.loaded)) return false;
    this.#loading = thread;
    try {
      const { channel, peer } = open;
      thread.take(await this.session.ask("history", { channel, peer, limit: PAGE, ...which }));
      return true;
    } catch {
      return false;
    } finally {
      if (this.#loading === thread) this.#loading = null;
      this.draw();
    }
  }

  #hearMessage(message) {
    if (!this.conversations.has(message)) this.#refreshSoon();
    const isNews = this.conversations.hear(message);
    const key = keyOf(message);
    const changed = this.#threads.get(key)?.hear(message);
    // One's own text may be here before the answer that says which message it became.
    const own = changed && this.#pending.find((one) => !one.id && keyOf(one) === key && one.text === message.text);
    if (own) own.id = message.message_id;
    this.#settle();
    if (isNews && this.open && key === keyOf(this.open)) for (const view of this.views) view.news?.(message);
  }

  #hearTyping(event) {
    // What this page said itself comes back to it.
    const own = this.isMine(event) ? "in" : "out";
    if (event.direction === own && !event.text) return;
    this.conversations.type(event, Date.now());
    this.#lapseLater();
  }

  #lapseLater() {
    clearTimeout(this.#lapse);
    const next = this.conversations.lapse(Date.now());
    if (next < Infinity) this.#lapse = setTimeout(() => this.#lapseLater(), next - Date.now() + 50);
    this.draw();
  }

  /** Of a conversation it did not know only the gateway knows the name and what is unread. */
  #refreshSoon() {
    this.#refresh ??= setTimeout(() => {
      this.#refresh = null;
      this.loadConversations(true);
    }, REFRESH_MS);
  }

  /** Hands a text in, as often as needed: the key makes the gateway take it once. */
  async #handIn(one) {
    delete one.error;
    this.#keepPending();
    const { channel, peer, text, media, key } = one;
    const [action, payload] = one.mine
      ? ["receive", { channel, peer, text, media, dedup_key: key }]
      : ["send", { channel, to: peer, text, media, idempotency_key: key }];
    try {
      one.id = (await this.session.ask(action, payload)).message_id;
      one.taken = true;
      this.#settle();
    } catch (fault) {
      // Then it goes out again with the next connection.
      if (!["disconnected", "shutting_down"].includes(fault.code)) one.error = fault.message;
    }
    this.#keepPending();
  }

  /** Lets go of what the gateway took, once it stands among the messages. */
  #settle() {
    this.#pending = this.#pending.filter((one) => {
      const thread = this.#threads.get(keyOf(one));
      return !one.taken || (thread?.loaded && thread.indexOf(numberOf(one.id)) === thread.messages.length);
    });
  }

  #keepPending() {
    sessionStorage.setItem("pending", JSON.stringify(this.#pending));
    this.draw();
  }

  #draw() {
    const { unread } = this.conversations;
    document.title = `${unread ? `(${unread}) ` : ""}cleudocodebot`;
    if (element("chat").hidden) return;
    for (const view of this.views) view.draw?.();
    this.#markRead();
  }

  #markRead() {
    const { conversation } = this;
    if (!conversation?.unread || document.hidden || !this.views[1].atEnd || !this.thread.loaded) return;
    conversation.unread = 0;
    const { channel, peer } = conversation;
    if (!this.isMine(conversation)) this.session.ask("read", { channel, peer }).catch(() => {});
    this.draw();
  }
}
