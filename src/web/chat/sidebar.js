// The list of conversations.

import { channelTitle } from "../app/channels.js";
import { $, goTo, icon, make, onRelease } from "../dom.js";
import { LongList } from "../list.js";
import { around, isWanted } from "../model/finding.js";
import { shownPeer } from "../model/numbers.js";
import { onLanguage, whenOf, words } from "../words.js";
import { authorOf, lineOf } from "./card.js";
import { Finder } from "./finder.js";
import { marked } from "./search.js";

const ROW = 68;
const PREVIEW = 120;
/** Of a message that was found: letters before and behind what was looked for. */
const BEFORE = 14;
const BEHIND = 80;

/** A hue of its own for every name, the same each time. */
const hueOf = name => [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0) * 97) % 360, 7);

export const nameOf = (chat, one) => (chat.isMine(one) ? words("gateway") : (one.name ?? chat.places.nameOf(one) ?? shownPeer(one.channel, one.peer)));

/** Whether a message was written on this side. */
export const isOwn = (chat, { direction, meta, ...place }) =>
  direction ? (direction === "in") === chat.isMine(place) || Boolean(meta?.own) : true;

/** Who wrote a message, as this side sees it. */
export const whoOf = (chat, message) => (isOwn(chat, message) ? words("you") : authorOf(message));

/** How far a message of one's own came. */
export function tick(state) {
  const look = { sending: "queued", delivered: "read", cancelled: "failed", received: "sent" }[state] ?? state;
  const made = icon(look, words(state));
  made.classList.add(state);
  return made;
}

/** Words for who does not see. */
const heard = text => make("span", { className: "heard" }, ` ${text}`);

/** A coloured disc with a letter, and the channel's mark on it. */
function portrait(name, channel) {
  const [letter] = name.match(/[\p{L}\p{N}]/u) ?? "#";
  const disc = make("span", { className: "disc", title: channelTitle(channel), "aria-hidden": true }, letter.toUpperCase(), make("i", { className: channel }));
  disc.style.setProperty("--hue", hueOf(name));
  return disc;
}

/** What stands at the end of a row: that it is muted, pinned, and what of it is unread. */
function signsOf({ unread, unread_mark, muted, pinned }) {
  return [
    muted && icon("mute", words("muted")),
    pinned && icon("pin", words("pinned")),
    unread ? make("em", {}, unread > 99 ? "99+" : unread) : unread_mark && make("em", { className: "dot" }),
    (unread || unread_mark) && heard(words("unread")),
  ];
}

export class Sidebar {
  #active = 0;
  /** The open one, where it was to be seen when it was opened. */
  #stays;

