// What can be done to one message: put an emoji on it, answer it. One menu for all of them. Of the buttons
// that open it one is a stop for Tab; arrow keys go from it to the message before and after.

import { whyOf } from "../app/said.js";
import { $, make } from "../dom.js";
import { handOver } from "../files/document.js";
import { filesOf } from "../model/files.js";
import { Popup } from "../popup.js";
import { words } from "../words.js";
import { isOwn } from "./sidebar.js";

/** What people put on messages and every service takes; Telegram has a list. */
const EMOJIS = ["👍", "❤", "😁", "😢", "🙏", "🎉"];

export class Menu {
  #stop;
  #popup = new Popup($("act-menu"));

  constructor(chat) {
    this.chat = chat;
    $("log").addEventListener("scroll", () => this.#popup.place(), { passive: true });
    $("messages").addEventListener("keydown", event => event.target.matches(".act") && this.#walk(event));
    $("messages").addEventListener("focusin", ({ target }) => target.matches(".act") && this.#choose(target));
  }

  /** Opens at the button of a message. */
  open(message, from) {
    const popup = this.#popup;
    const react = emoji => () => this.chat.react(message, emoji);
    const marks = EMOJIS.map(emoji => popup.item(emoji, react(emoji), { ariaLabel: words("reactWith", { emoji }) }));
    const takeBack = this.#hasOwn(message) && popup.item(words("takeBack"), react(""));
    const reply = popup.item(words("reply"), () => this.chat.composer.answer(message), { "data-do": "reply" });
    popup.open(from, make("div", { role: "none" }, ...marks), takeBack, reply, this.#copy(message), ...this.#download(message), this.#cancel(message));
    this.#offerToDelete(message, from);
  }

  /** Over plain http from another machine a browser has no clipboard. */
  #copy({ text }) {
    return text && navigator.clipboard && this.#popup.item(words("copyText"), () => navigator.clipboard.writeText(text).catch(() => {}), { "data-do": "copy" });
  }

  /** What plays in the thread has no button of its own for that. */
  #download(message) {
    const { blobs, composer } = this.chat;
    const played = filesOf(message).filter(({ state, shape }) => state === "kept" && ["sound", "video"].includes(shape));
    return played.map(file => this.#popup.item(words("download"), () => handOver(blobs, file).catch(fault => composer.say(whyOf(fault))), { "data-do": "download" }));
  }

  /** What has not gone out yet can be taken back. */
  #cancel({ message_id, state }) {
    const { chat } = this;
    return ["queued", "scheduled"].includes(state) && chat.rights.may("cancel") && this.#popup.item(words("cancelSending"), () => chat.cancel(message_id), { "data-do": "cancel" });
  }

  /** What was sent can be taken back for everybody, where its service can, which the gateway knows; it is asked once more. */
  async #offerToDelete({ message_id, channel, direction, state, deleted_ms }, from) {
    const { chat } = this;
    const popup = this.#popup;
    if (direction !== "out" || !["sent", "delivered", "read"].includes(state) || deleted_ms || !chat.rights.may("delete")) return;
    const there = await chat.session.wish("integrations");
    if (!there?.integrations.find(({ name }) => name === channel)?.deletes) return;
    const sure = () => popup.open(from, popup.item(words("deleteNow"), () => chat.delete(message_id), { "data-do": "deleteNow" }), popup.item(words("stepBack"), () => {}));
    popup.add(from, popup.item(words("delete"), sure, { "data-do": "delete" }));
  }

  opened() {
    this.#popup.close();
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

  #hasOwn(message) {
    return this.chat.thread.reactionsOn(message).some(({ by }) => by.some(one => isOwn(this.chat, one)));
  }
}
