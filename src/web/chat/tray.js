// Files chosen for the open conversation, before they are sent: by the button, pasted, or dropped on the
// thread. They go to the gateway at once, so that sending them later takes no time.

import { $, button, icon, make } from "../dom.js";
import { progressOf } from "../files/progress.js";
import { Upload } from "../files/upload.js";
import { keyOf } from "../model/conversations.js";
import { MOST_FILES, isPictureType, kindOf } from "../model/files.js";
import { onLanguage, sizeText, words } from "../words.js";

/** A larger picture is only named: a browser would hold all of its points. */
const PREVIEW = 30_000_000;

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
    const most = session.limits?.max_media_bytes ?? Infinity;
    const fit = files.filter(({ size }) => size > 0 && size <= most).slice(0, MOST_FILES - this.all.length);
    this.#put([...this.all, ...fit.map(file => new Upload(file, view.attachments.blobs))]);
    const wrong = files.find(({ size }) => !size || size > most);
    if (wrong) this.say(words(wrong.size ? "fileTooLarge" : "fileEmpty", { name: wrong.name, most: sizeText(most) }));
    else this.say(fit.length < files.length ? words("filesTooMany", { n: MOST_FILES }) : "");
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
    const cross = button("round", icon("cross"), remove, { ariaLabel: `${words("discard")} ${upload.name}` });
    return make("li", {}, previewOf(upload), progressOf(upload, true), cross);
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

/** A small picture of it, or what kind of file it is. */
function previewOf({ file }) {
  if (!isPictureType(file.type) || file.size > PREVIEW) return icon(kindOf(file.type));
  const src = URL.createObjectURL(file);
  const revoke = () => URL.revokeObjectURL(src);
  return make("img", { src, alt: "", onload: revoke, onerror: revoke });
}
