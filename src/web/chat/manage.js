// What can be made of a conversation: pin, archive, mute it, mark it as unread, forget who it is with. One menu, from its row in the
// list (the right button, a long press, the menu key) and from the head of the thread.

import { $ } from "../dom.js";
import { Popup } from "../popup.js";
import { words } from "../words.js";

/** By flag: what sets it, and what takes it back. */
const ACTS = { pinned: ["pin", "unpin"], archived: ["archive", "unarchive"], muted: ["mute", "unmute"] };

export class Manage {
  #popup = new Popup($("chat-menu"));
  #from;

  constructor(chat) {
    this.chat = chat;
    $("manage").onclick = ({ currentTarget }) => this.open(chat.conversation, currentTarget);
  }

  draw() {
    $("manage").hidden = !this.offers(this.chat.conversation);
  }

  opened() {
    this.#popup.close();
  }

  offers(one) {
    return this.#offered(one).length > 0;
  }

  /** Opens at an element or at a point. */
  open(one, from) {
    this.#from = from;
    this.#popup.open(from, ...this.#offered(one).map(([name, text, act]) => this.#popup.item(text, act, { "data-do": name })));
  }

  /** `[name, words, act]` of each. One's own conversation is always first, and what is in it is one's own. */
  #offered(one) {
    const { chat } = this;
    if (!one) return [];
    const isMine = chat.isMine(one);
    const isUnread = Boolean(one.unread || one.unread_mark);
    const flags = Object.entries(ACTS).filter(([flag]) => chat.mayMark && one.last && !(isMine && flag !== "muted"));
    const mark = isUnread ? ["markRead", () => this.#read(one)] : ["markUnread", () => this.#unread(one)];
    const mayMark = !isMine && one.last && (isUnread ? chat.rights.may("read") : chat.mayMark);
    return [
      ...flags.map(([flag, acts]) => [flag, words(acts[Number(Boolean(one[flag]))]), () => chat.mark(one, { [flag]: !one[flag] })]),
      ...(mayMark ? [["unread", words(mark[0]), mark[1]]] : []),
      ...(!isMine && chat.rights.may("forget") ? [["forget", words("forget"), () => this.#forget(one)]] : []),
    ];
  }

  /** Nothing brings back what is removed: it is asked once more, with what there is of them. */
  async #forget({ channel, peer }) {
    const { session } = this.chat;
    const from = this.#from;
    const plan = await session.wish("forget", { channel, peer });
    if (!plan) return;
    const sure = words("forgetNow", { messages: plan.messages, files: plan.files });
    const act = () => session.wish("forget", { channel, peer, confirm: true });
    this.#popup.open(from, this.#popup.item(sure, act, { "data-do": "forgetNow" }), this.#popup.item(words("stepBack"), () => {}));
  }

  #read(one) {
    one.unread = 0;
    one.unread_mark = false;
    this.chat.session.wish("read", { channel: one.channel, peer: one.peer });
    this.chat.draw();
  }

  /** Whoever wants to come back to it has to leave it: what is open is read. */
  #unread(one) {
    const { chat } = this;
    if (one === chat.conversation) location.hash = "#chat";
    chat.mark(one, { unread: true });
  }
}
