// What was said here and the gateway has not taken yet. It waits in the browser with the key that makes the
// gateway take it once, outlives the page, and is the same in every tab; the one that comes first hands it in.

import { Upload } from "../files/upload.js";
import { keyOf } from "../model/conversations.js";
import { filesOf } from "../model/files.js";
import * as database from "../state/database.js";
import { alone, onTold, tell } from "../state/tabs.js";
import { cardOf, wordsBeside } from "./card.js";

/** Faults that the next connection may not have. */
const PASSING = ["disconnected", "shutting_down"];
/** Longer a new message does not wait for another tab that hands in older ones. */
const ORDER_MS = 1000;

let count = 0;

/**
 * The key of a message, in the order in which they were said. Not `crypto.randomUUID`: over plain http from
 * another machine a browser does not offer it.
 */
const newKey = () => [Date.now(), String(++count).padStart(6, "0"), ...crypto.getRandomValues(new Uint32Array(3))].join("-");

/** What a message says of its files: one as it is, several as a list. */
function mediaOf({ media }) {
  const said = media?.map(({ media_id, kind, name }) => ({ media_id, kind, name }));
  return said?.length === 1 ? said[0] : said;
}

/** Whether a message that came back says what was said here. */
function isSame(one, message) {
  const idsOf = said => filesOf(said).map(({ id }) => id).join();
  return idsOf(one) === idsOf(message) && wordsBeside(message, cardOf(message)) === one.text;
}

/** As it is kept: what the gateway answered is of this page only. */
const kept = ({ id, taken, ...one }) => one;

export class Outbox {
  #all = [];
  /** The files that a message waits for, by its key. */
  #uploads = new Map();
  #going = Promise.resolve();

