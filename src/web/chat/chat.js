// The chat: which conversations there are, which one is open, what was said but not yet taken.
//
// In the conversation of the page's own name it is the visitor, who speaks by `receive`; in all
// others it is the operator, who speaks by `send`.

import { hush } from "../app/notify.js";
import { Places } from "../app/places.js";
import { whyOf } from "../app/said.js";
import { $, eachFrame } from "../dom.js";
import { Conversations, keyOf } from "../model/conversations.js";
import { isGroup } from "../model/finding.js";
import { Thread, numberOf } from "../model/messages.js";
import { Archive } from "../state/archive.js";
import { texts } from "../state/database.js";
import { AgentBar } from "./agent.js";
import { Composer } from "./composer.js";
import { Manage } from "./manage.js";
import { Outbox } from "./outbox.js";
import { Search } from "./search.js";
import { Sidebar } from "./sidebar.js";
import { ThreadView } from "./thread.js";

const PAGE = 50;
const OLDER = 200;
const SAY_TYPING_MS = 4000;
const REFRESH_MS = 1000;
/** A new title is dear: browsers tell the whole system of it. */
const TITLE_MS = 500;

const VISITOR = "visitor";

export class Chat {
  open = null;
  thread = new Thread();
  places = new Places(this);
  /** Whether the connection is lost, or never came. */
  isOffline = false;
  /** When what is shown was kept, where no connection ever brought it; otherwise undefined. */
  isArchived;
  #wasThere = false;
  #loading = null;
  #refresh = null;
  #lapse;
  #title;
  #saidTyping = 0;
  /** The filter of which a page is on its way. */
  #filtering;
  /** Whether a mark as unread, which somebody set before, is still to be taken back. */
  #isJustOpened = false;
  /** The message that is shown once its conversation is there. */
  #sought;
  /** The topics that tell the gateway what is being read here. */
  #attended = [];

