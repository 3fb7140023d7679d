// The open conversation: its messages, who types, and the way to its beginning and its end.

import { $, write } from "../dom.js";
import { LongList } from "../list.js";
import { numberOf } from "../model/messages.js";
import { dayOf, onLanguage, words } from "../words.js";
import { FOLDED, row } from "./row.js";
import { isOwn, nameOf } from "./sidebar.js";

const NEAR_TOP = 15;
const TOGETHER_MS = 300_000;
const SPOKEN = 200;

export class ThreadView {
  #news = 0;
  #unfolded = new Set();

  constructor(chat) {
    this.chat = chat;
    this.list = new LongList($("log"), $("messages"), {
      follows: true,
      keyOf: one => one.message_id ?? one.key,
      guess: ({ text = "" }, width) => 44 + 22 * Math.ceil(Math.min(text.length, FOLDED) / (width / 11)),
      version: (one, i) => [one.seq ?? one.text, one.error, ...Object.values(this.#around(one, i))].join(),
      build: (one, i) => row(this, one, this.#around(one, i)),
      moved: first => this.#moved(first),
    });
    $("to-end").onclick = () => this.list.toEnd();
    $("visitor").onchange = ({ target }) => {
      chat.rename(target.value.trim() || chat.visitor);
      location.hash = `chat/webchat/${encodeURIComponent(chat.visitor)}`;
    };
    onLanguage(() => this.list.forget());
  }

  get atEnd() {
    return this.list.atEnd;
  }

  opened() {
    this.#news = 0;
    this.#unfolded.clear();
    this.list.reset();
    write($("announcer"), "");
  }

  /** A message of the other side came. */
  news({ text }) {
    if (!this.atEnd) this.#news++;
    write($("announcer"), `${nameOf(this.chat, this.chat.conversation)}: ${text.slice(0, SPOKEN)}`);
  }

  draw() {
    const { chat } = this;
    $("thread").hidden = !chat.open;
    if (!chat.open) return;
    const { conversation, thread, pending, open, visitor } = chat;
    const { typing, name } = conversation;
    write($("thread-name"), nameOf(chat, conversation));
    const isMine = chat.isMine(open);
    const about = isMine ? words("youAre") : open.channel + (name ? ` · ${open.peer}` : "");
    $("visitor").hidden = !isMine;
    if (document.activeElement !== $("visitor")) $("visitor").value = visitor;
    write($("thread-note"), typing && !typing.text ? words("typing") : about);
    const last = typing ? [...pending, { key: "typing", ...open, ...typing }] : pending;
    const { messages, loaded } = thread;
    this.list.show({ length: messages.length + last.length, at: i => messages[i] ?? last[i - messages.length] });
    $("empty").hidden = !loaded || this.list.items.length > 0;
    $("log").ariaBusy = !loaded;
  }

  /** Shows one message, wherever it is. */
  async reveal(id) {
    const { thread } = this.chat;
    if (!(await this.chat.reach(id)) || thread !== this.chat.thread) return;
    this.draw();
    this.list.reveal(thread.indexOf(numberOf(id)), true);
    for (const item of $("messages").children) item.classList.toggle("found", item.dataset.key === id);
  }

  unfold(id) {
    this.#unfolded.add(id);
    this.list.draw();
  }

  #moved(first) {
    if (first < NEAR_TOP) this.chat.loadOlder();
    if (this.atEnd) this.#news = 0;
    $("to-end").hidden = this.atEnd;
    write($("to-end").lastElementChild, this.#news ? String(this.#news) : "");
  }

  /** What a row depends on besides its message. */
  #around(one, i) {
    const { chat, list } = this;
    const before = i ? list.items.at(i - 1) : {};
    const day = dayOf(one.created_ms ?? Date.now());
    const sameDay = before.created_ms && dayOf(before.created_ms) === day;
    const own = isOwn(chat, one);
    const near = sameDay && own === isOwn(chat, before) && before.sender === one.sender;
    return {
      own,
      day: sameDay ? "" : day,
      follows: Boolean(near && one.created_ms - before.created_ms < TOGETHER_MS),
      unfolded: this.#unfolded.has(one.message_id),
    };
  }
}
