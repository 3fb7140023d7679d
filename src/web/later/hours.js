// The times of a day at which something is sent: one, and more where they are wanted.

import { button, make } from "../dom.js";
import { words } from "../words.js";
import "./table.js";

export class Hours {
  /** The field of the first. */
  first = make("input", { type: "time", value: "08:00" });
  #more = make("span");
  element = make("div", { className: "hours" }, this.#more, button("", words("anotherTime"), () => this.#add("18:00").focus(), { "data-do": "anotherTime" }));

  /** All that are filled in, as `08:00,18:00`. */
  get value() {
    const all = [this.first, ...this.#more.children].map(({ value }) => value);
    return [...new Set(all)].filter(Boolean).sort().join();
  }

  set value(text) {
    const [first, ...more] = text.split(",");
    this.first.value = first;
    this.#more.replaceChildren();
    for (const one of more) this.#add(one);
  }

  set required(isRequired) {
    this.first.required = isRequired;
  }

  #add(value) {
    const one = make("input", { type: "time", value, ariaLabel: words("timeOfDay") });
    this.#more.append(one);
    return one;
  }
}
