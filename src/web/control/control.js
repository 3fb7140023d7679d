// The control view: what needs somebody first, then what the gateway is doing, and the handles to steer it.

import { ask } from "../app/dialog.js";
import { whyOf } from "../app/said.js";
import { channelTitle, isTroubled, serviceOf } from "../app/channels.js";
import { $, button, drawing, goTo, make, paragraph, write } from "../dom.js";
import { shownPeer } from "../model/numbers.js";
import { SECONDS } from "../app/rate.js";
import { lasting, numberText, onLanguage, translate, words } from "../words.js";
import { Device } from "./device.js";
import { Devices } from "./devices.js";
import { Later } from "./later.js";
import { Log } from "./log.js";
import { LOOKS } from "./looks.js";
import { machineRows, steer } from "./machines.js";
import { pair } from "./pair.js";
import { subscriptionLook } from "./push.js";
import { drawRows } from "./rows.js";
import { Settings } from "./settings.js";

/**
 * The sections in their order: first those that need somebody. `wide` ones have the whole width; those that are
 * `passing` are only there while there is something in them. A new one is a row here, and its look in looks.js.
 */
const SECTIONS = [
  ["start", "wide passing"],
  ["notes", "wide passing"],
  ["pairing", "wide passing"],
  ["failures", "wide passing"],
  ["integrations", "wide"],
  ["agents", "passing"],
  ["held", "passing"],
  ["turns", "passing"],
  ["outbox", "passing"],
  ["people", "passing"],
  ["keys", ""],
  ["device", ""],
  ["push", "passing"],
  ["clients", "passing"],
  ["webhooks", "passing"],
  ["machines", "wide passing"],
  ["later", "wide"],
  ["status", "wide"],
  ["settings", "wide"],
  ["log", "wide"],
];
const TOPICS = ["client.*", "log", "key.changed", "config.changed"];
const POLL_MS = 2000;
const quiet = text => paragraph("quiet", text);
const isList = name => !["start", "later", "status", "log", "device", "settings"].includes(name);

export class Control {
  #shown = false;
  #timer;
  #due = new Set();
  #keyNames = new Map();
  #channels = [];
  #cluster;
  #told;
  #failures = { messages: [], turns: [] };

