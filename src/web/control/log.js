// The log as it grows, from a level on.

import { $, eachFrame, make } from "../dom.js";
import { LongList } from "../list.js";

const LEVELS = ["error", "warn", "info", "debug"];
const KEEP = 1000;

export class Log {
  #lines = [];
  #last = 0;

  constructor(session) {
    this.session = session;
    this.level = make("select", { id: "level", "data-label": "level" }, ...LEVELS.map(level => make("option", {}, level)));
    this.level.value = "info";
    this.level.onchange = () => this.load();
    $("t-log").after(this.level);
    const lines = make("ol", { id: "lines" });
    $("log-lines").tabIndex = 0;
    $("log-lines").append(lines);
    this.list = new LongList($("log-lines"), lines, {
      follows: true,
      keyOf: ({ key }) => key,
      guess: () => 20,
      version: () => "",
      build: line => this.#row(line),
    });
    this.draw = eachFrame(() => this.list.show(this.#lines));
  }

  async load() {
    const { value } = this.level;
    const { lines } = await this.session.ask("logs", { lines: 500, level: value }).catch(() => ({ lines: [] }));
    this.#lines = [];
    this.list.reset();
    for (const line of lines) this.add(line);
  }

  add(line) {
    if (LEVELS.indexOf(line.level) > LEVELS.indexOf(this.level.value)) return;
    this.#lines.push({ ...line, key: ++this.#last });
    if (this.#lines.length > KEEP * 1.2) this.#lines.splice(0, this.#lines.length - KEEP);
    this.draw();
  }

  #row({ time_ms, level, target, message, fields }) {
    const more = Object.entries(fields).map(([name, value]) => ` ${name}=${value}`);
    const time = new Date(time_ms).toLocaleTimeString("sv");
    return make("li", { className: level }, make("time", {}, time), make("b", {}, level), make("bdi", {}, ` ${target} ${message}`), make("small", {}, ...more.map(field => make("bdi", {}, field))));
  }
}
