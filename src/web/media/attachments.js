// The files of the messages in the thread. An element is kept as long as its message says the same of its
// files: a row that is made anew, such as for a tick, takes it along, and what plays goes on.

import { $, button, make, reserve } from "../dom.js";
import { boxOf, filesOf, isGrid, shownAddress } from "../model/files.js";
import { onLanguage, words } from "../words.js";
import { Blobs } from "./blobs.js";
import { absentFile, fileCard, nameOf } from "./document.js";
import { Near } from "./near.js";
import { progressOf } from "./progress.js";
import { Player } from "./player.js";
import { videoBox } from "./video.js";
import { Viewer } from "./viewer.js";

/** Elements kept, more than are ever in view. */
const KEEP = 200;

export class Attachments {
  blobs = new Blobs();
  #made = new Map();

  constructor(chat) {
    this.chat = chat;
    this.near = new Near($("log"));
    this.player = new Player(this);
    this.viewer = new Viewer(this);
    onLanguage(() => this.#made.clear());
  }

  /** The files of a message, or nothing where they say no more than its card. */
  draw(message) {
    const files = filesOf(message);
    if (!files.length || files.every(({ state }) => state === "named")) return undefined;
    const key = message.message_id ?? message.key;
    const version = JSON.stringify(message.media);
    let made = this.#made.get(key);
    this.#made.delete(key);
    if (made?.version !== version) made = { version, element: this.#build(message, files) };
    this.#made.set(key, made);
    if (this.#made.size > KEEP) this.#made.delete(this.#made.keys().next().value);
    return made.element;
  }

  /** The files that a message waits for, with the way to give them up; nothing once the gateway has them. */
  sending(one) {
    const uploads = this.chat.uploadsOf(one);
    if (!uploads) return undefined;
    const cancel = button("plain", words("cancel"), () => this.chat.drop(one));
    return make("div", { className: "sending" }, ...uploads.map(upload => progressOf(upload)), !one.error && cancel);
  }

  /** Every picture of the open thread that can be seen whole, oldest first. */
  get pictures() {
    const of = message => filesOf(message).flatMap((file, index) => (file.shape === "picture" && file.state === "kept" ? [{ message, file, index }] : []));
    return this.chat.thread.rows.flatMap(of);
  }

  /** Asks the gateway to fetch what it has not, or could not. */
  fetch({ message_id }) {
    return this.chat.session.ask("media.fetch", { message_id });
  }

  #build(message, files) {
    const rows = files.map((file, index) => this.#one(message, file, index));
    return make("div", { className: `files${isGrid(files) ? " grid" : ""}` }, ...rows);
  }

  #one(message, file, index) {
    if (file.state === "linked") return linked(file);
    if (file.state !== "kept") return absentFile(this, message, file);
    switch (file.shape) {
      case "picture":
        return this.#picture(message, file, index);
      case "video":
        return videoBox(this, file);
      case "sound":
        return this.player.face(file, `${message.message_id ?? message.key}/${index}`);
      default:
        return fileCard(file, { blobs: this.blobs });
    }
  }

  #picture(message, file, index) {
    const picture = make("img", { alt: nameOf(file), decoding: "async" });
    const box = button(`picture ${file.kind}`, "", () => this.viewer.open(message, index));
    box.append(picture);
    box.dataset.file = index;
    reserve(box, boxOf(file));
    picture.onerror = () => box.classList.add("lost");
    this.near.watch(box, () => {
      const { ready, leave } = this.blobs.hold(file.id);
      const shown = ({ url }) => {
        box.classList.remove("lost");
        picture.src = url;
      };
      ready.then(shown, ({ code }) => box.classList.toggle("lost", code !== "cancelled"));
      return leave;
    });
    return box;
  }
}

/** By reference: a picture of this house or in the address itself is shown, all else is named. */
function linked(file) {
  const src = shownAddress(file, location.origin);
  if (!src) return fileCard(file, {});
  const picture = make("img", { src, alt: file.name || words(file.kind), className: `shown ${file.kind}` });
  reserve(picture, boxOf(file));
  return picture;
}
