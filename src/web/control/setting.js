// One setting as a form: a field that fits what it takes, and why the gateway would not have it.

import { button, make, write } from "../dom.js";
import { words } from "../words.js";

const LONGEST = 65_536;

/** Whether it can be changed from here at all. */
export const changeable = ({ source, local, name }) => !local && name !== "CLEUDOCODEBOT_HOME" && !["environment", "command line"].includes(source);

/** What it is now, for people. */
export function valueText({ kind, secret, set, value, default: usual }) {
  if (secret) return words(set ? "secretSet" : "secretUnset");
  const now = value ?? usual;
  if (kind === "switch") return words(now === "1" ? "switchOn" : "switchOff");
  return now || "—";
}

/** A switch that takes effect at once. */
export function switchOf({ name, value, default: usual }, save) {
  const isOn = (value ?? usual) === "1";
  return make("span", {}, button("switch", "", () => save(isOn ? "0" : "1"), { role: "switch", ariaChecked: isOn, ariaLabel: name, "data-do": "switch" }));
}

/** The field for its kind. */
function inputOf({ name, kind, secret, choices, least, most, value = "", default: usual = "" }) {
  if (secret) return make("input", { type: "password", autocomplete: "new-password", maxLength: LONGEST });
  if (kind === "choice") {
    const options = (choices.includes(usual) ? choices : ["", ...choices]).map(one => make("option", { value: one }, one || "—"));
    return Object.assign(make("select", {}, ...options), { value });
  }
  if (kind === "number") return make("input", { type: "number", min: least, max: most, step: 1, value, placeholder: usual });
  if (kind === "lines") return make("textarea", { rows: 5, value });
  const more = kind === "list" ? { placeholder: usual || words("listHint") } : { placeholder: usual };
  return make("input", { type: kind === "address" ? "url" : "text", autocomplete: "off", autocapitalize: "none", spellcheck: false, value, ...more, name });
}

/** The form: `{element, focus(), say(why)}`; `on.save(value)`, with null for the default, and `on.cancel()`. */
export function formOf(row, on) {
  const input = Object.assign(inputOf(row), { id: `set-${row.name}` });
  input.setAttribute("aria-label", row.name);
  const trouble = make("p", { role: "alert", id: `${input.id}-why` });
  input.setAttribute("aria-describedby", trouble.id);
  const isSet = row.source === ".env";
  const reset = isSet && button("", words(row.secret || !row.default ? "settingRemove" : "settingReset"), () => on.save(null), { "data-do": "reset" });
  const acts = make("p", { className: "acts" }, make("button", { className: "main", "data-do": "save" }, words("settingSave")), " ", button("", words("cancel"), on.cancel, { "data-do": "cancel-edit" }), reset && " ", reset);
  const element = make("form", { noValidate: true }, input, trouble, acts);
  element.onsubmit = event => {
    event.preventDefault();
    const { value } = input;
    // Nothing written in an empty field means what was there before, not an empty secret.
    if (row.secret && !value) return on.cancel();
    on.save(value === "" ? null : value);
  };
  element.onkeydown = event => {
    if (event.key === "Escape") on.cancel();
  };
  return { element, focus: () => input.focus(), say: why => write(trouble, why) };
}
