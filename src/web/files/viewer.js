// A picture in full, and from there the one before and the one after.

import { whyOf } from "../app/said.js";
import { whoOf } from "../chat/sidebar.js";
import { $, make, write } from "../dom.js";
import { dayOf, timeOf, words } from "../words.js";
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
  }

  /** Opens this picture, unless it is only being sent. */
  open({ message_id }, index) {
    this.#all = this.attachments.pictures;
    const at = this.#all.findIndex(one => one.index === index && one.message.message_id === message_id);
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
    const one = this.#all[to];
    if (!one) return;
    this.#at = to;
    this.#leave();
    this.#tell(one);
    this.#hold = this.attachments.blobs.hold(one.file.id);
    try {
      const { url } = await this.#hold.ready;
      write($("viewer-note"), "");
      $("viewer-stage").prepend(this.#picture(url, nameOf(one.file)));
    } catch (fault) {
      if (fault.code !== "cancelled") write($("viewer-note"), whyOf(fault));
    }
  }

  #picture(src, alt) {
    const onclick = ({ target }) => target.classList.toggle("whole");
    return make("img", { src, alt, onclick, onerror: () => write($("viewer-note"), words("cannotShowFile")) });
  }

  #tell({ message, file }) {
    const { chat, blobs } = this.attachments;
    const { created_ms } = message;
    write($("viewer-name"), nameOf(file));
    write($("viewer-at"), `${whoOf(chat, message)} · ${dayOf(created_ms)} ${timeOf(created_ms)} · ${this.#at + 1} / ${this.#all.length}`);
    $("viewer-save").replaceChildren(download(blobs, file));
    // Not `disabled`: what has the focus would lose it.
    $("viewer-before").ariaDisabled = this.#at === 0;
    $("viewer-after").ariaDisabled = this.#at === this.#all.length - 1;
  }

  #leave() {
    $("viewer-stage").querySelector("img")?.remove();
    this.#hold?.leave();
  }

  /** Back to the picture that was seen last, where it stands in the thread. */
  async #closed() {
    const { message, index } = this.#all[this.#at];
    this.#leave();
    const find = () => $("messages").querySelector(`[data-key="${message.message_id}"] [data-file="${index}"]`);
    if (!find()) await this.attachments.chat.view.reveal(message.message_id);
    find()?.focus();
  }
}
