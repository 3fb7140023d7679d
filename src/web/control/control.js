// The control view: what the gateway is doing, and the handles to steer it.

import { $, button, drawing, eachFrame, keep, make, write } from "../dom.js";
import { Rate, SECONDS } from "../model/rate.js";
import { numberOf } from "../model/messages.js";
import { lasting, numberText, onLanguage, timeOf, translate, words } from "../words.js";
import { Log } from "./log.js";
import { pair } from "./pair.js";

const CARDS = ["status", "integrations", "pairing", "outbox", "clients", "log", "settings"];
const TOPICS = ["client.*", "log"];
const POLL_MS = 2000;
/** What has nothing to pair. */
const NO_DEVICE = /^(webchat|telegram|whatsapp-cloud)/;
const GRAVE = { running: "good", starting: "warn", backing_off: "warn", parked: "bad", queued: "warn", sending: "warn", failed: "bad" };

/** How each row looks: its key, title, note, tone, and what can be done to it. */
const LOOKS = {
  integrations: (one) => ({
    key: one.name,
    title: one.name,
    note: [`${words(one.state)} ${words("since", { time: lasting(Date.now() - one.since_ms) })}`, one.last_error, one.advice].filter(Boolean).join(" · "),
    // It runs, but there is something for the user to do.
    state: one.advice && one.state === "running" ? "starting" : one.state,
    acts: [one.state === "stopped" || one.state === "parked" ? "start" : "stop", "restart", NO_DEVICE.test(one.name) ? "" : "connect"],
  }),
  pairing: ({ channel, sender, code, at_ms }) => ({
    key: channel + code,
    title: `${sender} · ${channel}`,
    note: `${words("code", { code })} · ${timeOf(at_ms)}`,
    state: "queued",
    acts: ["approve", "reject"],
  }),
  outbox: ({ message_id, peer, channel, text, state, error, due_ms }) => ({
    key: message_id,
    title: `${peer} · ${channel}`,
    note: [words(state), due_ms > Date.now() && timeOf(due_ms), error, text.slice(0, 80)].filter(Boolean).join(" · "),
    state,
    acts: [{ failed: "retry", queued: "cancel" }[state] ?? ""],
  }),
  clients: ({ id, name, kind, version, address, since_ms, sent, received }) => ({
    key: id,
    title: [name ?? id, version].filter(Boolean).join(" "),
    note: `${kind ?? "?"} · ${address} · ${lasting(Date.now() - since_ms)} · ↓${numberText(received)} ↑${numberText(sent)}`,
    state: "running",
    acts: [],
  }),
  settings: ({ name, value, source, summary }) => ({ key: name, title: name, note: `${value || "—"} · ${source}`, hint: summary, acts: [] }),
};

export class Control {
  #shown = false;
  #timer;
  #due = new Set();
  #rate = new Rate();
  #draw = eachFrame(() => this.#chart());

  constructor(session) {
    this.session = session;
    for (const card of CARDS) {
      const title = make("h2", { id: `t-${card}`, "data-say": card });
      const body = make(/status|log/.test(card) ? "div" : "ul", { id: card === "log" ? "log-lines" : card, className: card === "log" ? "scroller" : "" });
      $("control").append(make("section", { className: card, "aria-labelledby": title.id }, title, body));
    }
    this.log = new Log(session);
    onLanguage(() => this.#shown && this.#poll());
  }

  /** A connection stands. */
  start() {
    if (this.#shown) this.#begin();
  }

  show(shown) {
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
    else this.#soon({ me: "outbox", cl: "clients", in: "integrations" }[name.slice(0, 2)]);
  }

  #begin() {
    this.session.follow(...TOPICS);
    this.log.load();
    for (const what of ["outbox", "clients", "pairing", "settings"]) this.#load(what);
  }

  /** Asks again at the next poll: a storm of events is one question. */
  #soon(what) {
    if (what) this.#due.add(what);
  }

  #poll() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#poll(), POLL_MS);
    if (document.hidden) return;
    this.#due.add("status").add("pairing");
    for (const what of this.#due) this.#load(what);
    this.#due.clear();
  }

  async #load(what) {
    const action = { settings: "config", integrations: "status" }[what] ?? what;
    const answer = await this.session.ask(action).catch(() => null);
    if (!answer || !this.#shown) return;
    if (action === "status") this.#status(answer);
    else if (what === "outbox") this.#rows(what, [...answer.waiting, ...answer.failed.reverse()]);
    else this.#rows(what, answer.keys ?? answer.clients ?? answer.pending);
  }

  #status({ version, uptime_ms, memory, clients, store, integrations }) {
    const figures = {
      version,
      uptime: lasting(uptime_ms),
      memory: memory.rss_bytes ? `${numberText(memory.rss_bytes / 1048576)} MB` : "—",
      connections: numberText(clients),
      stored: numberText(store.messages),
    };
    const build = () => make("p", {}, make("b"), make("span", { className: "quiet" }));
    if (!$("figures")) $("status").append(make("div", { id: "figures" }), make("div", { id: "rate" }));
    keep($("figures"), Object.entries(figures), ([key]) => key, build, (figure, [key, value]) => {
      write(figure.firstChild, value);
      write(figure.lastChild, words(key));
    });
    this.#rows("integrations", integrations);
    this.#draw();
  }

  /** Messages in each second of the last minute. */
  #chart() {
    const counts = this.#rate.series(Date.now());
    const most = Math.max(...counts);
    const bars = counts.map((count, i) => `M${i * 5 + 2} 41V${40 - (36 * count) / Math.max(most, 4)}`).join("");
    const label = words("rate", { n: counts[SECONDS - 2], most });
    const chart = drawing({ viewBox: `0 0 ${SECONDS * 5} 42`, preserveAspectRatio: "none", role: "img", "aria-label": label }, "path", { d: bars });
    $("rate").replaceChildren(chart, make("p", { className: "quiet" }, label));
  }

  #rows(what, items) {
    const build = () => make("li", {}, make("div", {}, make("b", { dir: "auto" }), make("p", { className: "quiet", dir: "auto" })), make("span"));
    keep($(what), items, (item) => LOOKS[what](item).key, build, (row, item) => {
      const { title, note, state, hint = "", acts } = LOOKS[what](item);
      row.className = GRAVE[state] ?? "";
      row.title = hint;
      write(row.querySelector("b"), title);
      write(row.querySelector("p"), note);
      if (row.dataset.acts === acts.join()) return;
      row.dataset.acts = acts.join();
      const doing = (act) => button("", "", () => this.#do(what, act, item), { "data-do": act, "data-say": act });
      row.lastChild.replaceChildren(...acts.filter(Boolean).map(doing));
      translate(row);
    });
    if (!items.length) $(what).append(make("li", { className: "quiet" }, words("nothing")));
  }

  async #do(what, act, { name, channel, code, message_id }) {
    if (act === "connect") return pair(this.session, name);
    const [action, payload] = {
      integrations: [`integration.${act}`, { name }],
      pairing: [`pairing.${act}`, { channel, code }],
      outbox: [act, { message_id }],
    }[what];
    const fault = await this.session.ask(action, payload).catch(({ message }) => message);
    if (typeof fault === "string") $(what).append(make("li", { className: "bad", role: "alert" }, fault));
    else this.#load(what);
  }
}
