// Which message the keyboard stands on. Of all the buttons of messages one is a stop for Tab; arrow keys
// go from it to the message before and after.

import { $ } from "../dom.js";

export class Rove {
  #stop;

  constructor(view) {
    this.view = view;
    $("messages").addEventListener("keydown", event => this.#key(event));
    $("messages").addEventListener("focusin", ({ target }) => target.matches(".act") && this.#choose(target));
  }

  /** The one that was used last, while it is in the page, otherwise the newest. */
  draw() {
    if (!this.#stop?.isConnected) this.#choose(this.#all.at(-1));
  }

  get #all() {
    return [...$("messages").querySelectorAll(".act")];
  }

  #choose(act) {
    if (this.#stop) this.#stop.tabIndex = -1;
    if (act) act.tabIndex = 0;
    this.#stop = act;
  }

  #key(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !event.target.matches(".act")) return;
    event.preventDefault();
    const all = this.#all;
    const next = all[all.indexOf(event.target) + step];
    if (!next) return;
    next.focus({ preventScroll: true });
    this.view.show(next.closest("li").dataset.key);
  }
}
