// Files chosen for the open conversation, before they are sent: by the button, pasted, or dropped on the
// thread. They go to the gateway at once, so that sending them later takes no time.

import { $ } from "../dom.js";
import { chosenItem, fitting } from "../files/chosen.js";
import { Upload } from "../files/upload.js";
import { keyOf } from "../model/conversations.js";
import { onLanguage } from "../words.js";

export class Tray {
  /** By conversation. */
  #trays = new Map();

  constructor(chat, say) {
    Object.assign(this, { chat, say });
    $("attach").onclick = () => $("files").click();
    $("files").onchange = ({ target }) => {
      this.add([...target.files]);
      target.value = "";
    };
    $("thread").addEventListener("paste", event => this.#pasted(event));
    for (const name of ["dragover", "drop"]) addEventListener(name, event => this.#dragged(event));
    // An item is made once, in the language that is spoken then.
    onLanguage(() => {
      for (const upload of [...this.#trays.values()].flat()) upload.item = undefined;
      this.draw();
    });
    addEventListener("dragleave", ({ relatedTarget }) => relatedTarget || ($("drop").hidden = true));
  }

  /** The files of the open conversation. */
  get all() {
    return (this.chat.open && this.#trays.get(keyOf(this.chat.open))) ?? [];
  }

  /** Takes these into the tray and begins to hand them to the gateway. */
  add(files) {
    const { open, session, view } = this.chat;
    if (!open || !files.length) return;
    const { fit, wrong } = fitting(files, this.all.length, session.limits);
    this.#put([...this.all, ...fit.map(file => new Upload(file, view.attachments.blobs))]);
    this.say(wrong);
  }

  /** Hands them over to a message. */
  take() {
    const { all } = this;
    this.#put([]);
    return all;
  }

  /** Whether something is attached, in any conversation. */
  get any() {
    return [...this.#trays.values()].some(({ length }) => length);
  }

  forget() {
    for (const upload of [...this.#trays.values()].flat()) upload.cancel();
    this.#trays.clear();
  }

  draw() {
    const { all } = this;
    const [there, items] = [[...$("tray").children], all.map(upload => (upload.item ??= this.#item(upload)))];
    if (items.length !== there.length || items.some((item, i) => item !== there[i])) $("tray").replaceChildren(...items);
    $("tray").hidden = !all.length;
    $("composer").classList.toggle("full", Boolean(all.length || $("text").value.trim()));
  }

  #put(uploads) {
    this.#trays.set(keyOf(this.chat.open), uploads);
    this.draw();
    $("text").focus();
  }

  #item(upload) {
    const remove = () => {
      upload.cancel();
      this.#put(this.all.filter(one => one !== upload));
    };
    return chosenItem(upload, remove);
  }

  /** A text that is copied with its picture, such as from a table, is meant as text. */
  #pasted(event) {
    const { files, types } = event.clipboardData;
    if (!files.length || types.includes("text/plain")) return;
    event.preventDefault();
    this.add([...files]);
  }

  /** Beside the thread a dropped file does nothing: else the browser would leave this page for it. */
  #dragged(event) {
    const { type, target, dataTransfer } = event;
    if (!dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    const isWithin = $("thread").contains(target);
    $("drop").hidden = type === "drop" || !isWithin;
    if (type === "drop" && isWithin) this.add([...dataTransfer.files]);
  }
}
