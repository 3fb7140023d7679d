// The list of conversations, and the dialog that begins one.

import { element, icon, make, write } from "../dom.js";
import { LongList } from "../list.js";
import { onLanguage, whenOf, words, wordsOr } from "../words.js";

const ROW = 68;
const PREVIEW = 120;

/** A hue of its own for every name, the same each time. */
const hueOf = (name) => [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);

export const nameOf = (chat, one) => (chat.isMine(one) ? words("gateway") : (one.name ?? one.peer));

/** A coloured disc with a letter, and the channel's mark on it. */
export function portrait(name, channel) {
  const disc = make("span", { className: "disc", "aria-hidden": "true" }, ([...name.replace(/^\W+/u, "")][0] ?? "#").toUpperCase());
  disc.style.setProperty("--hue", hueOf(name));
  disc.append(make("i", { className: `mark ${channel.split("-")[0]}` }));
  return disc;
}

export class Sidebar {
  #active = 0;

  constructor(chat) {
    this.chat = chat;
    this.box = element("conversations");
    this.list = new LongList(this.box.parentElement, this.box, {
      keyOf: (one) => one.key,
      guess: () => ROW,
      version: (one) => this.#version(one),
      build: (one) => this.#row(one),
      onMove: (_, end) => end > this.list.items.length - 10 && chat.loadConversations(false),
    });
    this.box.addEventListener("keydown", (event) => this.#key(event));
    this.box.addEventListener("focus", () => this.#activate(this.#active));
    element("new-conversation").addEventListener("click", () => this.#ask());
    element("new-dialog").addEventListener("close", ({ target }) => {
      const peer = element("new-peer").value.trim();
      if (target.returnValue === "open" && peer) this.#go({ channel: element("new-channel").value, peer });
    });
    onLanguage(() => this.list.forget());
  }

  draw() {
    this.list.show(this.chat.conversations.sorted);
    this.#mark();
  }

  #version({ key, name, last, unread, typing }) {
    const { chat } = this;
    return [last?.seq, last && whenOf(last.created_ms), name, unread, Boolean(typing), chat.open && key === chat.conversation.key, chat.visitor].join();
  }

  #row(one) {
    const { last, unread, typing, key, channel } = one;
    const name = nameOf(this.chat, one);
    const said = typing ? words("typing") : last ? lineOf(last) : "";
    const when = last ? whenOf(last.created_ms) : "";
    const isOpen = this.chat.conversation?.key === key;
    const row = make(
      "li",
      {
        id: `c:${key}`,
        className: unread ? "unread" : "",
        role: "option",
        "aria-selected": isOpen,
        "aria-label": [name, channel, unread ? words("unread", { n: unread }) : "", said].filter(Boolean).join(", "),
        onclick: () => this.#go(one),
      },
      portrait(name, channel),
      make("b", { dir: "auto" }, name),
      make("time", {}, when),
      make("span", { className: typing ? "said typing" : "said", dir: "auto" }, last && !typing && !isTheirs(this.chat, last) ? tick(last) : "", said),
      unread ? make("em", {}, unread > 99 ? "99+" : String(unread)) : "",
    );
    row.dataset.key = key;
    return row;
  }

  #go({ channel, peer }) {
    location.hash = `chat/${encodeURIComponent(channel)}/${encodeURIComponent(peer)}`;
  }

  #key(event) {
    const { items } = this.list;
    const to = { ArrowDown: this.#active + 1, ArrowUp: this.#active - 1, Home: 0, End: items.length - 1 }[event.key];
    if (event.key === "Enter" || event.key === " ") this.#go(items[this.#active]);
    else if (to === undefined) return;
    else this.#activate(Math.min(Math.max(to, 0), items.length - 1));
    event.preventDefault();
  }

  #activate(index) {
    this.#active = index;
    this.list.reveal(index, false);
    this.#mark();
  }

  /** Where the arrow keys stand. */
  #mark() {
    const key = this.list.items.at(this.#active)?.key;
    this.box.setAttribute("aria-activedescendant", key ? `c:${key}` : "");
    for (const row of this.box.children) row.classList.toggle("active", row.dataset.key === key);
  }

  async #ask() {
    const dialog = element("new-dialog");
    const { integrations } = await this.chat.session.ask("integrations").catch(() => ({ integrations: [] }));
    element("new-channel").replaceChildren(...integrations.map(({ name }) => make("option", {}, name)));
    element("new-peer").value = dialog.returnValue = "";
    dialog.showModal();
  }
}

const isTheirs = (chat, message) => (message.direction === "out") === chat.isMine(message);

/** How far a message of one's own came. */
export function tick({ state }) {
  const drawn = { sending: "queued", delivered: "read", cancelled: "failed", received: "sent" }[state] ?? state;
  const made = icon(drawn, wordsOr(state, state));
  made.classList.add(state);
  return made;
}

/** What a message says, in one line. */
function lineOf({ text, media }) {
  const said = text.slice(0, PREVIEW).replace(/\s+/g, " ").trim();
  return said || (media ? wordsOr(media.kind, media.kind) : "");
}
