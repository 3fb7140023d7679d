// The control view: what the gateway is doing, and the handles to steer it.

import { $, button, drawing, goTo, keep, make, paragraph, write } from "../dom.js";
import { lineOf } from "../chat/card.js";
import { toneOf } from "../model/agents.js";
import { shownPeer } from "../model/numbers.js";
import { keyOf } from "../model/conversations.js";
import { Rate, SECONDS } from "../model/rate.js";
import { numberOf } from "../model/messages.js";
import { joined, plain } from "../model/parts.js";
import { lasting, leftText, numberText, onLanguage, timeOf, translate, words } from "../words.js";
import { Log } from "./log.js";
import { pair } from "./pair.js";

const CARDS = ["status", "integrations", "agents", "held", "turns", "pairing", "outbox", "clients", "log", "settings"];
/** Only there while there is something in them. */
const PASSING = ["held", "turns"];
const TOPICS = ["client.*", "log", "integration.state"];
const POLL_MS = 2000;
/** Rows of one kind; more of them nobody reads here. */
const SHOWN = 100;
const TURNS = { running: "answering", waiting: "answersNext", failed: "unanswered" };
/** States in which an earlier error is over. */
const WELL = ["running", "stopped"];

const quiet = text => paragraph("quiet", text);
const line = (...parts) => joined(parts);
const ago = ms => lasting(Date.now() - ms);
const placeOf = ({ channel, peer }) => ({ title: line(shownPeer(channel, peer), channel), hint: peer });
/** How it is and since when, and what is wrong. */
const condition = ({ state, since_ms, last_error, advice }) => line(`${words(state)} ${words("since", { time: ago(since_ms) })}`, !WELL.includes(state) && plain(last_error), plain(advice));
const startOrStop = state => (["stopped", "parked"].includes(state) ? "start" : "stop");

/** How each row looks: its key, title, note, tone, and what can be done to it. */
const LOOKS = {
  integrations: ({ name, pairable, ...one }) => ({
    key: name,
    title: name,
    note: condition(one),
    tone: toneOf(one.state),
    acts: [startOrStop(one.state), "restart", pairable ? "connect" : ""],
  }),
  agents: ({ name, supervised, counters, ...one }) => ({
    key: name,
    title: name,
    note: line(condition(one), words("counted", counters)),
    tone: toneOf(one.state),
    acts: [supervised && startOrStop(one.state)],
  }),
  found: ({ name, title, version, model = version }) => ({ key: line(name, model), title: line(title, plain(model)), note: words("isHere"), acts: ["choose"] }),
  held: ({ until_ms, by, ...one }) => ({ key: keyOf(one), ...placeOf(one), note: line(words(by), leftText(until_ms)), tone: "warn", acts: ["open", "resume"] }),
  turns: ({ turn_id, agent, state, attempt, error, updated_ms, ...one }) => ({
    key: turn_id,
    ...placeOf(one),
    note: line(words(TURNS[state], { name: agent, why: plain(error) }), attempt > 1 && words("attempt", { n: attempt }), timeOf(updated_ms)),
    tone: toneOf(state),
    acts: ["open", state === "failed" ? "retry" : "abort"],
  }),
  pairing: ({ channel, sender, code, at_ms }) => ({
    key: channel + code,
    title: line(shownPeer(channel, sender), channel),
    hint: sender,
    note: line(words("code", { code }), timeOf(at_ms)),
    tone: "warn",
    acts: ["approve", "reject"],
  }),
  outbox: ({ message_id, state, error, due_ms, ...said }) => ({
    key: message_id,
    ...placeOf(said),
    note: line(words(state), due_ms > Date.now() && timeOf(due_ms), error, lineOf(said, 80)),
    tone: toneOf(state),
    acts: [{ failed: "retry", queued: "cancel" }[state]],
  }),
  clients: ({ id, name = id, kind, address, since_ms, sent, received }) => ({
    key: id,
    title: name,
    note: line(kind, address, ago(since_ms), `↓${numberText(received)} ↑${numberText(sent)}`),
    tone: "good",
  }),
  settings: ({ name, value, source, summary = "" }) => ({ key: name, title: name, note: line(value || "—", source), hint: summary }),
};

export class Control {
  #shown = false;
  #timer;
  #due = new Set();
  #rate = new Rate();
  #found;

  constructor(session) {
    this.session = session;
    for (const card of CARDS) {
      const title = make("h2", { id: `t-${card}`, "data-say": card });
      const body = make(/status|log/.test(card) ? "div" : "ul", { id: card === "log" ? "log-lines" : card, className: card === "log" ? "scroller" : "" });
      $("control").append(make("section", { className: card, hidden: PASSING.includes(card), "aria-labelledby": title.id }, title, body));
    }
    this.log = new Log(session);
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
    else if (name.startsWith("client.")) this.#due.add("clients");
    else if (name === "integration.state") this.#load("integrations");
  }

  #begin() {
    this.session.follow(...TOPICS);
    this.log.load();
    this.#found = undefined;
    for (const what of ["outbox", "clients", "settings"]) this.#load(what);
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
      memory: memory.rss_bytes ? `${numberText(memory.rss_bytes / 1048576)} MB` : "—",
      connections: numberText(clients),
      stored: numberText(store.messages),
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

  async #do(what, act, { name, model, channel, peer, code, message_id, turn_id }) {
    if (act === "connect") return pair(this.session, name);
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
