// A list of the control view: one row for each thing, kept by key so that focus stays where it is.

import { button, keep, make, write } from "../dom.js";
import { translate } from "../words.js";

/** Rows of one kind; more of them nobody reads here. */
const SHOWN = 100;

const line = name => make("p", { className: name, dir: "auto" });

function build() {
  return make("li", {}, make("div", {}, make("b", { dir: "auto" }), line("quiet note"), line("quote-line"), line("trouble-line"), line("quiet counted")), make("span"));
}

/** Draws `items` as `look(item)` says, each with the buttons of its `acts`; `run(act, item)` is called by them. */
export function drawRows(list, items, look, run) {
  keep(list, items.slice(0, SHOWN), item => look(item).key, build, (row, item) => {
    const { title, note = "", quote = "", trouble = "", counted = "", tone = "", hint = "", main, acts = [] } = look(item);
    row.className = tone;
    row.title = hint;
    write(row.querySelector("b"), title);
    for (const [name, text] of [["note", note], ["quote-line", quote], ["trouble-line", trouble], ["counted", counted]]) write(row.querySelector(`.${name}`), text);
    // What a button does, it does to what the row shows now.
    row.item = item;
    const wanted = [main, ...acts.filter(Boolean)].join();
    if (row.dataset.acts === wanted) return;
    row.dataset.acts = wanted;
    const doing = act => button(act === main ? "main" : "", "", () => run(act, row.item), { "data-do": act, "data-say": act });
    const focused = row.contains(document.activeElement) && document.activeElement.dataset?.do;
    row.lastChild.replaceChildren(...acts.filter(Boolean).map(doing));
    if (focused) (row.querySelector(`[data-do="${focused}"]`) ?? row.querySelector("button"))?.focus();
    translate(row);
  });
}
