// The open conversation: its messages, who types, and the way to its beginning and its end.

import { element, make, write } from "../dom.js";
import { LongList } from "../list.js";
import { dayOf, onLanguage, words } from "../words.js";
import { row } from "./row.js";
import { nameOf } from "./sidebar.js";

const NEAR_TOP = 15;
const TOGETHER_MS = 300_000;
const SPOKEN = 200;

export class ThreadView {
  #news = 0;
  #expanded = new Set();

  constructor(chat) {
    this.chat = chat;
    this.list = new LongList(element("log"), element("messages"), {
      follows: true,
      keyOf: (one) => one.message_id ?? one.key,
      guess: ({ text = "", media }, width) => 44 + 20 * Math.ceil(Math.min(text.length, 3000) / (width / 11)) + (media ? 40 : 0),
      version: (one, i) => this.#version(one, i),
      build: (one, i) => row(one, this.#around(one, i)),
      onMove: (first) => this.#moved(first),
    });
    element("to-end").addEventListener("click", () => this.list.toEnd());
    element("rename").addEventListener("click", () => {
      element("visitor").value = chat.visitor;
      element("name-dialog").returnValue = "";
      element("name-dialog").showModal();
    });
    element("name-dialog").addEventListener("close", ({ target }) => {
      const name = element("visitor").value.trim();
      if (target.returnValue === "open" && name) chat.rename(name);
    });
    onLanguage(() => this.list.forget());
  }

  get atEnd() {
    return this.list.atEnd;
  }

  opened() {
    this.#news = 0;
    this.#expanded.clear();
    this.list.reset();
    write(element("announcer"), "");
  }

  /** A message of the other side came. */
  news(message) {
    if (!this.atEnd) this.#news++;
    write(element("announcer"), `${nameOf(this.chat, this.chat.conversation)}: ${message.text.slice(0, SPOKEN)}`);
  }

  draw() {
    const { open } = this.chat;
    element("thread").hidden = !open;
    if (!open) return;
    const { conversation, thread, pending } = this.chat;
    const isMine = this.chat.isMine(open);
    const { typing } = conversation;
    write(element("thread-name"), nameOf(this.chat, conversation));
    const note = isMine ? words("youAre", { name: this.chat.visitor }) : [open.channel, conversation.name && open.peer].filter(Boolean).join(" · ");
    write(element("thread-note"), typing ? words("typing") : note);
    element("rename").hidden = !isMine;
    const last = [...pending, ...(typing ? [{ key: "typing", ...typing }] : [])];
    const { messages } = thread;
    const at = (i) => messages[i] ?? last[i - messages.length];
    this.list.show({ length: messages.length + last.length, at });
    element("empty").hidden = !thread.loaded || this.list.items.length > 0;
    element("log").setAttribute("aria-busy", !thread.loaded);
    const jump = element("to-end");
    if (this.atEnd) this.#news = 0;
    jump.hidden = this.atEnd;
    write(jump.querySelector("b"), this.#news ? String(this.#news) : "");
  }

  /** Shows one message, wherever it is. */
  async reveal(id) {
    const { thread } = this.chat;
    if (!(await this.chat.reach(id)) || thread !== this.chat.thread) return;
    this.list.show(this.list.items);
    this.draw();
    this.list.reveal(thread.indexOf(Number(id.slice(2))));
    this.list.row(id)?.classList.add("found");
  }

  #moved(first) {
    if (first < NEAR_TOP) this.chat.loadOlder();
    element("to-end").hidden = this.atEnd;
  }

  #version(one, i) {
    const { day, follows } = this.#around(one, i);
    return [one.seq, one.error, one.text?.length, day, follows, this.#expanded.has(one.message_id)].join();
  }

  /** What a row depends on besides its message. */
  #around(one, i) {
    const { chat } = this;
    const isMine = chat.isMine(chat.open);
    const isOwn = (other) => (other.direction ? (other.direction === "in") === isMine || Boolean(other.meta?.own) : true);
    const before = i ? this.list.items.at(i - 1) : undefined;
    const time = one.created_ms ?? Date.now();
    const sameDay = before && new Date(before.created_ms).toDateString() === new Date(time).toDateString();
    return {
      own: isOwn(one),
      day: sameDay ? "" : dayOf(time),
      follows: Boolean(sameDay && isOwn(before) === isOwn(one) && before.sender === one.sender && time - before.created_ms < TOGETHER_MS),
      isExpanded: this.#expanded.has(one.message_id),
      answered: one.reply_to && chat.thread.find(one.reply_to),
      expand: () => {
        this.#expanded.add(one.message_id);
        this.list.draw();
      },
      retry: () => chat.retry(one),
      reveal: (id) => this.reveal(id),
    };
  }
}
