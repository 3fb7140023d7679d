// Questions to the user.

import { button, make, write } from "../dom.js";
import { words } from "../words.js";
import { whyOf } from "./said.js";

let count = 0;

/** A dialog of these, open until it is closed; then it is gone. `onclose` hears with what it was closed. */
export function sheet(title, onclose, ...content) {
  const heading = make("h2", { id: `sheet-${++count}` }, title);
  const dialog = make("dialog", { className: "sheet", "aria-labelledby": heading.id }, heading, ...content);
  dialog.addEventListener("close", () => {
    dialog.remove();
    onclose(dialog.returnValue);
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Asks; the promise of whether `act` was pressed; without one, the fields do what there is to do. `fields` are filled in by then. */
export function ask({ title, text, fields = [], act, isGrave }) {
  return new Promise(resolve => {
    const cancel = button("close", words("cancel"), () => dialog.close(""));
    const done = act && make("button", { className: isGrave ? "main grave" : "main", value: "done" }, act);
    const form = make("form", { method: "dialog", autocomplete: "off" }, text && make("p", {}, text), ...fields, make("p", { className: "acts" }, cancel, done && " ", done));
    const dialog = sheet(title, value => resolve(value === "done"), form);
  });
}

/** A form that is closed once `submit` came through; what that fails with is said in it. */
export function fill({ title, text, fields, act, submit }) {
  const trouble = make("p", { role: "alert" });
  const done = make("button", { className: "main" }, act);
  const cancel = button("close", words("cancel"), () => dialog.close(""));
  const form = make("form", { autocomplete: "off" }, text && make("p", {}, text), ...fields, trouble, make("p", { className: "acts" }, cancel, " ", done));
  form.onsubmit = async event => {
    event.preventDefault();
    done.disabled = true;
    try {
      await submit();
      dialog.close("done");
    } catch (fault) {
      const why = whyOf(fault);
      write(trouble, why);
      // In a low window it stands below what is seen. What a field says itself is not said again.
      if (why) done.scrollIntoView({ block: "nearest" });
    }
    done.disabled = false;
  };
  const dialog = sheet(title, () => {}, form);
  return dialog;
}

/** A field with its label. */
export function field(label, input, hint) {
  input.id ||= `field-${++count}`;
  const note = hint && make("p", { className: "quiet", id: `${input.id}-hint` }, hint);
  if (note) input.setAttribute("aria-describedby", note.id);
  return make("div", { className: "field" }, make("label", { htmlFor: input.id }, label), input, note);
}

/** A choice of these, each as `[value, text]`. */
export const select = (options, more = {}) => make("select", more, ...options.map(([value, text = value]) => make("option", { value }, text)));
