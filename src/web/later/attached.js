// The files of what is written in a dialog. They go to the gateway as soon as they are chosen, so that only a large
// one is waited for in the end.

import { button, icon, make, write } from "../dom.js";
import { chosenItem, fitting } from "../files/chosen.js";
import { Upload } from "../files/upload.js";
import { words } from "../words.js";

const SETTLED = ["kept", "failed", "cancelled"];

/** Resolves once it is known what became of it. */
const settled = upload =>
  new Promise(resolve => {
    const look = () => SETTLED.includes(upload.state) && resolve();
    upload.follow(look);
    look();
  });

/** What a message says of a file that was handed in. */
const said = ({ media: { media_id, kind, name } }) => ({ media_id, kind, name });

export class Attached {
  #all = [];
  #list = make("ul", { className: "tray", ariaLabel: words("files") });
  #trouble = make("p", { role: "status", className: "trouble" });
  #choose = make("input", { type: "file", multiple: true, hidden: true });
  #add = button("attach-files", icon("attach"), () => this.#choose.click());

  /** `changed()` hears when there are more or fewer of them. */
  constructor({ session, blobs }, changed) {
    Object.assign(this, { session, blobs, changed });
    this.#add.append(words("attach"));
    this.#choose.onchange = () => {
      this.#take([...this.#choose.files]);
      this.#choose.value = "";
    };
    const hint = make("p", { className: "quiet" }, words("attachHint"));
    this.element = make("div", { className: "field" }, this.#list, this.#trouble, this.#add, this.#choose, hint);
  }

  get any() {
    return this.#all.length > 0;
  }

  /** What the message says of them, once the gateway has all; fails as the first that it does not have. */
  async media() {
    for (const one of this.#all) if (one.isLost) one.again();
    await Promise.all(this.#all.map(settled));
    const failed = this.#all.find(({ state }) => state === "failed");
    if (failed) throw { message: failed.error };
    const media = this.#all.map(said);
    return media.length > 1 ? media : media[0];
  }

  /** Whoever waits for one of them need not any more. */
  end() {
    for (const one of this.#all) one.cancel();
  }

  #take(files) {
    const { fit, wrong } = fitting(files, this.#all.length, this.session.limits);
    for (const file of fit) this.#put(new Upload(file, this.blobs));
    write(this.#trouble, wrong);
    this.changed();
  }

  #put(upload) {
    const item = chosenItem(upload, () => {
      upload.cancel();
      item.remove();
      this.#all = this.#all.filter(one => one !== upload);
      write(this.#trouble, "");
      this.#add.focus();
      this.changed();
    });
    this.#all.push(upload);
    this.#list.append(item);
  }
}
