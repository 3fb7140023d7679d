// The chat: which conversations there are, which one is open, what was said but not yet taken.
//
// In the conversation of the page's own name it is the visitor, who speaks by `receive`; in all
// others it is the operator, who speaks by `send`.

import { $, eachFrame } from "../dom.js";
import { Conversations, keyOf } from "../model/conversations.js";
import { filesOf } from "../model/files.js";
import { Thread, numberOf } from "../model/messages.js";
import { AgentBar } from "./agent.js";
import { cardOf, wordsBeside } from "./card.js";
import { Composer } from "./composer.js";
import { Search } from "./search.js";
import { Sidebar } from "./sidebar.js";
import { ThreadView } from "./thread.js";

const PAGE = 50;
const OLDER = 200;
const SAY_TYPING_MS = 4000;
const REFRESH_MS = 1000;
/** A new title is dear: browsers tell the whole system of it. */
const TITLE_MS = 500;

/** Not `crypto.randomUUID`: over plain http from another machine a browser does not offer it. */
const randomKey = () => crypto.getRandomValues(new Uint32Array(4)).join("-");

/** What a message says of its files: one as it is, several as a list. */
function mediaOf({ media }) {
  const said = media?.map(({ media_id, kind, name }) => ({ media_id, kind, name }));
  return said?.length === 1 ? said[0] : said;
}

/** Whether a message that came back says what was said here. */
function isSame(one, message) {
  const idsOf = said => filesOf(said).map(({ id }) => id).join();
  return idsOf(one) === idsOf(message) && wordsBeside(message, cardOf(message)) === one.text;
}

export class Chat {
  open = null;
  thread = new Thread();
  #pending = JSON.parse(sessionStorage.pending ?? "[]");
  #loading = null;
  #refresh = null;
  #lapse;
  #title;
  #saidTyping = 0;
  /** The files that a message waits for, by its key; they do not outlive the page. */
  #uploads = new Map();

