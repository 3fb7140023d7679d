// A menu that stands beside what opened it, within the window, and is walked with the arrow keys.

import { button } from "./dom.js";

/** Pixels between the menu and what is around it. */
const GAP = 6;

export class Popup {
  #from;

  constructor(menu) {
    this.menu = menu;
    menu.onkeydown = event => this.#key(event);
  }

  /** Opens with these at an element, or at a point of the window. */
  open(from, ...items) {
    this.#from = from;
    this.menu.replaceChildren(...items.filter(Boolean));
    this.menu.showPopover();
    this.place();
    this.#items[0]?.focus();
  }

  /** One more, where the menu of this element is still open. */
  add(from, item) {
    if (from !== this.#from || !this.menu.matches(":popover-open")) return;
    this.menu.append(item);
    this.place();
  }

  close() {
    this.menu.hidePopover();
  }

  /** Closing gives the focus back to where it was; what is done may take it on from there. */
  item(text, act, more) {
    const done = () => {
      this.close();
      act();
    };
    return button("", text, done, { role: "menuitem", tabIndex: -1, ...more });
  }

  /** Beside what it was opened from, and within the window. */
  place() {
    const from = this.#from;
    if (!this.menu.matches(":popover-open") || from.isConnected === false) return;
    const at = from.getBoundingClientRect?.() ?? { left: from.x, width: 0, top: from.y, bottom: from.y };
    const own = this.menu.getBoundingClientRect();
    const within = (wanted, size, most) => Math.max(GAP, Math.min(wanted, most - size - GAP));
    const top = at.bottom + own.height + GAP > innerHeight ? at.top - own.height - GAP : at.bottom + GAP;
    this.menu.style.setProperty("left", `${within(at.left + at.width / 2 - own.width / 2, own.width, innerWidth)}px`);
    this.menu.style.setProperty("top", `${within(top, own.height, innerHeight)}px`);
  }

  get #items() {
    return [...this.menu.querySelectorAll("button")];
  }

  #key(event) {
    const items = this.#items;
    const at = items.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === "Tab") this.close();
    if (to === undefined) return;
    event.preventDefault();
    items.at(to % items.length).focus();
  }
}
