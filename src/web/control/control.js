// The control view: what the gateway is doing, and the handles to steer it.

import { $, button, drawing, goTo, keep, make, paragraph, write } from "../dom.js";
import { numberOf } from "../model/messages.js";
import { Rate, SECONDS } from "../model/rate.js";
import { lasting, numberText, onLanguage, translate, words } from "../words.js";
import { Device } from "./device.js";
import { Devices } from "./devices.js";
import { Log } from "./log.js";
import { LOOKS } from "./looks.js";
import { pair } from "./pair.js";

const CARDS = ["status", "integrations", "agents", "held", "turns", "pairing", "outbox", "keys", "clients", "device", "log", "settings"];
/** Only there while there is something in them. */
const PASSING = ["held", "turns"];
const TOPICS = ["client.*", "log", "integration.state", "key.changed"];
const POLL_MS = 2000;
/** Rows of one kind; more of them nobody reads here. */
const SHOWN = 100;
const quiet = text => paragraph("quiet", text);

export class Control {
  #shown = false;
  #timer;
  #due = new Set();
  #rate = new Rate();
  #found;

  /** `here`: what this device does for itself (device.js). */
  constructor(session, here) {
    this.session = session;
    for (const card of CARDS) {
      const title = make("h2", { id: `t-${card}`, "data-say": card });
      const body = make(/status|log|device/.test(card) ? "div" : "ul", { id: card === "log" ? "log-lines" : card, className: card === "log" ? "scroller" : "" });
      $("control").append(make("section", { className: card, hidden: PASSING.includes(card), "aria-labelledby": title.id }, title, body));
    }
    this.log = new Log(session);
    this.devices = new Devices(session, () => this.#load("keys"));
    this.device = new Device(here);
    onLanguage(() => {
      this.#due.add("outbox").add("clients");
      if (this.#shown) this.#poll();
    });
  }

  /** A connection stands. */
  start() {
    if (this.#shown) this.#begin();
  }

  show(shown) {
    if (shown) this.device.draw();
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (shown) this.#begin();
    else this.session.unfollow(...TOPICS);
    clearTimeout(this.#timer);
    if (shown) this.#poll();
  }

  hear(name, payload) {
    // The event that made a message has its number.
    if (name.startsWith("message.") && numberOf(payload.message_id) === payload.seq) this.#rate.add(Date.now());
    if (!this.#shown) return;
    if (name === "log") this.log.add(payload);
    // Asked for at the next poll: a storm of events is one question.
    else if (name.startsWith("message.")) this.#due.add("outbox");
    else if (name.startsWith("client.")) this.#due.add("clients").add("keys");
    else if (name === "key.changed") {
      this.devices.hear(payload);
      this.#load("keys");
    }
    else if (name === "integration.state") this.#load("integrations");
  }

  #begin() {
    this.session.follow(...TOPICS);
    this.log.load();
    this.#found = undefined;
    for (const what of ["outbox", "keys", "clients", "settings"]) this.#load(what);
  }

  #poll() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#poll(), POLL_MS);
    if (document.hidden) return;
    this.#due.add("status").add("pairing").add("agents");
    for (const what of this.#due) this.#load(what);
    this.#due.clear();
  }

  async #load(what) {
    const answer = await this.session.wish(what === "settings" ? "config" : what);
    if (!answer || !this.#shown) return;
    if (what === "status") return this.#status(answer);
    if (what === "agents") return this.#agents(answer);
    const { integrations, keys, clients, pending, waiting, failed } = answer;
    this.#rows(what, integrations ?? keys ?? clients ?? pending ?? [...waiting, ...failed.reverse()]);
  }

  #agents({ agents, held, running, failed }) {
    if (agents.length) this.#rows("agents", agents);
    else this.#offer();
    this.#rows("held", held.filter(({ until_ms }) => until_ms > Date.now()));
    this.#rows("turns", [...running, ...failed]);
  }

  /** What the gateway's machine has to answer with: looked for once, which takes a second. */
  async #offer() {
    this.#found ??= this.session.wish("agents.found");
    const { found = [] } = (await this.#found) ?? {};
    const rows = found.flatMap(one => (one.models.length ? one.models.map(model => ({ ...one, model })) : one));
    this.#rows("agents", rows, ["letModel", "letModelHow"], "found");
  }

  #status({ version, uptime_ms, memory, clients, store, integrations }) {
    const figures = {
      version,
      uptime: lasting(uptime_ms),
      // Of the machine only those are told who run it.
      ...(memory && { memory: memory.rss_bytes ? `${numberText(memory.rss_bytes / 1048576)} MB` : "—" }),
      ...(store && { connections: numberText(clients), stored: numberText(store.messages) }),
    };
    const shown = Object.entries(figures).map(([key, value]) => make("p", {}, make("b", {}, value), quiet(words(key))));
    $("status").replaceChildren(make("div", { id: "figures" }, ...shown), this.#chart());
    this.#rows("integrations", integrations);
  }

  /** Messages in each second of the last minute. */
  #chart() {
    const counts = this.#rate.series(Date.now());
    const most = Math.max(...counts);
    const bars = counts.map((count, i) => `M${i * 5 + 2} 41V${40 - (36 * count) / Math.max(most, 4)}`).join("");
    const label = words("rate", { n: counts[SECONDS - 2], most });
    const chart = drawing({ viewBox: `0 0 ${SECONDS * 5} 42`, preserveAspectRatio: "none", "aria-hidden": true }, "path", { d: bars });
    return make("div", { id: "rate" }, chart, quiet(label));
  }

  #rows(what, items, nothing = ["", "nothing"], look = what) {
    if (PASSING.includes(what)) $(what).parentElement.hidden = !items.length;
    const build = () => make("li", {}, make("div", {}, make("b", { dir: "auto" }), quiet()), make("span"));
    keep($(what), items.slice(0, SHOWN), item => LOOKS[look](item).key, build, (row, item) => {
      const { title, note, tone = "", hint = "", acts = [] } = LOOKS[look](item);
      row.className = tone;
      row.title = hint;
      write(row.querySelector("b"), title);
      write(row.querySelector("p"), note);
      if (row.dataset.acts === acts.join()) return;
      row.dataset.acts = acts.join();
      const doing = act => button("", "", () => this.#do(what, act, item), { "data-do": act, "data-say": act });
      row.lastChild.replaceChildren(...acts.filter(Boolean).map(doing));
      translate(row);
    });
    if (!items.length) $(what).append(make("li", {}, make("div", {}, make("b", {}, words(nothing[0])), quiet(words(nothing[1])))));
  }

  async #do(what, act, { name, model, channel, peer, code, message_id, turn_id, key_id }) {
    if (act === "connect") return pair(this.session, name);
    if (what === "keys") return this.devices[act]({ key_id, name });
    if (act === "open") return goTo({ channel, peer });
    const [action, payload] = {
      integrations: [`integration.${act}`, { name }],
      pairing: [`pairing.${act}`, { channel, code }],
      outbox: [act, { message_id }],
      agents: [`agent.${act}`, { name, model }],
      held: [`agent.${act}`, { channel, peer }],
      turns: [`agent.${act}`, { turn_id }],
    }[what];
    const fault = await this.session.ask(action, payload).catch(({ message }) => message);
    if (typeof fault === "string") $(what).append(make("li", { className: "bad", role: "alert" }, fault));
    else this.#load(PASSING.includes(what) ? "agents" : what);
  }
}
