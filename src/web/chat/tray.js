// Files chosen for the open conversation, before they are sent: by the button, pasted, or dropped on the
// thread. They go to the gateway at once, so that sending them later takes no time.

import { $, button, icon, make } from "../dom.js";
import { keyOf } from "../model/conversations.js";
import { MOST_FILES, isPictureType, kindOf } from "../model/files.js";
import { progressOf } from "../media/progress.js";
import { Upload } from "../media/upload.js";
import { sizeText, words } from "../words.js";

/** A larger picture is named, not shown: a browser would hold all of its points. */
const PREVIEW = 30_000_000;

export class Tray {
  /** By conversation, as what was written stays with its own. */
  #trays = new Map();
  #depth = 0;

  constructor(chat, say) {
    Object.assign(this, { chat, say });
    $("attach").onclick = () => $("files").click();
    $("files").onchange = ({ target }) => {
      this.add([...target.files]);
      target.value = "";
    };
    $("thread").addEventListener("paste", event => this.#pasted(event));
    this.#hearDrops();
  }

  /** The files of the open conversation. */
  get all() {
    return (this.chat.open && this.#trays.get(keyOf(this.chat.open))) ?? [];
  }

  /** Takes these into the tray and begins to hand them to the gateway. */
  add(files) {
    const { open, session } = this.chat;
    if (!open || !files.length) return;
    const most = session.limits?.max_media_bytes ?? Infinity;
    const isFit = ({ size }) => size > 0 && size <= most;
    const fit = files.filter(isFit).slice(0, MOST_FILES - this.all.length);
    const blobs = this.chat.view.attachments.blobs;
    this.#trays.set(keyOf(open), [...this.all, ...fit.map(file => new Upload(file, blobs))]);
    this.#tell(files, fit, most);
    this.draw();
    $("text").focus();
  }

  /** Hands them over to a message. */
  take() {
    const { all } = this;
    if (this.chat.open) this.#trays.delete(keyOf(this.chat.open));
    this.draw();
    return all;
  }

  draw() {
    const { all } = this;
    const there = [...$("tray").children];
    const items = all.map(upload => (upload.item ??= this.#item(upload)));
    if (items.length !== there.length || items.some((item, i) => item !== there[i])) $("tray").replaceChildren(...items);
    $("tray").hidden = !all.length;
    $("composer").classList.toggle("full", Boolean(all.length || $("text").value.trim()));
  }

  /** Says what of these was not taken, and why. */
  #tell(files, fit, most) {
    const large = files.find(({ size }) => size > most);
    if (large) return this.say(words("fileTooLarge", { name: large.name, most: sizeText(most) }));
    const empty = files.find(({ size }) => !size);
    if (empty) return this.say(words("fileEmpty", { name: empty.name }));
    this.say(fit.length < files.length ? words("filesTooMany", { n: MOST_FILES }) : "");
  }

  #item(upload) {
    const drop = button("round", icon("cross"), () => this.#remove(upload), { ariaLabel: `${words("removeFile")} ${upload.name}`, title: words("removeFile") });
    const again = button("plain", words("tryAgain"), () => upload.again(), { hidden: true });
    return make("li", {}, previewOf(upload), progressOf(upload, again), again, drop);
  }

  #remove(upload) {
    upload.cancel();
    this.#trays.set(keyOf(this.chat.open), this.all.filter(one => one !== upload));
    this.draw();
    $("text").focus();
  }

  /** A text that is copied with its picture, such as from a table, is meant as text. */
  #pasted(event) {
    const { files, types } = event.clipboardData;
    if (!files.length || types.includes("text/plain")) return;
    event.preventDefault();
    this.add([...files]);
  }

  /** Beside the thread a dropped file does nothing: else the browser would leave this page for it. */
  #hearDrops() {
    const holdsFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
    const within = ({ target }) => $("thread").contains(target) && !$("thread").hidden;
    const hint = shown => ($("drop").hidden = !shown);
    addEventListener("dragover", event => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = within(event) ? "copy" : "none";
      hint(within(event));
    });
    addEventListener("dragleave", ({ relatedTarget }) => relatedTarget || hint(false));
    addEventListener("drop", event => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      hint(false);
      if (within(event)) this.add([...event.dataTransfer.files]);
    });
  }
}

/** A small picture of it, or what kind of file it is. */
function previewOf({ file }) {
  if (!isPictureType(file.type) || file.size > PREVIEW) return icon(kindOf(file.type));
  const url = URL.createObjectURL(file);
  const revoke = () => URL.revokeObjectURL(url);
  return make("img", { src: url, alt: "", onload: revoke, onerror: revoke });
}
