// A dialog of a few steps, each a form. What a step does may fail: then it says why and stays.

import { sheet } from "../app/dialog.js";
import { whyOf } from "../app/said.js";
import { isAway } from "../control/pair.js";
import { button, make, write } from "../dom.js";
import { named } from "../model/parts.js";
import { words } from "../words.js";

export class Steps {
  isOpen = true;
  /** What to look at where the service is not there. */
  away = "serviceAway";
  #body = make("div", { className: "step" });
  #onclose = [];

  /** `names` says what the fields here are called, by the settings that they fill. */
  constructor(title, names = {}) {
    this.names = names;
    this.dialog = sheet(title, () => this.#closed(), this.#body);
    this.dialog.classList.add("steps");
  }

  /** Calls `hear` once the dialog is closed. */
  onClose(hear) {
    this.#onclose.push(hear);
  }

  close() {
    this.dialog.close("");
  }

  #closed() {
    this.isOpen = false;
    for (const hear of this.#onclose) hear();
  }

  /**
   * Shows a step: `content` are elements, `act` what its button says, `run` what that does. A step without `act` is
   * the last. `back` goes to the step before.
   */
  show({ content, act, run, back }) {
    const trouble = make("p", { role: "alert", className: "step-trouble" });
    const leave = button("close", words(act ? "cancel" : "close"), () => this.close());
    const before = back && button("back", words("stepBack"), back);
    const go = act && make("button", { className: "main" }, act);
    const form = make("form", { method: "dialog", autocomplete: "off" }, ...content, trouble, make("p", { className: "acts" }, leave, before && " ", before, go && " ", go));
    // What was wrong was so of another choice.
    form.addEventListener("change", ({ target }) => target.matches("select") && write(trouble, ""));
    form.addEventListener("submit", event => {
      event.preventDefault();
      if (go && !go.ariaDisabled) this.#run(run, go, trouble);
    });
    this.#body.replaceChildren(form);
    this.#focus(form);
  }

  async #run(run, go, trouble) {
    write(trouble, "");
    const said = go.textContent;
    go.ariaDisabled = "true";
    write(go, words("stepWait"));
    try {
      await run();
    } catch (fault) {
      write(trouble, [named(whyOf(fault), this.names), isAway(fault) && words(this.away)].filter(Boolean).join(" – "));
      trouble.scrollIntoView?.({ block: "nearest" });
    }
    go.ariaDisabled = null;
    write(go, said);
  }

  /** Where the next key goes: into the first field, else to the button. */
  #focus(form) {
    (form.querySelector("input:not([type=radio]), select, textarea") ?? form.querySelector(".main") ?? form.querySelector("button"))?.focus();
  }
}

/** Numbered lines that say what to do elsewhere. */
export const list = (...lines) => make("ol", { className: "howto" }, ...lines.map(line => make("li", {}, ...[line].flat())));

/** One of several, as radio buttons: `[{value, title, note}]`. The function returns which is chosen. */
export function choice(name, legend, options, chosen = options[0]?.value) {
  const rows = options.map(({ value, title, note }) =>
    make(
      "label",
      { className: "option" },
      make("input", { type: "radio", name, value, checked: value === chosen }),
      make("span", {}, make("b", { dir: "auto" }, title), note && make("span", { className: "quiet" }, note)),
    ),
  );
  const element = make("fieldset", { className: "choice" }, make("legend", {}, legend), ...rows);
  const value = () => element.querySelector("input:checked")?.value;
  return { element, value };
}

/** A text to copy elsewhere. */
export function copied(label, text) {
  const copy = button("copy", words("copyText"), () => navigator.clipboard?.writeText(text).then(() => write(copy, words("copied"))));
  return make("div", { className: "field to-copy" }, make("span", { className: "label" }, label), make("code", {}, text), navigator.clipboard ? copy : "");
}