  /** `pauses` knows what holds messages back. */
  constructor(session, pauses) {
    Object.assign(this, { session, pauses });
    this.rights = session.rights;
    this.draw = eachFrame(() => this.#draw());
    this.#visit(texts().visitor || VISITOR);
    this.outbox = new Outbox(this);
    this.archive = new Archive(this);
    document.addEventListener("visibilitychange", () => this.attend());
    this.view = new ThreadView(this);
    this.composer = new Composer(this);
    this.bar = new AgentBar(this);
    this.manage = new Manage(this);
    this.sidebar = new Sidebar(this);
    this.views = [this.manage, this.sidebar, this.view, new Search(this), this.composer, this.view.menu, this.bar];
    this.attend();
  }

  /** One's own conversation; none for a key that may not speak there. */
  get mine() {
    const place = { channel: "webchat", peer: this.visitor };
    return this.rights.may("receive") && this.rights.covers(place) ? place : null;
  }

  isMine(place) {
    const { mine } = this;
    return Boolean(mine && place) && keyOf(place) === keyOf(mine);
  }

  /** Whether one may write in the open conversation. */
  get maySay() {
    return Boolean(this.open) && (this.isMine(this.open) || this.rights.may("send"));
  }

  /** Whether what one writes there can go out at a later time. */
  get mayPostpone() {
    return this.maySay && !this.isMine(this.open) && this.rights.may("scheduled");
  }

  /** The open one. */
  get conversation() {
    return this.open && this.conversations.get(this.open);
  }

  /** Whether somebody sees this conversation now. */
  isShowing(place) {
    return Boolean(this.open) && !document.hidden && !$("chat").hidden && keyOf(place) === keyOf(this.open);
  }

  /** Whether a reload would take something away. */
  get isBusy() {
    return this.outbox.isSending || this.composer.isBusy;
  }

  /** What was said in the open conversation and is not among its messages yet. */
  get pending() {
    return this.open ? this.outbox.at(this.open, this.thread) : [];
  }

  /** Whether this message of one's own is still to come into the open conversation. */
  awaits(one) {
    return Boolean(this.open) && keyOf(one) === keyOf(this.open) && this.thread.indexOf(numberOf(one.id)) === this.thread.messages.length;
  }

  uploadsOf(one) {
    return this.outbox.uploadsOf(one);
  }

  get blobs() {
    return this.view.attachments.blobs;
  }

  /** A connection stands: asks for what events did not bring. */
  async start(isFresh) {
    if (isFresh || this.isArchived) {
      this.conversations = new Conversations(this.mine);
      this.thread = new Thread();
    } else if (this.thread.isArchived) this.thread = new Thread();
    this.isArchived = undefined;
    this.isOffline = false;
    this.#wasThere = true;
    this.attend();
    this.outbox.flush();
    await Promise.all([this.loadConversations(true), this.#load()]);
    this.bar.load();
    this.archive.later();
  }

  /** There is no connection: what it has not brought is shown as an earlier page kept it. */
  async restore() {
    const isFirst = !this.isOffline && !this.#wasThere;
    this.isOffline = true;
    const { conversations, kept_ms } = isFirst ? await this.archive.list() : {};
    if (!this.isOffline) return;
    if (kept_ms) {
      this.isArchived = kept_ms;
      this.conversations = new Conversations(this.mine);
      this.conversations.take({ conversations }, true);
    }
    this.#load();
    this.draw();
  }

  /** Somebody else comes, or nobody: nothing of what was said stays. */
  forget() {
    this.archive.forget();
    this.outbox.forget();
    this.composer.forget();
    this.isArchived = undefined;
    this.isOffline = this.#wasThere = false;
    this.visitor = VISITOR;
    this.conversations = new Conversations(this.mine);
    this.places.forget();
    this.show(null);
  }

  /** Tells the gateway what is read here while somebody sees it: of that it need not notify. */
  attend() {
    const { open, mine } = this;
    const topics = [];
    if (mine && !(document.hidden && this.isNotified)) topics.push(`message.*@${keyOf(mine)}`);
    // Whoever follows the messages of a visitor of webchat is that visitor.
    if (open && !document.hidden && !this.isMine(open)) topics.push(`${open.channel === "webchat" ? "typing" : "message.*"}@${keyOf(open)}`);
    const gone = this.#attended.filter(topic => !topics.includes(topic));
    const fresh = topics.filter(topic => !this.#attended.includes(topic));
    this.#attended = topics;
    if (gone.length) this.session.unfollow(...gone);
    if (fresh.length) this.session.follow(...fresh);
    if (open && !document.hidden) hush(open);
  }

  hear(name, payload) {
    if (name.startsWith("message.")) this.#hearMessage(payload);
    else if (name === "typing") this.#hearTyping(payload);
    else if (name.startsWith("agent.")) this.#hearAgent(name, payload);
    else if (name === "conversation.changed" && !this.conversations.mark(payload)) this.#refreshSoon();
    else if (name === "conversation.read" && !this.conversations.read(payload)) this.#refreshSoon();
    else if (name === "conversation.forgotten" || name === "history.purged") this.#drop(payload);
    this.draw();
  }

  /** What the gateway no longer has is nowhere here either: one conversation, or all that is to be asked for anew. */
  #drop(place) {
    this.archive.drop(place.peer && keyOf(place));
    if (place.peer) this.conversations.drop(place);
    if (!place.peer || (this.open && keyOf(this.open) === keyOf(place))) this.show(place.peer ? null : this.open);
    this.#refreshSoon();
  }

  /** Opens a conversation; null closes. */
  show(place) {
    this.open = place;
    this.#isJustOpened = true;
    this.thread = new Thread();
    this.attend();
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
    if (isFirst && page?.next) this.#lookFurther();
  }

  /** More of the conversations that are to be seen; a gateway that has no filters is asked for all. */
  async loadMore({ wanted, query }) {
    const { conversations } = this;
    const filter = Object.values(query).join("/");
    if (conversations.isWhole || this.isOffline) return;
    if (filter === "/" || wanted.name || (query.only && !this.mayMark)) return this.loadConversations(false);
    const before = conversations.nextOf(filter);
    if (before === null || this.#filtering === filter) return;
    this.#filtering = filter;
    const page = await this.session.wish("conversations", { ...query, limit: PAGE, before });
    this.#filtering = undefined;
    // Where it is refused there is no more to have, however often one asks.
    if (conversations === this.conversations && !this.isOffline) conversations.takeOf(filter, page ?? { conversations: [] });
    this.draw();
  }

  /** There are more than in the first page: those that were pinned, and the channels of the others. */
  async #lookFurther() {
    const { conversations } = this;
    const [pinned, there] = await Promise.all([this.mayMark && this.session.wish("conversations", { only: "pinned", limit: PAGE }), this.session.wish("integrations")]);
    if (pinned && conversations === this.conversations) conversations.takeOf("pinned/", pinned);
    this.sidebar.finder.offer(there?.integrations.map(({ name }) => name) ?? []);
  }

  /** Whether conversations can be pinned, archived and so on. */
  get mayMark() {
    return this.rights.may("conversation.set");
  }

  /** Pins it, and so on: as soon as it is wanted, and as the gateway then says that it is. */
  async mark(place, flags) {
    const { channel, peer } = place;
    try {
      this.conversations.mark(await this.session.ask("conversation.set", { channel, peer, ...flags }));
    } catch (fault) {
      this.sidebar.finder.say(whyOf(fault));
    }
    this.draw();
  }

  /** Shows this message as soon as its conversation is open. */
  seek(place, message_id) {
    this.#sought = { key: keyOf(place), message_id };
    this.#showSought();
  }

  #showSought() {
    const { key, message_id } = this.#sought ?? {};
    if (!this.open || key !== keyOf(this.open) || !this.thread.loaded) return;
    this.#sought = undefined;
    this.view.reveal(message_id);
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

  /** Says this, with `at` at that time. */
  say(text, uploads, place, reply_to, at) {
    this.#saidTyping = 0;
    this.outbox.say({ ...place, text, reply_to, at, mine: this.isMine(place) }, uploads);
  }

  /** Puts an emoji on a message; an empty one takes it back. */
  react({ channel, peer, message_id }, emoji) {
    const put = this.isMine({ channel, peer })
      ? this.session.ask("receive", { channel, peer, kind: "reaction", content: { to: message_id, emoji } })
      : this.session.ask("send", { channel, to: peer, text: emoji, reaction: true, reply_to: message_id });
    return put.catch(fault => this.composer.say(whyOf(fault)));
  }

  /** Tries again what the gateway did not take, or what failed on its way. */
  retry(message) {
    if (message.key) this.outbox.retry(message);
    else this.session.wish("retry", { message_id: message.message_id });
  }

  /** Takes back what waits in the gateway; where that is too late, it says so. */
  cancel(message_id) {
    return this.session.ask("cancel", { message_id }).catch(fault => this.composer.say(whyOf(fault)));
  }

  /** Takes back what was sent, for everybody; where the service does not, it says why. */
  delete(message_id) {
    return this.session.ask("delete", { message_id }).catch(fault => this.composer.say(whyOf(fault)));
  }

  /** Gives up what the gateway has not taken. */
  drop(message) {
    this.outbox.withdraw(message);
  }

  typing() {
    if (Date.now() - this.#saidTyping < SAY_TYPING_MS) return;
    this.#saidTyping = Date.now();
    const { channel, peer } = this.open;
    this.session.wish("typing", { channel, [this.isMine(this.open) ? "peer" : "to"]: peer });
  }

  /** Takes another name, and with it another conversation. */
  rename(name) {
    texts().visitor = name;
    this.#visit(name);
    this.attend();
    this.loadConversations(true);
  }

  #visit(name) {
    this.visitor = name;
    this.conversations = new Conversations(this.mine);
  }

  /** Loads a page of the open conversation, one at a time. */
  async #load(which) {
    const { open, thread } = this;
    if (!open || this.#loading === thread || (thread.loaded && !which)) return false;
    this.#loading = thread;
    const page = await this.session.wish("history", { ...open, limit: PAGE, ...which });
    if (page) thread.take(page);
    else if (!which && this.isOffline) await this.#loadKept(open, thread);
    // Of a group where nobody wrote only its service knows the name.
    if (page && !which && isGroup(open) && !this.places.nameOf(open)) this.places.recall(open.channel);
    if (this.#loading === thread) this.#loading = null;
    this.draw();
    this.#showSought();
    return Boolean(page);
  }

  /** Without a connection: what was kept, until there is one. */
  async #loadKept(open, thread) {
    const messages = await this.archive.messages(keyOf(open));
    if (!this.isOffline || thread.loaded || !messages.length) return;
    thread.take({ messages });
    thread.isArchived = true;
  }

  #hearMessage(message) {
    this.archive.later();
    if (!this.conversations.has(message)) this.#refreshSoon();
    const isNews = this.conversations.hear(message);
    if (!this.open || keyOf(message) !== keyOf(this.open)) return;
    if (this.thread.hear(message)) this.outbox.heard(message, this.open, this.thread);
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

  #sayUnread() {
    this.#title = undefined;
    const { unread } = this.conversations;
    document.title = `${unread ? `(${unread}) ` : ""}cleudocodebot`;
    navigator.setAppBadge?.(unread).catch(() => {});
  }

  #draw() {
    this.#title ??= setTimeout(() => this.#sayUnread(), TITLE_MS);
    if ($("chat").hidden) return;
    for (const view of this.views) view.draw?.();
    this.#read();
  }

  /** Somebody sees the end of the open conversation. A mark that is set meanwhile, elsewhere, stays. */
  #read() {
    const { conversation, thread } = this;
    if (!conversation || document.hidden || !this.view.atEnd || !thread.loaded || !conversation.last) return;
    const wasMarked = this.#isJustOpened && conversation.unread_mark;
    this.#isJustOpened = false;
    if (!conversation.unread && !wasMarked) return;
    conversation.unread = 0;
    if (wasMarked) conversation.unread_mark = false;
    if (!this.isMine(conversation)) this.session.wish("read", { ...this.open });
    this.draw();
  }
}
