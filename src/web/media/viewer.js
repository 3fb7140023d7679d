// A picture in full, and from there the one before and the one after.

import { $, write } from "../dom.js";
import { timeOf, dayOf, words } from "../words.js";
import { authorOf } from "../chat/card.js";
import { isOwn } from "../chat/sidebar.js";
import { download, nameOf } from "./document.js";

export class Viewer {
  #all = [];
  #at = 0;
  #hold;

  constructor(attachments) {
    this.attachments = attachments;
    $("viewer-before").onclick = () => this.#go(this.#at - 1);
    $("viewer-after").onclick = () => this.#go(this.#at + 1);
    $("viewer").onkeydown = event => this.#key(event);
    $("viewer").onclose = () => this.#closed();
    // Beside the picture is out of it.
    $("viewer").onclick = ({ target }) => target === $("viewer") && $("viewer").close();
    $("viewer-picture").onclick = () => $("viewer").classList.toggle("whole");
    $("viewer-picture").onerror = () => write($("viewer-note"), words("cannotPlay"));
  }

  /** Opens the picture at this place among the files of a message. */
  open(message, index) {
    this.#all = this.attachments.pictures;
    const isIt = one => one.index === index && one.message.message_id === message.message_id;
    const at = this.#all.findIndex(isIt);
    // One that is only being sent is not among them yet.
    if (at < 0) return;
    $("viewer").showModal();
    this.#go(at);
  }

  #key(event) {
    const to = { ArrowLeft: this.#at - 1, ArrowRight: this.#at + 1, Home: 0, End: this.#all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#go(to);
  }

  async #go(to) {
    if (to < 0 || to >= this.#all.length) return;
    this.#at = to;
    const { message, file } = this.#all[to];
    this.#leave();
    $("viewer").classList.remove("whole");
    const isFirst = to === 0;
    const isLast = to === this.#all.length - 1;
    // What has the focus must not be disabled under it.
    $("viewer-before").ariaDisabled = isFirst;
    $("viewer-after").ariaDisabled = isLast;
    this.#tell(message, file);
    const hold = (this.#hold = this.attachments.blobs.hold(file.id, part => write($("viewer-note"), `${Math.floor(part * 100)} %`)));
    try {
      const { url } = await hold.ready;
      Object.assign($("viewer-picture"), { src: url, alt: nameOf(file), hidden: false });
      write($("viewer-note"), "");
    } catch ({ code, message }) {
      if (code !== "cancelled") write($("viewer-note"), message);
    }
  }

  #tell(message, file) {
    const { chat, blobs } = this.attachments;
    const who = isOwn(chat, message) ? words("you") : authorOf(message);
    write($("viewer-name"), file.name || words(file.kind));
    write($("viewer-at"), `${who} · ${dayOf(message.created_ms)} ${timeOf(message.created_ms)} · ${this.#at + 1} / ${this.#all.length}`);
    $("viewer-save").replaceChildren(download(blobs, file, "round"));
  }

  #leave() {
    $("viewer-picture").hidden = true;
    $("viewer-picture").removeAttribute("src");
    this.#hold?.leave();
    this.#hold = undefined;
  }

  /** Back to the picture that was seen last, where it stands in the thread. */
  async #closed() {
    const { message, index } = this.#all[this.#at];
    this.#leave();
    this.#all = [];
    const { view } = this.attachments.chat;
    const find = () => document.querySelector(`#messages [data-key="${CSS.escape(message.message_id)}"] [data-file="${index}"]`);
    if (!find()) await view.reveal(message.message_id);
    find()?.focus();
  }
}
