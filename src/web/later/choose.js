// The dialog that asks for a time to come.

import { fill, field } from "../app/dialog.js";
import { button, make } from "../dom.js";
import { momentOf, words } from "../words.js";
import { localOf, msOf, quickTimes } from "./times.js";

/** The dialog that asks for a time, one at a time; `submit(ms)` has it, and what it fails with is said. `at` is the time that it begins with. */
export function chooseTime({ title, act, at, submit }) {
  // Two presses of a button ask once.
  document.querySelector(".sheet:has(.at)")?.close("");
  const quick = quickTimes(Date.now());
  const input = make("input", { type: "datetime-local", className: "at", required: true, value: localOf(at ?? quick[0][1]) });
  // A browser would say it in its own language.
  const check = () => input.setCustomValidity(msOf(input.value) <= Date.now() ? words("timeOver") : "");
  const choose = ms => {
    input.value = localOf(ms);
    check();
    input.focus();
  };
  input.oninput = check;
  const offered = quick.map(([word, ms]) => button("", words(word), () => choose(ms), { title: momentOf(ms), "data-do": word }));
  return fill({
    title,
    fields: [field(words("when"), input, words("whenHint")), make("div", { className: "quick", role: "group", ariaLabel: words("quickTimes") }, ...offered)],
    act,
    submit() {
      check();
      return input.reportValidity() ? submit(msOf(input.value)) : Promise.reject({ message: "" });
    },
  });
}

/** Gives a scheduled message another time. */
export const anotherTime = (session, { message_id, at_ms }) =>
  chooseTime({ title: words("another"), act: words("settingSave"), at: at_ms, submit: at => session.ask("reschedule", { message_id, at }) });
