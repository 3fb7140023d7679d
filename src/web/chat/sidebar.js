// The list of conversations, and the dialog that begins one.

import { $, goTo, icon, make } from "../dom.js";
import { LongList } from "../list.js";
import { shownPeer } from "../model/numbers.js";
import { onLanguage, whenOf, words } from "../words.js";
import { authorOf, lineOf } from "./card.js";

const ROW = 68;
const PREVIEW = 120;

/** A hue of its own for every name, the same each time. */
const hueOf = name => [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0) * 97) % 360, 7);

export const nameOf = (chat, one) => (chat.isMine(one) ? words("gateway") : (one.name ?? shownPeer(one.channel, one.peer)));

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
  const disc = make("span", { className: "disc", title: channel, "aria-hidden": true }, letter.toUpperCase(), make("i", { className: channel }));
  disc.style.setProperty("--hue", hueOf(name));
  return disc;
}

export class Sidebar {
  #active = 0;

  constructor(chat) {
    this.chat = chat;
    this.box = $("conversations");
    this.list = new LongList(this.box.parentElement, this.box, {
      keyOf: ({ key }) => key,
      guess: () => ROW,
      version: one => this.#version(one),
      build: one => this.#row(one),
      broken: one => make("li", { role: "option" }, make("b", {}, one.peer)),
      moved: (_, end) => end > this.list.items.length - 10 && chat.loadConversations(false),
    });
    this.box.onkeydown = event => this.#key(event);
    $("new-conversation").onclick = () => this.#ask();
    $("new-dialog").onclose = ({ target }) => target.returnValue && this.#begin($("new-channel").value, $("new-peer").value.trim());
    onLanguage(() => this.list.forget());
  }

  draw() {
    this.list.show(this.chat.conversations.sorted);
    this.#mark();
  }

  #version({ name, last, unread, typing, key }) {
    const { conversation, visitor } = this.chat;
    return [last?.seq, last && whenOf(last.created_ms), name, unread, !typing, key === conversation?.key, visitor].join();
  }

  #row(one) {
    const { last, unread, typing, key, channel } = one;
    const name = nameOf(this.chat, one);
    const said = typing ? words("typing") : last ? lineOf(last, PREVIEW) : "";
    const row = make(
      "li",
      { id: `c:${key}`, role: "option", ariaSelected: key === this.chat.conversation?.key, title: one.peer },
      portrait(name, channel),
      make("b", { dir: "auto" }, make("bdi", {}, name), heard(channel)),
      last && make("time", {}, whenOf(last.created_ms)),
      make("span", { className: typing ? "typing" : "", dir: "auto" }, last && !typing && isOwn(this.chat, last) && tick(last.state), said),
      unread && make("em", {}, unread > 99 ? "99+" : unread),
      unread && heard(words("unread")),
    );
    row.onclick = () => goTo(one);
    return row;
  }

  #key(event) {
    const last = this.list.items.length - 1;
    const to = { ArrowDown: this.#active + 1, ArrowUp: this.#active - 1, Home: 0, End: last }[event.key];
    if (event.key === "Enter" || event.key === " ") goTo(this.list.items[this.#active]);
    else if (to === undefined) return;
    event.preventDefault();
    this.#active = Math.min(Math.max(to ?? this.#active, 0), last);
    this.list.reveal(this.#active);
    this.#mark();
  }

  /** Where the arrow keys stand. */
  #mark() {
    const key = this.list.items[this.#active]?.key;
    this.box.setAttribute("aria-activedescendant", `c:${key}`);
    for (const row of this.box.children) row.classList.toggle("active", row.dataset.key === key);
  }

  /** The gateway knows how a peer is called: a number may be written in many ways. */
  async #begin(channel, peer) {
    if (!peer) return;
    const known = await this.chat.session.wish("history", { channel, peer, limit: 1 });
    goTo({ channel, peer: known?.peer ?? peer });
  }

  async #ask() {
    const { integrations } = await this.chat.session.ask("integrations").catch(() => ({ integrations: [] }));
    $("new-channel").replaceChildren(...integrations.map(({ name }) => make("option", {}, name)));
    $("new-peer").value = $("new-dialog").returnValue = "";
    $("new-dialog").showModal();
  }
}