  constructor(session) {
    this.session = session;
    this.#visit(localStorage.visitor || "visitor");
    this.draw = eachFrame(() => this.#draw());
    addEventListener("beforeunload", event => this.#uploads.size && event.preventDefault());
    this.view = new ThreadView(this);
    this.composer = new Composer(this);
    this.bar = new AgentBar(this);
    this.views = [new Sidebar(this), this.view, new Search(this), this.composer, this.view.menu, this.bar];
  }

  get mine() {
    return { channel: "webchat", peer: this.visitor };
  }

  isMine(place) {
    return keyOf(place) === keyOf(this.mine);
  }

  /** The open one. */
  get conversation() {
    return this.open && this.conversations.get(this.open);
  }

  /** What was said in the open conversation and is not among its messages yet. */
  get pending() {
    return this.#pending.filter(one => keyOf(one) === keyOf(this.open) && !(one.id && this.thread.find(one.id)));
  }

  /** A connection stands: asks for what events did not bring. */
  async start(isFresh) {
    if (isFresh) {
      this.conversations = new Conversations(this.mine);
      this.thread = new Thread();
    }
    await this.loadConversations(true);
    this.#load();
    this.bar.load();
    for (const one of this.#pending) if (!one.error && !this.uploadsOf(one)) this.#handIn(one);
  }

  hear(name, payload) {
    if (name.startsWith("message.")) this.#hearMessage(payload);
    else if (name === "typing") this.#hearTyping(payload);
    else if (name.startsWith("agent.")) this.#hearAgent(name, payload);
    else if (name === "conversation.read" && !this.conversations.read(payload)) this.#refreshSoon();
    this.draw();
  }

  /** Opens a conversation; null closes. */
  show(place) {
    this.open = place;
    this.thread = new Thread();
    for (const view of this.views) view.opened?.();
    this.#load();
    this.draw();
  }

  async loadConversations(isFirst) {
    const before = isFirst ? undefined : this.conversations.next;
    if (this.#refresh === "now" || (!isFirst && !before)) return;
    clearTimeout(this.#refresh);
    this.#refresh = "now";
    // What fails now is asked for again by the next connection.
    const page = await this.session.wish("conversations", { limit: PAGE, before });
    this.#refresh = null;
    if (page) this.conversations.take(page, isFirst);
    this.draw();
  }

  /** Loads what is before the first message; false where there is nothing more to have. */
  async loadOlder(limit = OLDER) {
    const { loaded, older, full, messages } = this.thread;
    return loaded && older && !full && this.#load({ before: messages[0]?.message_id, limit });
  }

  /** Makes sure that this message is on the page. */
  async reach(id) {
    const { thread } = this;
    while (!thread.find(id)) if (!(await this.loadOlder(1000)) || thread !== this.thread) return false;
    return true;
  }

  /** `uploads`: files that go along, once the gateway has them. */
  say(text, uploads, place, reply_to) {
    const one = { ...place, text, reply_to, mine: this.isMine(place), key: randomKey(), created_ms: Date.now() };
    this.#pending.push(one);
    this.#saidTyping = 0;
    if (!uploads.length) return this.#handIn(one);
    this.#uploads.set(one.key, uploads);
    for (const upload of uploads) upload.follow(() => this.#uploaded(one));
    this.#uploaded(one);
  }

  uploadsOf({ key }) {
    return this.#uploads.get(key);
  }

  /** Puts an emoji on a message; an empty one takes it back. */
  react({ channel, peer, message_id }, emoji) {
    const put = this.isMine({ channel, peer })
      ? this.session.ask("receive", { channel, peer, kind: "reaction", content: { to: message_id, emoji } })
      : this.session.ask("send", { channel, to: peer, text: emoji, reaction: true, reply_to: message_id });
    return put.catch(({ message }) => this.composer.say(message));
  }

  /** Tries again what the gateway did not take, or what failed on its way. */
  retry(message) {
    const failed = this.uploadsOf(message)?.filter(({ state }) => state === "failed");
    if (failed) for (const upload of failed) upload.again();
    else if (message.key) this.#handIn(message);
    else this.session.wish("retry", { message_id: message.message_id });
  }

  /** Gives up what the gateway has not taken. */
  drop(message) {
    for (const upload of this.uploadsOf(message) ?? []) upload.cancel();
    this.#uploads.delete(message.key);
    this.#pending = this.#pending.filter(one => one !== message);
    this.#keepPending();
  }

  typing() {
    if (Date.now() - this.#saidTyping < SAY_TYPING_MS) return;
    this.#saidTyping = Date.now();
    const { channel, peer } = this.open;
    this.session.wish("typing", { channel, [this.isMine(this.open) ? "peer" : "to"]: peer });
  }

  /** Takes another name, and with it another conversation. */
  rename(name) {
    this.session.unfollow(`message.*@webchat/${this.visitor}`);
    localStorage.visitor = name;
    this.#visit(name);
    this.loadConversations(true);
  }

  #visit(name) {
    this.visitor = name;
    this.conversations = new Conversations(this.mine);
    // Whoever follows a conversation by its name is there, and what is sent to it is delivered.
    this.session.follow(`message.*@webchat/${name}`);
  }

  /** Loads a page of the open conversation, one at a time. */
  async #load(which) {
    const { open, thread } = this;
    if (!open || this.#loading === thread || (thread.loaded && !which)) return false;
    this.#loading = thread;
    const page = await this.session.wish("history", { ...open, limit: PAGE, ...which });
    if (page) thread.take(page);
    if (this.#loading === thread) this.#loading = null;
    this.draw();
    return Boolean(page);
  }

  #hearMessage(message) {
    if (!this.conversations.has(message)) this.#refreshSoon();
    const isNews = this.conversations.hear(message);
    if (!this.open || keyOf(message) !== keyOf(this.open)) return;
    if (this.thread.hear(message)) {
      // One's own message may be here before the answer that says which it became.
      const own = this.pending.find(one => !one.id && isSame(one, message));
      if (own) own.id = message.message_id;
      this.#settle();
    }
    if (isNews) this.view.news(message);
  }

  #hearTyping(event) {
    // What this page said itself comes back to it.
    if (!event.text && event.direction === (this.isMine(event) ? "in" : "out")) return;
    this.conversations.type(event, Date.now());
    this.#lapseLater();
  }

  #hearAgent(name, payload) {
    this.bar.hear(name, payload);
    // Of an answer that will not come, or begins anew, nothing stays; the one that came takes its place.
    if (name === "agent.status" && !payload.message_id) this.conversations.hush(payload);
  }

  #lapseLater() {
    clearTimeout(this.#lapse);
    const next = this.conversations.lapse(Date.now());
    if (next < Infinity) this.#lapse = setTimeout(() => this.#lapseLater(), next - Date.now() + 50);
    this.draw();
  }

  /** Of a conversation it did not know only the gateway knows the name and what is unread. */
  #refreshSoon() {
    this.#refresh ??= setTimeout(() => this.loadConversations(true), REFRESH_MS);
  }

  /** One of the files of a message came further. */
  #uploaded(one) {
    const uploads = this.uploadsOf(one);
    if (!uploads) return;
    one.error = uploads.find(({ state }) => state === "failed")?.error;
    this.draw();
    if (!uploads.every(({ state }) => state === "kept")) return;
    one.media = uploads.map(({ media }) => media);
    this.#uploads.delete(one.key);
    this.#handIn(one);
  }

  /** Hands a message in, as often as needed: the key makes the gateway take it once. */
  async #handIn(one) {
    delete one.error;
    this.#settle();
    const { channel, peer, key, reply_to } = one;
    const said = { channel, reply_to, text: one.text || undefined, media: mediaOf(one) };
    try {
      const { message_id } = await (one.mine
        ? this.session.ask("receive", { ...said, peer, dedup_key: key })
        : this.session.ask("send", { ...said, to: peer, idempotency_key: key }));
      Object.assign(one, { id: message_id, taken: true });
    } catch ({ code, message }) {
      // Then it goes out again with the next connection.
      if (!["disconnected", "shutting_down"].includes(code)) one.error = message;
    }
    this.#settle();
  }

  /** Lets go of what the gateway took, once it stands among the messages or is out of sight. */
  #settle() {
    if (!this.#pending.length) return;
    const { messages } = this.thread;
    const awaits = one => this.open && keyOf(one) === keyOf(this.open) && this.thread.indexOf(numberOf(one.id)) === messages.length;
    this.#pending = this.#pending.filter(one => !one.taken || awaits(one));
    this.#keepPending();
  }

  /** What is pending outlives the page, but for what waits for its files. */
  #keepPending() {
    sessionStorage.pending = JSON.stringify(this.#pending.filter(({ key }) => !this.#uploads.has(key)));
    this.draw();
  }

  #sayUnread() {
    this.#title = undefined;
    const { unread } = this.conversations;
    document.title = `${unread ? `(${unread}) ` : ""}cleudocodebot`;
  }

  #draw() {
    this.#title ??= setTimeout(() => this.#sayUnread(), TITLE_MS);
    if ($("chat").hidden) return;
    for (const view of this.views) view.draw?.();
    const { conversation, thread } = this;
    if (!conversation?.unread || document.hidden || !this.view.atEnd || !thread.loaded) return;
    conversation.unread = 0;
    if (!this.isMine(conversation)) this.session.wish("read", { ...this.open });
    this.draw();
  }
}