  constructor(chat) {
    this.chat = chat;
    onTold("said", one => this.#add(one));
    onTold("taken", ({ key, id }) => this.#taken(this.#named(key), id));
    onTold("withdrawn", key => this.#forget(this.#named(key)));
    addEventListener("beforeunload", event => this.isSending && event.preventDefault());
  }

  /** What an earlier page left. */
  async load() {
    for (const one of await database.all("outbox").catch(() => [])) this.#add(one);
  }

  /** Lets go of all of it: it was somebody else's. */
  forget() {
    for (const uploads of this.#uploads.values()) for (const upload of uploads) upload.cancel();
    this.#uploads.clear();
    this.#all = [];
  }

  get size() {
    return this.#all.filter(({ taken }) => !taken).length;
  }

  /** Whether files are on their way right now. */
  get isSending() {
    return [...this.#uploads.values()].flat().some(({ state }) => state === "running");
  }

  /** Of a conversation, what is not among its messages yet. */
  at(place, thread) {
    return this.#all.filter(one => keyOf(one) === keyOf(place) && !(one.id && thread.find(one.id)));
  }

  uploadsOf({ key }) {
    return this.#uploads.get(key);
  }

  /** Says something; `uploads` are files that go along, once the gateway has them. */
  say(said, uploads) {
    const files = uploads.map(({ file, kind, seconds }) => ({ file, kind, seconds }));
    const one = { ...said, key: newKey(), created_ms: Date.now(), files: files.length ? files : undefined };
    this.#add(one);
    this.#keep(one);
    tell("said", one);
    // What was said before goes before, and it may just be going out.
    if (uploads.length) this.#await(one, uploads);
    else Promise.race([this.#going, new Promise(resolve => setTimeout(resolve, ORDER_MS))]).then(() => this.#handIn(one));
  }

  /** A connection stands: what waits goes out, from one tab. */
  flush() {
    this.#going = alone("outbox", () => this.#goOut()).catch(() => {});
    return this.#going;
  }

  /** Tries again what the gateway did not take. */
  retry(one) {
    const failed = this.uploadsOf(one)?.filter(({ state }) => state === "failed");
    if (failed) for (const upload of failed) upload.again();
    else this.#handIn(one);
  }

  /** Gives up what the gateway has not taken. Not while another tab hands it in: then it is too late. */
  withdraw(one) {
    for (const upload of this.uploadsOf(one) ?? []) upload.cancel();
    return alone("outbox", async () => {
      await database.remove("outbox", one.key).catch(() => {});
      if (one.taken) return;
      tell("withdrawn", one.key);
      this.#forget(one);
    });
  }

  /** A message came: one's own may be here before the answer that says which it became. */
  heard(message, place, thread) {
    const own = this.at(place, thread).find(one => !one.id && isSame(one, message));
    if (own) own.id = message.message_id;
    this.settle();
  }

  /** Lets go of what the gateway took, once it stands among the messages or is out of sight. */
  settle() {
    if (!this.#all.length) return;
    this.#all = this.#all.filter(one => !one.taken || this.chat.awaits(one));
    this.chat.draw();
  }

  #named(key) {
    return this.#all.find(one => one.key === key);
  }

  #add(one) {
    if (this.#named(one.key)) return;
    this.#all.push(one);
    this.chat.draw();
  }

  /** Where the disk is full it lasts as long as the page. */
  #keep(one) {
    return database.put("outbox", one.key, kept(one)).catch(() => {});
  }

  #forget(one) {
    this.#all = this.#all.filter(other => other !== one);
    this.#uploads.delete(one?.key);
    this.chat.draw();
  }

  #taken(one, id) {
    if (!one) return;
    Object.assign(one, { id, taken: true });
    this.#uploads.delete(one.key);
    this.settle();
  }

  /** Another tab may have handed in some of it meanwhile. */
  async #goOut() {
    const stored = new Set((await database.all("outbox")).map(({ key }) => key));
    const waiting = this.#all.filter(one => !one.taken && !one.error && stored.has(one.key));
    await Promise.all(waiting.map(one => (one.files && !one.media ? this.#sendFiles(one) : this.#handIn(one))));
  }

  /** Files that were lost on their way, or were chosen by an earlier page. */
  async #sendFiles(one) {
    const uploads = this.uploadsOf(one);
    if (uploads) uploads.forEach(upload => upload.isLost && upload.again());
    else this.#await(one, one.files.map(({ file, kind, seconds }) => new Upload(file, this.chat.blobs, { kind, seconds })));
  }

  #await(one, uploads) {
    this.#uploads.set(one.key, uploads);
    for (const upload of uploads) upload.follow(() => this.#uploaded(one));
    this.#uploaded(one);
  }

  /** One of the files of a message came further. */
  #uploaded(one) {
    const uploads = this.uploadsOf(one);
    if (!uploads) return;
    one.error = uploads.find(({ state, isLost }) => state === "failed" && !isLost)?.error;
    this.chat.draw();
    if (!uploads.every(({ state }) => state === "kept")) return;
    one.media = uploads.map(({ media }) => media);
    this.#uploads.delete(one.key);
    this.#keep(one);
    this.#handIn(one);
  }

  /** Hands a message in, as often as needed: the key makes the gateway take it once. */
  async #handIn(one) {
    delete one.error;
    this.settle();
    const { channel, peer, key, reply_to, mine, text, at } = one;
    const { session } = this.chat;
    // WhatsApp's own signs are for people to write; elsewhere they write markdown.
    const format = mine || !text || /^whatsapp/.test(channel) ? undefined : "markdown";
    const said = { channel, reply_to, text: text || undefined, media: mediaOf(one) };
    try {
      const { message_id, held } = await (mine
        ? session.ask("receive", { ...said, peer, dedup_key: key, meta: { language: document.documentElement.lang } })
        : session.ask("send", { ...said, format, at, to: peer, idempotency_key: key }));
      await database.remove("outbox", key).catch(() => {});
      tell("taken", { key, id: message_id });
      if (held) this.chat.pauses.hold(channel, held);
      this.#taken(one, message_id);
    } catch ({ code, message }) {
      // Then it goes out again with the next connection.
      if (!PASSING.includes(code)) {
        one.error = message;
        this.#keep(one);
      }
      this.settle();
    }
  }
}