  constructor(chat) {
    this.chat = chat;
    this.box = $("conversations");
    this.list = new LongList(this.box.parentElement, this.box, {
      keyOf: ({ key }) => key,
      guess: () => ROW,
      version: (one, i) => (one.message ? this.#foundVersion(one, i) : this.#version(one)),
      build: (one, i) => (one.message ? this.#foundRow(one, i) : this.#row(one)),
      broken: one => make("li", { role: "option" }, make("b", {}, one.peer)),
      moved: (_, end) => end > this.list.items.length - 10 && this.#more(),
    });
    this.finder = new Finder(chat, isOther => this.#found(isOther));
    this.box.onkeydown = event => this.#key(event);
    this.box.oncontextmenu = event => this.#manage(event);
    $("find").onkeydown = event => this.#findKey(event);
    $("new-conversation").onclick = async () => (await import("../places/begin.js")).begin(chat);
    onLanguage(() => this.list.forget());
  }

  draw() {
    const { finder } = this;
    const items = [...this.#wanted(), ...finder.found];
    $("conversations").classList.toggle("narrow", finder.isNarrow);
    finder.draw(items.length);
    this.list.show(items);
    this.#mark();
  }

  /** Those that are to be seen; an unread one that is opened stays while it is open, although it is read by now. */
  #wanted() {
    const { chat, finder: { wanted } } = this;
    const open = chat.conversation;
    if (this.#stays !== open?.key) this.#stays = undefined;
    return chat.conversations.sorted.filter(one => {
      const isOne = isWanted(one, () => nameOf(chat, one), wanted);
      if (isOne && one === open) this.#stays = one.key;
      return isOne || (one.key === this.#stays && wanted.only === "unread");
    });
  }

  /** Another choice begins at the top. */
  #found(isOther) {
    if (isOther) {
      this.#active = 0;
      this.#stays = undefined;
      this.list.toTop();
    }
    this.chat.draw();
  }

  #more() {
    this.chat.loadMore(this.finder);
    this.finder.more();
  }

  #version(one) {
    const { last, unread, typing, key, pinned, muted, unread_mark } = one;
    const { conversation, visitor } = this.chat;
    return [last?.seq, last && whenOf(last.created_ms), nameOf(this.chat, one), unread, !typing, key === conversation?.key, visitor, pinned, muted, unread_mark].join();
  }

  #row(one) {
    const { last, unread, typing, key, channel } = one;
    const name = nameOf(this.chat, one);
    const said = typing ? words("typing") : last ? lineOf(last, PREVIEW) : "";
    const row = make(
      "li",
      { id: `c:${key}`, role: "option", ariaSelected: key === this.chat.conversation?.key, title: one.peer },
      portrait(name, channel),
      make("b", { dir: "auto" }, make("bdi", {}, name)),
      last && make("time", {}, whenOf(last.created_ms)),
      make("span", { className: typing ? "typing" : "" }, this.#channelOf(one), make("bdi", { dir: "auto" }, last && !typing && isOwn(this.chat, last) && tick(last.state), said)),
      make("span", { className: "signs" }, ...signsOf(one)),
    );
    row.onclick = () => goTo(one);
    return row;
  }

  /** The channel in words; one's own conversation is on this page. */
  #channelOf = one => !this.chat.isMine(one) && make("small", {}, channelTitle(one.channel));

  #foundVersion({ key }, i) {
    return [key, this.finder.text, i === 0 || !this.list.items.at(i - 1).message].join();
  }

  /** A message that was found; the first of them says what they are. */
  #foundRow({ key, message, channel, peer }, i) {
    const { chat, finder } = this;
    const name = nameOf(chat, chat.conversations.find(message) ?? message);
    const said = marked(around(message.text ?? "", finder.text, BEFORE, BEHIND));
    const isFirst = i === 0 || !this.list.items.at(i - 1).message;
    const row = make(
      "li",
      { id: `c:${key}`, role: "option", ariaSelected: "false", className: isFirst ? "found first" : "found" },
      isFirst && make("small", { className: "heading" }, words("stored")),
      portrait(name, channel),
      make("b", { dir: "auto" }, make("bdi", {}, name)),
      make("time", {}, whenOf(message.created_ms)),
      make("span", {}, this.#channelOf(message), make("bdi", { dir: "auto" }, ...said)),
    );
    row.onclick = () => this.#open({ channel, peer, message });
    return row;
  }

  /** Opens a conversation, or the one of a message there. */
  #open({ channel, peer, message }) {
    if (message) this.chat.seek({ channel, peer }, message.message_id);
    goTo({ channel, peer });
  }

  /** From where one types to what was found. */
  #findKey(event) {
    if (event.isComposing) return;
    if (event.key === "Escape" && this.finder.isNarrow) this.finder.clear();
    else if (event.key === "ArrowDown") this.box.focus();
    else if (event.key === "Enter" && this.list.items.length) this.#open(this.list.items[0]);
    else return;
    event.preventDefault();
  }

  #key(event) {
    const last = this.list.items.length - 1;
    const to = { ArrowDown: this.#active + 1, ArrowUp: this.#active - 1, Home: 0, End: last }[event.key];
    if (last < 0) return;
    if (event.key === "Enter" || event.key === " ") this.#open(this.list.items[this.#active]);
    else if (to === undefined) return;
    event.preventDefault();
    this.#active = Math.min(Math.max(to ?? this.#active, 0), last);
    this.list.reveal(this.#active);
    this.#mark();
  }

  /** By the right button or a long press of the row there; by a key of the one where the arrow keys stand. */
  #manage(event) {
    const row = event.target.closest("li") ?? this.box.querySelector(".active");
    const one = this.list.items.find?.(({ key, message }) => !message && key === row?.dataset.key);
    if (!this.chat.manage.offers(one)) return;
    event.preventDefault();
    const open = () => this.chat.manage.open(one, event.target === this.box ? row : { x: event.clientX, y: event.clientY });
    // Where the press already asks for it, its release would close it (HTML, "light dismiss").
    if (event.buttons) onRelease(open);
    else open();
  }

  /** Where the arrow keys stand. */
  #mark() {
    this.#active = Math.max(0, Math.min(this.#active, this.list.items.length - 1));
    const key = this.list.items[this.#active]?.key;
    if (key) this.box.setAttribute("aria-activedescendant", `c:${key}`);
    else this.box.removeAttribute("aria-activedescendant");
    for (const row of this.box.children) row.classList.toggle("active", row.dataset.key === key);
  }
}
