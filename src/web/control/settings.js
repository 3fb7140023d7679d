// The settings, in groups: what each does, what it is, and a form to change it in place. The gateway checks
// before it writes; a secret is written and never read.

import { daemonText, whyOf } from "../app/said.js";
import { $, button, make, paragraph, write } from "../dom.js";
import { folded } from "../model/finding.js";
import { words } from "../words.js";
import { changeable, formOf, switchOf, valueText } from "./setting.js";

/** As people need them: channels and who answers first, limits last. */
const TITLES = ["group-whatsapp", "group-telegram", "group-whatsapp-cloud", "group-discord", "group-agents", "group-models", "group-transcription", "group-push", "group-webhooks", "group-gateway", "group-keeping", "group-cluster", "group-webchat", "group-bridges", "group-limits", "group-other"];
const groupOf = title => title.slice("group-".length);
const TOKEN = "CLEUDOCODEBOT_TOKEN";

export class Settings {
  #rows = [];
  #answer = {};
  /** What was said of a key when it was last changed: `{text, tone}`. */
  #said = new Map();

  constructor(session, rights) {
    Object.assign(this, { session, rights });
    this.search = make("input", { id: "settings-search", type: "search", "data-hint": "settingsSearch", autocomplete: "off", spellcheck: false });
    this.search.oninput = () => this.#filter();
    this.waiting = make("div", { id: "settings-waiting", className: "warning", role: "status", hidden: true });
    this.none = make("p", { className: "quiet", role: "status" });
    $("t-settings").after(this.search, this.none, this.waiting);
  }

  get needsRestart() {
    return this.#answer.needs_restart ?? [];
  }

  /** Takes the answer to `config`. A form that is open stays as it is. */
  take(answer) {
    this.#answer = answer;
    this.#rows = answer.keys;
    this.draw();
  }

  /** Opens the group of a key, and its form. */
  show(name) {
    this.search.value = "";
    this.#filter();
    const row = $("settings").querySelector(`[data-key="${CSS.escape(name)}"]`);
    if (!row) return;
    row.closest("details").open = true;
    row.scrollIntoView({ block: "center" });
    (row.querySelector("[data-do=edit]") ?? row.querySelector("button"))?.focus();
  }