  /** `here`: what this device does for itself (device.js), and the `rate` of messages; `start` the cards of the first minute. */
  constructor(session, here, start) {
    Object.assign(this, { session, here, start });
    // In an element of its own height: columns of a bounded one go on to its right.
    $("control").append(make("div", { className: "sections" }, ...SECTIONS.map(([name, how]) => this.#section(name, how))));
    start.in($("start-cards"));
    this.log = new Log(session);
    this.later = new Later(session, here, () => this.#channels);
    this.settings = new Settings(session, session.rights);
    this.devices = new Devices(session, () => this.#load("keys"));
    this.device = new Device(here, () => this.#channels);
    $("t-integrations").after(button("add", "", () => this.#addMenu(), { id: "add-channel", "data-say": "addChannel" }));
    $("t-agents").after(button("add", "", () => start.open("model"), { id: "choose-model", "data-say": "chooseModel" }));
    translate($("control"));
    onLanguage(() => {
      for (const what of ["outbox", "later", "clients", "keys", "push", "settings", "integrations"]) this.#due.add(what);
      if (this.#shown) this.#poll();
      start.draw();
    });
  }

  #section(name, how) {
    const card = name === "start" ? "startTitle" : name;
    const title = make("h2", { id: `t-${name}`, "data-say": card });
    const id = { log: "log-lines", start: "start-cards" }[name] ?? name;
    const body = make(isList(name) ? "ul" : "div", { id, className: name === "log" ? "scroller" : "" });
    return make("section", { className: `${name} ${how}`, hidden: how.includes("passing"), "aria-labelledby": title.id }, title, body);
  }

  /** A connection stands. */
  begin() {
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
    if (!this.#shown) return;
    if (name === "log") this.log.add(payload);
    // Asked for at the next poll: a storm of events is one question.
    else if (name.startsWith("message.")) this.#due.add("outbox").add("later");
    else if (name.startsWith("client.")) this.#due.add("clients").add("keys");
    else if (name === "config.changed") {
      for (const what of ["settings", "integrations"]) this.#load(what);
      this.start.load();
    } else if (name === "key.changed") {
      this.devices.hear(payload);
      this.#load("keys");
    } else if (name === "integration.state") this.#load("integrations");
  }

  #begin() {
    this.session.follow(...TOPICS);
    this.log.load();
    this.start.load();
    for (const what of ["integrations", "outbox", "later", "keys", "clients", "push", "settings"]) this.#load(what);
  }

  /** Something of this device changed: its notifications are in the list of all as well. */
  tellDevice() {
    this.device.draw();
    const { isOn, wanted, id } = this.here.notify;
    const told = JSON.stringify([isOn, wanted, id]);
    if (this.#told === told) return;
    this.#told = told;
    if (this.#shown) this.#load("push");
  }

  /** After something was changed in a dialog. */
  refresh() {
    if (!this.#shown) return;
    for (const what of ["integrations", "agents", "pairing", "settings"]) this.#load(what);
  }

  #poll() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#poll(), POLL_MS);
    if (document.hidden) return;
    // Names may have come meanwhile.
    this.later.draw();
    this.#due.add("status").add("pairing").add("agents");
    for (const what of this.#due) this.#load(what);
    this.#due.clear();
  }

  async #load(what) {
    if (what === "later") return this.later.load();
    const answer = await this.session.wish({ settings: "config", push: "push.list" }[what] ?? what);
    if (!answer || !this.#shown) return;
    this.#taking[what](answer);
  }

  #taking = {
    status: answer => this.#status(answer),
    settings: answer => this.settings.take(answer),
    agents: answer => this.#agents(answer),
    integrations: ({ integrations }) => this.#integrations(integrations),
    pairing: ({ pending, approved }) => {
      this.#rows("pairing", pending);
      this.#rows("people", approved);
    },
    outbox: ({ waiting, failed }) => {
      this.#rows("outbox", waiting);
      this.#failures.messages = failed.reverse();
      this.#drawFailures();
    },
    keys: ({ keys }) => {
      this.#keyNames = new Map(keys.map(({ key_id, name }) => [key_id, name]));
      this.#rows("keys", keys);
    },
    clients: ({ clients }) => this.#rows("clients", clients),
    webhooks: ({ webhooks }) => this.#rows("webhooks", webhooks),
    push: ({ subscriptions }) => this.#rows("push", subscriptions, subscriptionLook(this.#keyNames, this.device.here.notify.id)),
  };

  #integrations(all) {
    const names = all.map(({ name }) => name);
    if (names.join() !== this.#channels.join()) this.start.load();
    this.#channels = names;
    this.#rows("integrations", [...all.filter(isTroubled), ...all.filter(one => !isTroubled(one))]);
    this.#placeIntegrations(all.some(isTroubled));
  }

  /** A channel that is not connected comes before those who ask and what failed, which may be for its sake. */
  #placeIntegrations(isUrgent) {
    const section = $("integrations").parentElement;
    const before = $(isUrgent ? "pairing" : "agents").parentElement;
    // Who is in it with the keyboard stays there.
    if (section.nextElementSibling !== before && !section.contains(document.activeElement)) before.before(section);
  }

  #agents({ agents, held, running, failed }) {
    this.#rows("agents", agents);
    this.#rows("held", held.filter(({ until_ms }) => until_ms > Date.now()));
    this.#rows("turns", running);
    this.#failures.turns = failed;
    this.#drawFailures();
  }

  /** What was not sent and what was not answered. */
  #drawFailures() {
    const { messages, turns } = this.#failures;
    this.#rows("failures", [...messages, ...turns], item => LOOKS[item.turn_id ? "turns" : "outbox"](item));
  }

  #status({ version, uptime_ms, memory, clients, store, integrations, pauses = [], notes = [], webhooks = [], cluster }) {
    this.here.pauses.take({ pauses, integrations });
    const figures = {
      version,
      uptime: lasting(uptime_ms),
      // Of the machine only those are told who run it.
      ...(memory && { memory: memory.rss_bytes ? `${numberText(memory.rss_bytes / 1048576)} MB` : "—" }),
      ...(store && { connections: numberText(clients), stored: numberText(store.messages) }),
    };
    const shown = Object.entries(figures).map(([key, value]) => make("p", {}, make("b", {}, value), quiet(words(key))));
    $("status").replaceChildren(make("div", { id: "figures" }, ...shown), this.#chart());
    this.#rows("notes", notes);
    this.#rows("webhooks", webhooks);
    this.#cluster = cluster;
    this.#rows("machines", cluster ? machineRows(cluster) : [], row => row);
    this.#integrations(integrations);
  }

  /** Messages in each second of the last minute. */
  #chart() {
    const counts = this.here.rate.series(Date.now());
    const most = Math.max(...counts);
    const bars = counts.map((count, i) => `M${i * 5 + 2} 41V${40 - (36 * count) / Math.max(most, 4)}`).join("");
    const label = words("rate", { n: counts[SECONDS - 2], most });
    const chart = drawing({ viewBox: `0 0 ${SECONDS * 5} 42`, preserveAspectRatio: "none", "aria-hidden": true }, "path", { d: bars });
    return make("div", { id: "rate" }, chart, quiet(label));
  }

  #rows(what, items, look = LOOKS[what]) {
    const section = $(what).parentElement;
    if (section.classList.contains("passing")) section.hidden = !items.length;
    const called = one => (one.peer ? { name: this.here.places.nameOf(one), ...one } : one);
    drawRows($(what), items.map(called), look, (act, item) => this.#do(what, act, item));
    let empty = $(what).querySelector(":scope > .nothing");
    if (items.length) return empty?.remove();
    if (!empty) $(what).append((empty = make("li", { className: "nothing" }, quiet(""))));
    write(empty.firstChild, words(what === "keys" ? "noKeys" : "nothing"));
  }

  /** Which channel to add. */
  #addMenu() {
    const ways = [["whatsapp", "WhatsApp"], ["telegram", "Telegram"], ["discord", "Discord"]];
    const rows = ways.map(([what, title]) => button("way", title, ({ target }) => (target.closest("dialog").close(), this.start.open(what)), { "data-do": what }));
    ask({ title: words("addChannel"), fields: rows });
  }

  async #do(what, act, item) {
    const { name, channel, peer, code, message_id, turn_id, key_id, sender, id } = item;
    if (act === "connect") return pair(this.session, name);
    if (act === "credentials" || act === "configure") return this.start.open(serviceOf(name), name);
    if (act === "showLog") return this.log.find(name);
    if (what === "keys") return this.devices[act]({ key_id, name });
    if (what === "machines") return this.#conclude(what, await steer(this.session, act, item, this.#cluster));
    if (act === "open") return goTo({ channel, peer: peer ?? sender });
    if (act === "unhook" && !(await ask({ title: words("unhook"), text: words("unhookText"), act: words("unhook"), isGrave: true }))) return;
    if (what === "people" && !(await this.#mayRevoke(item))) return;
    const [action, payload] = {
      integrations: [act === "unhook" ? "integration.connect" : `integration.${act}`, { name }],
      pairing: [`pairing.${act}`, { channel, code }],
      people: ["pairing.revoke", { channel, sender }],
      outbox: [act, { message_id }],
      failures: turn_id ? [`agent.${act}`, { turn_id }] : [act, { message_id }],
      agents: [`agent.${act}`, { name }],
      held: [`agent.${act}`, { channel, peer }],
      turns: [`agent.${act}`, { turn_id }],
      push: ["push.unsubscribe", { id }],
      webhooks: [`webhook.${act === "goOn" ? "resume" : act}`, { name }],
    }[what];
    const fault = await this.session.ask(action, payload).then(() => undefined, fault => fault);
    if (act === "unhook" && !fault) await this.session.wish("integration.restart", { name });
    this.#conclude(what, fault);
  }

  /** Says what went wrong, or shows what is different now. */
  #conclude(what, fault) {
    if (fault) $(what).append(make("li", { className: "bad", role: "alert" }, whyOf(fault)));
    else for (const one of { held: ["agents"], turns: ["agents"], failures: ["agents", "outbox"], people: ["pairing"], machines: ["status"] }[what] ?? [what]) this.#load(one);
  }

  #mayRevoke({ channel, sender, name }) {
    const who = name ?? shownPeer(channel, sender);
    return ask({ title: words("personRevoke", { name: who }), text: words("personRevokeText", { channel: channelTitle(channel) }), act: words("revoke"), isGrave: true });
  }
}
