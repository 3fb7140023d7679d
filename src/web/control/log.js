// The log as it grows: from a level on, and of it the lines that have certain words.

import { $, eachFrame, make, write } from "../dom.js";
import { LongList } from "../list.js";
import { words } from "../words.js";

const LEVELS = ["error", "warn", "info", "debug"];
const KEEP = 1000;
const ASK = 500;

export class Log {
  #lines = [];
  #last = 0;

  constructor(session) {
    this.session = session;
    this.level = make("select", { id: "level", "data-label": "level" }, ...LEVELS.map(level => make("option", {}, level)));
    this.level.value = "info";
    this.level.onchange = () => this.load();
    this.sought = make("input", { id: "log-search", type: "search", "data-hint": "logSearch", autocomplete: "off", spellcheck: false });
    this.sought.oninput = () => this.#filter();
    this.none = make("p", { className: "quiet", role: "status", id: "log-none" });
    $("t-log").after(make("div", { className: "log-bar" }, this.sought, this.level));
    const lines = make("ol", { id: "lines" });
    $("log-lines").tabIndex = 0;
    $("log-lines").append(lines);
    $("log-lines").after(this.none);
    this.list = new LongList($("log-lines"), lines, {
      follows: true,
      keyOf: ({ key }) => key,
      guess: () => 20,
      version: () => "",
      build: line => this.#row(line),
    });
    this.draw = eachFrame(() => this.#draw());
  }

  async load() {
    const { value } = this.level;
    const { lines } = await this.session.ask("logs", { lines: ASK, level: value }).catch(() => ({ lines: [] }));
    this.#lines = [];
    this.list.reset();
    for (const line of lines) this.add(line);
    this.draw();
  }

  /** Shows what it says of this, such as a channel. */
  find(words) {
    this.sought.value = words;
    this.#filter();
    $("log-lines").closest("section").scrollIntoView({ block: "start" });
    this.sought.focus({ preventScroll: true });
  }

  add(line) {
    if (LEVELS.indexOf(line.level) > LEVELS.indexOf(this.level.value)) return;
    const text = [line.level, line.target, line.message, ...Object.entries(line.fields).flat()].join(" ").toLowerCase();
    this.#lines.push({ ...line, text, key: ++this.#last });
    if (this.#lines.length > KEEP * 1.2) this.#lines.splice(0, this.#lines.length - KEEP);
    this.draw();
  }

  #filter() {
    this.list.reset();
    this.draw();
  }

  #draw() {
    const sought = this.sought.value.trim().toLowerCase();
    const lines = sought ? this.#lines.filter(({ text }) => text.includes(sought)) : this.#lines;
    this.list.show(lines);
    write(this.none, lines.length ? "" : words("nothingFound"));
  }

  #row({ time_ms, level, target, message, fields }) {
    const more = Object.entries(fields).map(([name, value]) => ` ${name}=${value}`);
    const time = new Date(time_ms).toLocaleTimeString("sv");
    return make("li", { className: level }, make("time", {}, time), make("b", {}, level), make("bdi", {}, ` ${target} ${message}`), make("small", {}, ...more.map(field => make("bdi", {}, field))));
  }
}
