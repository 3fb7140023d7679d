// Above the list of conversations: what it shows, and what is looked for in all of them. What is typed
// finds names and numbers among the conversations, and words among the messages of all.

import { channelTitle } from "../app/channels.js";
import { $, button, make, write } from "../dom.js";
import { asked as askedFor, FILTERS, wantedOf } from "../model/finding.js";
import { onLanguage, words } from "../words.js";

const WAIT_MS = 250;
const PAGE = 30;
/** Shorter words are in every message. */
const SHORTEST = 2;
/** Messages that are found at most: whoever has not seen it by then writes more of it. */
const MOST = 300;

/** By filter: what it is called, and what is said where it lets nothing through. */
const NAMES = { all: "filterAll", unread: "filterUnread", groups: "filterGroups", archived: "filterArchived" };
const NONE = { all: "noneAll", unread: "noneUnread", groups: "noneGroups", archived: "noneArchived" };

/** How long it says what went wrong. */
const SAID_MS = 8000;

export class Finder {
  wanted = wantedOf({});
  /** Messages with what is typed, newest first, as `{key, message}`. */
  found = [];
  #only = "all";
  #next;
  #asked = 0;
  #timer;
  #isBusy = false;
  #channels = new Set();
  #shown = "";
  #said = "";
  #saying;
  #text = $("find");
  #channel = $("find-channel");

  constructor(chat, changed) {
    Object.assign(this, { chat, changed });
    this.#text.oninput = () => this.#typed();
    this.#channel.onchange = () => this.#choose(this.#only);
    $("filters").append(...FILTERS.map(only => button("", "", () => this.#choose(only), { "data-only": only })));
    onLanguage(() => (this.#shown = ""));
  }

  /** What is typed. */
  get text() {
    return this.#text.value.trim();
  }

  /** Whether less than all is to be seen. */
  get isNarrow() {
    return Boolean(this.text || this.wanted.channel || this.#only !== "all");
  }

  /** How the gateway is asked for those wanted, beginning after `before`. */
  get query() {
    const { only, channel } = this.wanted;
    return { only: only === "all" ? undefined : only, channel: channel || undefined };
  }

  /** Shows all again. */
  clear() {
    this.#text.value = "";
    this.#channel.value = "";
    this.#choose("all");
  }

  draw(count) {
    for (const { channel } of this.chat.conversations.sorted) this.#channels.add(channel);
    const version = [...this.#channels, this.#only, this.chat.mayMark].join();
    if (version !== this.#shown) this.#drawChoices();
    this.#shown = version;
    const none = count || !this.isNarrow || this.#isBusy ? "" : words(this.text ? "nothingFound" : NONE[this.#only]);
    write($("find-note"), this.#said || none);
  }

  /** Says what went wrong, until something else is looked for or a while is over. */
  say(text) {
    clearTimeout(this.#saying);
    this.#said = text;
    this.#saying = setTimeout(() => {
      this.#said = "";
      this.chat.draw();
    }, SAID_MS);
  }

  /** Channels that have conversations beyond those in the list. */
  offer(channels) {
    for (const channel of channels) this.#channels.add(channel);
    this.changed();
  }

  /** More of the messages found, where there are any. */
  more() {
    if (this.#next && !this.#isBusy && this.found.length < MOST) this.#find(this.#asked, this.#next);
  }

  #drawChoices() {
    for (const one of $("filters").children) {
      write(one, words(NAMES[one.dataset.only]));
      // A gateway that cannot archive has nothing archived.
      one.hidden = one.dataset.only === "archived" && !this.chat.mayMark;
      one.ariaPressed = String(one.dataset.only === this.#only);
    }
    const chosen = this.#channel.value;
    const titled = [...this.#channels].map(channel => [channelTitle(channel), channel]).sort();
    const options = [[words("allChannels"), ""], ...titled].map(([title, value]) => make("option", { value, selected: value === chosen }, title));
    this.#channel.replaceChildren(...options);
    this.#channel.hidden = titled.length < 2;
  }

  #choose(only) {
    this.#only = only;
    this.#typed();
  }

  #typed() {
    this.wanted = wantedOf({ only: this.#only, channel: this.#channel.value, text: this.text });
    this.found = [];
    this.#said = "";
    this.#next = undefined;
    const asked = ++this.#asked;
    clearTimeout(this.#timer);
    this.#isBusy = this.text.length >= SHORTEST && this.#only === "all";
    if (this.#isBusy) this.#timer = setTimeout(() => this.#find(asked), WAIT_MS);
    this.changed(true);
  }

  /** One call looks at so many messages; a page without any may still name the next. */
  async #find(asked, before) {
    this.#isBusy = true;
    const page = await this.chat.session.wish("history", { ...askedFor(this.text), channel: this.wanted.channel || undefined, before, limit: PAGE });
    if (asked !== this.#asked) return;
    this.#isBusy = false;
    this.#next = page?.next;
    this.found.push(...(page?.messages ?? []).reverse().map(message => ({ key: message.message_id, message, channel: message.channel, peer: message.peer })));
    if (page?.next && !page.messages.length) return this.#find(asked, page.next);
    this.changed();
  }
}
