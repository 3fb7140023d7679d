// The files of the messages in the thread. A row that is made anew, such as for a tick, takes its files
// along, and what plays goes on.

import { $, button, make, reserve } from "../dom.js";
import { boxOf, filesOf, isGrid, shownAddress } from "../model/files.js";
import { onLanguage, words } from "../words.js";
import { Blobs } from "./blobs.js";
import { absentFile, fileCard, nameOf } from "./document.js";
import { Near } from "./near.js";
import { player } from "./player.js";
import { progressOf } from "./progress.js";
import { Viewer } from "./viewer.js";

/** More than are ever in view. */
const KEEP = 200;

export class Attachments {
  blobs = new Blobs();
  #made = new Map();

  constructor(chat) {
    this.chat = chat;
    this.near = new Near($("log"));
    this.viewer = new Viewer(this);
    onLanguage(() => this.#made.clear());
  }

  /** The files of a message; nothing where they say no more than its card. */
  draw(message) {
    const files = filesOf(message);
    if (files.every(({ state }) => state === "named")) return undefined;
    const key = message.message_id ?? message.key;
    const version = JSON.stringify(message.media);
    let made = this.#made.get(key);
    this.#made.delete(key);
    if (made?.version !== version) made = { version, element: this.#build(message, files) };
    this.#made.set(key, made);
    if (this.#made.size > KEEP) this.#made.delete(this.#made.keys().next().value);
    return made.element;
  }

  /** The files that a message waits for, and the way to give it up. */
  sending(one) {
    const uploads = this.chat.uploadsOf(one);
    // Files of another tab, or of an earlier page: they go with the next connection.
    if (!uploads && one.files && !one.media) return make("div", { className: "sending" }, ...one.files.map(({ file }) => make("p", { dir: "auto" }, file.name)));
    if (!uploads) return undefined;
    const cancel = button("plain", words("cancel"), () => this.chat.drop(one));
    return make("div", { className: "sending" }, ...uploads.map(upload => progressOf(upload)), !one.error && !this.chat.isOffline && cancel);
  }

  /** Every picture of the open thread that can be seen in full. */
  get pictures() {
    const of = message => filesOf(message).map((file, index) => ({ message, file, index }));
    return this.chat.thread.rows.flatMap(of).filter(({ file }) => file.shape === "picture" && file.state === "kept");
  }

  #build(message, files) {
    const rows = files.map((file, index) => this.#one(message, file, index));
    return make("div", { className: `files${isGrid(files) ? " grid" : ""}` }, ...rows);
  }

  #one(message, file, index) {
    const { state, shape } = file;
    if (state === "linked") return linked(file);
    if (state !== "kept") return absentFile(this.chat, message, file);
    if (shape === "picture") return this.#picture(message, file, index);
    return shape === "document" ? fileCard(file, this.blobs) : player(this, file);
  }

  #picture(message, file, index) {
    const picture = make("img", { alt: "", decoding: "async", draggable: false });
    const box = button(`picture ${file.kind}`, picture, () => this.viewer.open(message, index), { ariaLabel: nameOf(file) });
    const lost = isLost => box.classList.toggle("lost", isLost);
    box.dataset.file = index;
    reserve(box, boxOf(file));
    picture.onload = () => lost(false);
    picture.onerror = () => lost(true);
    this.near.watch(box, () => {
      const { ready, leave } = this.blobs.hold(file.id);
      ready.then(({ url }) => (picture.src = url), ({ code }) => lost(code !== "cancelled"));
      return leave;
    });
    return box;
  }
}

/** A file at an address: a picture of this house is shown, all else is named. */
function linked(file) {
  const src = shownAddress(file, location.origin);
  if (!src) return fileCard(file);
  const picture = make("img", { src, alt: nameOf(file), className: `shown ${file.kind}` });
  reserve(picture, boxOf(file));
  return picture;
}
