// The open conversation: its messages, who types, and the way to its beginning and its end.

import { channelTitle } from "../app/channels.js";
import { $, goTo, write } from "../dom.js";
import { Attachments } from "../files/attachments.js";
import { LongList } from "../list.js";
import { filesOf, heightOf } from "../model/files.js";
import { isGroup } from "../model/finding.js";
import { shownPeer } from "../model/numbers.js";
import { plain } from "../model/parts.js";
import { dayOf, onLanguage, words } from "../words.js";
import { lineOf } from "./card.js";
import { Menu } from "./menu.js";
import { FOLDED, brokenRow, row } from "./row.js";
import { isOwn, nameOf, whoOf } from "./sidebar.js";

const NEAR_TOP = 15;
const TOGETHER_MS = 300_000;
/** Characters of a message that are read out, or quoted. */
const SPOKEN = 200;
/** Answers that an agent offers. */
const OPTIONS = 20;

/** An option as it is shown, and as it is said: its number where its words would not name it. */
function answerOf(option, i) {
  const shown = plain(option) || `${i + 1}`;
  return { shown, said: shown === option && !/^\d+[.)]*$/.test(option) ? option : `${i + 1}` };
}

export class ThreadView {
  #news = 0;
  #unfolded = new Set();

  constructor(chat) {
    this.chat = chat;
    this.attachments = new Attachments(chat);
    this.menu = new Menu(chat);
    this.list = new LongList($("log"), $("messages"), {
      follows: true,
      keyOf: one => one.message_id ?? one.key,
      guess: (one, width) => this.#guess(one, width),
      version: (one, i) => JSON.stringify([one.seq ?? one.text, one.error, one.media?.length, Boolean(chat.uploadsOf(one)), this.#around(one, i)]),
      build: (one, i) => row(this, one, this.#around(one, i)),
      broken: brokenRow,
      moved: first => this.#moved(first),
    });
    $("to-end").onclick = () => this.list.toEnd();
    $("visitor").onchange = ({ target }) => {
      chat.rename(target.value.trim() || chat.visitor);
      if (chat.mine) goTo(chat.mine);
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
  news(message) {
    if (!this.atEnd) this.#news++;
    write($("announcer"), `${nameOf(this.chat, this.chat.conversation)}: ${lineOf(message, SPOKEN)}`);
  }

  draw() {
    const { chat } = this;
    $("thread").hidden = !chat.open;
    if (!chat.open) return;
    const { conversation, thread, pending, open, visitor } = chat;
    const { typing, name } = conversation;
    write($("thread-name"), nameOf(chat, conversation));
    const isMine = chat.isMine(open);
    const about = isMine ? words("youAre") : channelTitle(open.channel) + (name && !isGroup(conversation) ? ` · ${shownPeer(open.channel, open.peer)}` : "");
    $("thread-name").title = isMine ? "" : open.peer;
    $("visitor").hidden = !isMine;
    if (document.activeElement !== $("visitor")) $("visitor").value = visitor;
    write($("thread-note"), typing && !typing.text ? words("typing") : about);
    const last = typing ? [...pending, { key: "typing", ...open, ...typing }] : pending;
    const { rows, loaded } = thread;
    this.list.show({ length: rows.length + last.length, at: i => rows[i] ?? last[i - rows.length] });
    $("empty").hidden = !loaded || this.list.items.length > 0;
    $("log").ariaBusy = !loaded;
  }

  /** Shows one message, wherever it is. */
  async reveal(id) {
    const { thread } = this.chat;
    if (!(await this.chat.reach(id)) || thread !== this.chat.thread) return;
    this.draw();
    const shown = thread.rowOf(id);
    this.list.reveal(thread.rows.indexOf(shown), true);
    for (const item of $("messages").children) item.classList.toggle("found", item.dataset.key === shown.message_id);
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

  /** About how high a row will be. */
  #guess(one, width) {
    const { text = "", media } = one;
    return 44 + 22 * Math.ceil(Math.min(text.length, FOLDED) / (width / 11)) + (media ? heightOf(filesOf(one), width) : 0);
  }

  /** What a message answers: who said it, and what, where it is here. */
  #quoted({ reply_to, kind }) {
    if (typeof reply_to !== "string" || kind === "reaction") return undefined;
    const { chat } = this;
    const said = chat.thread.named(reply_to);
    if (!said) return { id: /^m-\d+$/.test(reply_to) && reply_to, line: words("earlierMessage") };
    return { id: said.message_id, who: whoOf(chat, said), line: lineOf(said, SPOKEN) };
  }

  /** What an agent offers to answer, until something is answered or its turn is over. */
  #options({ meta }, i) {
    const { chat, list } = this;
    const { options, turn_id } = meta?.ask ?? {};
    if (!Array.isArray(options) || !chat.isMine(chat.open) || chat.bar.agents?.isOpen(turn_id) === false) return undefined;
    while (++i < list.items.length) if (isOwn(chat, list.items.at(i))) return undefined;
    return options.slice(0, OPTIONS).map(answerOf);
  }

  /** What a row depends on besides its message. */
  #around(one, i) {
    const { chat, list } = this;
    const { thread, bar: { agents } } = chat;
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
      reactions: one.message_id && thread.reactionsOn(one),
      agent: one.direction === "out" && (one.meta?.turn ?? one.meta?.ask) && (agents?.titleOf(agents.authorOf(one.message_id)) ?? words("agent")),
      failed: agents?.failedAt(one.message_id),
      options: this.#options(one, i),
      quoted: this.#quoted(one),
      waits: Boolean(one.key && one.key !== "typing" && !one.error && chat.isOffline),
      poll: one.kind === "vote" ? thread.named(one.content?.poll)?.content?.question : undefined,
    };
  }
}
