// The files of what is written in a dialog. They go to the gateway as soon as they are chosen, so that only a large
// one is waited for in the end.

import { button, icon, make, write } from "../dom.js";
import { chosenItem, fitting } from "../files/chosen.js";
import { Upload } from "../files/upload.js";
import { filesOf } from "../model/files.js";
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
  /** Each lets go of a picture that is shown. */
  #leave = [];
  #list = make("ul", { className: "tray", ariaLabel: words("files") });
  #trouble = make("p", { role: "status", className: "trouble" });
  #choose = make("input", { type: "file", multiple: true, hidden: true });
  #add = button("attach-files", icon("attach"), () => this.#choose.click());

  /** `changed()` hears when there are more or fewer of them; a `former` message has some already. */
  constructor({ session, blobs }, changed, former) {
    Object.assign(this, { session, blobs, changed });
    this.#add.append(words("attach"));
    this.#choose.onchange = () => {
      this.#take([...this.#choose.files]);
      this.#choose.value = "";
    };
    if (former) for (const [i, file] of filesOf(former).entries()) this.#put(...this.#formerFile(file, [former.media].flat()[i]));
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
    const media = this.#all.map(one => one.former ?? said(one));
    return media.length > 1 ? media : media[0];
  }

  /** The dialog is closed. */
  end() {
    for (const leave of this.#leave) leave();
    for (const one of this.#all) one.cancel();
  }

  #take(files) {
    const { fit, wrong } = fitting(files, this.#all.length, this.session.limits);
    for (const file of fit) this.#put(new Upload(file, this.blobs));
    write(this.#trouble, wrong);
    this.changed();
  }

  /** One that the gateway has already, and how it looks. */
  #formerFile({ id, name, kind, shape }, former) {
    const isSeen = shape === "picture" && id;
    const preview = isSeen ? make("img", { alt: "" }) : icon(shape === "picture" ? "image" : kind);
    if (isSeen) {
      const { ready, leave } = this.blobs.hold(id);
      ready.then(({ url }) => (preview.src = url), () => {});
      this.#leave.push(leave);
    }
    return [{ former, name: name || words(kind), state: "kept", part: 1, follow() {}, cancel() {} }, preview];
  }

  #put(upload, preview) {
    const remove = () => {
      upload.cancel();
      item.remove();
      this.#all = this.#all.filter(one => one !== upload);
      write(this.#trouble, "");
      this.#add.focus();
      this.changed();
    };
    const item = chosenItem(upload, remove, preview);
    this.#all.push(upload);
    this.#list.append(item);
  }
}
