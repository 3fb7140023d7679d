// What can be done to one message: put an emoji on it, answer it. One menu for all of them. Of the buttons
// that open it one is a stop for Tab; arrow keys go from it to the message before and after.

import { $, button, make } from "../dom.js";
import { words } from "../words.js";
import { isOwn } from "./sidebar.js";

/** What people put on messages and every service takes; Telegram has a list. */
const EMOJIS = ["👍", "❤", "😁", "😢", "🙏", "🎉"];
/** Pixels between the menu and what is around it. */
const GAP = 6;

export class Menu {
  #from;
  #stop;
  #menu = $("act-menu");

  constructor(chat) {
    this.chat = chat;
    this.#menu.onkeydown = event => this.#key(event);
    $("log").addEventListener("scroll", () => this.#place(), { passive: true });
    $("messages").addEventListener("keydown", event => event.target.matches(".act") && this.#walk(event));
    $("messages").addEventListener("focusin", ({ target }) => target.matches(".act") && this.#choose(target));
  }

  /** Opens at the button of a message. */
  open(message, from) {
    this.#from = from;
    const item = (text, act, ariaLabel = text) => button("", text, () => this.#do(act), { role: "menuitem", tabIndex: -1, ariaLabel });
    const react = emoji => () => this.chat.react(message, emoji);
    const marks = EMOJIS.map(emoji => item(emoji, react(emoji), words("reactWith", { emoji })));
    const takeBack = this.#hasOwn(message) && item(words("takeBack"), react(""));
    const reply = item(words("reply"), () => this.chat.composer.answer(message));
    this.#menu.replaceChildren(...[make("div", { role: "none" }, ...marks), takeBack, reply].filter(Boolean));
    this.#menu.showPopover();
    this.#place();
    this.#items[0].focus();
  }

  opened() {
    this.#menu.hidePopover();
  }

  /** The stop is the button used last, while it is in the page, otherwise the newest. */
  draw() {
    if (!this.#stop?.isConnected) this.#choose(this.#acts.at(-1));
  }

  get #acts() {
    return [...$("messages").querySelectorAll(".act")];
  }

  #choose(act) {
    if (this.#stop) this.#stop.tabIndex = -1;
    if (act) act.tabIndex = 0;
    this.#stop = act;
  }

  #walk(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const acts = this.#acts;
    const next = acts[acts.indexOf(event.target) + step];
    next?.focus({ preventScroll: true });
    if (next) this.chat.view.list.reveal(next.closest("li").ariaPosInSet - 1);
  }

  get #items() {
    return [...this.#menu.querySelectorAll("button")];
  }

  #hasOwn(message) {
    return this.chat.thread.reactionsOn(message).some(({ by }) => by.some(one => isOwn(this.chat, one)));
  }

  /** Closing gives the focus back to the button; what is done may take it on from there. */
  #do(act) {
    this.#menu.hidePopover();
    act();
  }

  #key(event) {
    const items = this.#items;
    const at = items.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === "Tab") this.#menu.hidePopover();
    if (to === undefined) return;
    event.preventDefault();
    items.at(to % items.length).focus();
  }

  /** Beside its button, and within the window. */
  #place() {
    if (!this.#menu.matches(":popover-open") || !this.#from.isConnected) return;
    const [at, own] = [this.#from, this.#menu].map(one => one.getBoundingClientRect());
    const within = (wanted, size, most) => Math.max(GAP, Math.min(wanted, most - size - GAP));
    const top = at.bottom + own.height + GAP > innerHeight ? at.top - own.height - GAP : at.bottom + GAP;
    this.#menu.style.setProperty("left", `${within(at.left + at.width / 2 - own.width / 2, own.width, innerWidth)}px`);
    this.#menu.style.setProperty("top", `${within(top, own.height, innerHeight)}px`);
  }
}