  draw() {
    this.#tellWaiting();
    const groups = TITLES.map(title => [title, this.#rows.filter(row => row.group === groupOf(title))]).filter(([, rows]) => rows.length);
    const there = new Map([...$("settings").children].map(one => [one.dataset.group, one]));
    for (const [i, [title, rows]] of groups.entries()) {
      const group = groupOf(title);
      const details = there.get(group) ?? make("details", { "data-group": group }, make("summary"), make("ul"));
      there.delete(group);
      const set = rows.filter(({ source }) => source !== "default").length;
      details.firstChild.replaceChildren(make("b", {}, words(title)), " ", make("span", { className: "quiet" }, set ? words(set > 1 ? "settingsSet" : "settingSet", { n: set }) : ""));
      this.#fill(details.lastChild, rows);
      put($("settings"), details, i);
    }
    for (const gone of there.values()) gone.remove();
    this.#filter();
  }

  #fill(list, rows) {
    const known = new Map([...list.children].map(one => [one.dataset.key, one]));
    for (const [i, row] of rows.entries()) {
      const item = known.get(row.name) ?? make("li", { "data-key": row.name, className: "setting" });
      known.delete(row.name);
      if (!item.querySelector("form")) this.#drawRow(item, row);
      put(list, item, i);
    }
    for (const gone of known.values()) gone.remove();
  }

  #drawRow(item, row) {
    const said = this.#said.get(row.name);
    // What is as it was stays, and the keyboard in it.
    const drawn = JSON.stringify([row, said, document.documentElement.lang]);
    if (item.drawn === drawn && item.childElementCount === 2) return;
    item.drawn = drawn;
    const about = make(
      "div",
      {},
      row.summary && paragraph("does", daemonText(row.summary)),
      make("p", { className: "is" }, make("code", {}, row.name), " ", make("span", { className: "value", dir: "auto" }, valueText(row)), " ", make("span", { className: "quiet" }, sourceText(row))),
      said && make("p", { className: said.tone, role: "status" }, said.text),
    );
    const hadFocus = item.contains(document.activeElement);
    item.replaceChildren(about, this.#handle(item, row));
    if (hadFocus) item.querySelector("button")?.focus();
  }

  /** What changes it; of what cannot be changed here, nothing. */
  #handle(item, row) {
    if (!changeable(row) || !this.rights.may("config.set")) return make("span");
    if (row.kind === "switch") return switchOf(row, value => this.#save(item, row, value));
    return make("span", {}, button("", words("settingChange"), () => this.#edit(item, row), { "data-do": "edit", ariaLabel: `${words("settingChange")} ${row.name}` }));
  }

  #edit(item, row) {
    const form = formOf(row, {
      save: value => this.#save(item, row, value, form),
      cancel: () => this.#close(item, row),
    });
    item.lastChild.replaceChildren();
    item.append(form.element);
    form.focus();
  }

  #close(item, row) {
    item.querySelector("form")?.remove();
    item.drawn = undefined;
    this.#drawRow(item, this.#rows.find(({ name }) => name === row.name) ?? row);
    item.querySelector("button")?.focus();
  }

  async #save(item, row, value, form) {
    form?.say("");
    const isToken = row.name === TOKEN && Boolean(value);
    try {
      if (isToken) await this.session.identity.expect(value);
      const done = await this.session.ask("config.set", { changes: { [row.name]: value } });
      this.#said.set(row.name, outcome(row.name, done));
      const fresh = await this.session.wish("config");
      if (fresh) [this.#answer, this.#rows] = [fresh, fresh.keys];
      this.#close(item, row);
      this.draw();
      item.querySelector("button")?.focus();
    } catch (fault) {
      // Whoever came in by the former token is sent away, and comes in by this one: the answer may be lost.
      if (isToken && fault?.code === "disconnected") return this.#close(item, row);
      if (form) return form.say(whyOf(fault));
      this.#said.set(row.name, { text: whyOf(fault), tone: "bad" });
      this.#close(item, row);
    }
  }

  #tellWaiting() {
    const { needs_restart: keys = [], restarts } = this.#answer;
    this.waiting.hidden = !keys.length;
    const act = restarts && this.rights.may("shutdown") ? button("", words("restartNow"), ({ target }) => this.#restart(target), { "data-do": "restart-gateway" }) : make("span", {}, words("restartBy"), " ", make("code", {}, "cleudocodebot restart"));
    const text = words("restartWaits", { keys: keys.join(", ") });
    if (this.waiting.dataset.told === text) return;
    this.waiting.dataset.told = text;
    this.waiting.replaceChildren(make("p", {}, text), act);
  }

  async #restart(target) {
    target.ariaDisabled = "true";
    await this.session.wish("shutdown", { restart: true });
  }

  #filter() {
    const sought = folded(this.search.value).split(/\s+/).filter(Boolean);
    let any = !this.#rows.length;
    for (const details of $("settings").children) {
      let count = 0;
      for (const item of details.lastChild.children) {
        const said = folded(item.textContent);
        item.hidden = !sought.every(word => said.includes(word));
        if (!item.hidden) count++;
      }
      details.hidden = !count;
      any ||= count > 0;
      if (sought.length) details.open = count > 0;
      else if (this.wasSought) details.open = false;
    }
    this.wasSought = sought.length > 0;
    write(this.none, any ? "" : words("nothingFound"));
  }
}

/** Puts a child at its place; one that is there already is not touched, and keeps the keyboard. */
function put(parent, child, place) {
  if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null);
}

/** Who set it. */
function sourceText({ source, local }) {
  if (local) return words("settingLocal");
  if (source === "environment" || source === "command line") return words("settingOverruled");
  return source === "default" ? words("settingDefault") : source;
}

/** What became of a change. */
function outcome(name, { needs_restart, overruled }) {
  if (overruled.includes(name)) return { text: words("savedOverruled"), tone: "warn" };
  if (needs_restart.includes(name)) return { text: words("savedWaits"), tone: "warn" };
  return { text: words("saved"), tone: "good" };
}

