// What holds messages back: pauses, a channel that is down, its hours, its limits by the day. A strip over every view
// names the pauses; over the composer stands why what is written there waits.

import { $, button, keep, make, write } from "../dom.js";
import { joined, plain } from "../model/parts.js";
import { dayOf, momentOf, onLanguage, timeOf, whenOf, words } from "../words.js";
import { channelTitle, isTroubled } from "./channels.js";
import { daemonText, whyOf } from "./said.js";

const ALL = "all";
/** Why a channel is held tells no event as soon as its hours begin or a day ends. */
const ASK_MS = 60_000;
/** A storm of events is one question. */
const SOON_MS = 1000;

/** Of today the time is enough. */
const endOf = ms => (dayOf(ms) === words("today") ? timeOf(ms) : momentOf(ms));

/** A pause in words. */
export function pauseText({ channel, reason, until_ms }) {
  const what = channel === ALL ? words("pausedAll") : words("pausedOn", { channel: channelTitle(channel) });
  const why = reason ? `${what}: ${plain(reason)}` : what;
  return joined([why, until_ms && words("until", { time: endOf(until_ms) })]);
}

/** Whether nothing goes out there now. One that starts again and again was never well in between, and keeps its error. */
const isDown = one => isTroubled(one) || one.state === "stopped" || (one.state === "starting" && Boolean(one.last_error));

/** What is down, since when, and why. */
function downText({ name, state, since_ms, last_error }) {
  const standing = `${channelTitle(name)}: ${words(state === "starting" ? "backing_off" : state)} ${words("personSince", { time: whenOf(since_ms) })}`;
  const why = state !== "stopped" && plain(daemonText(last_error)).replace(/\.$/, "");
  return words("channelDown", { how: joined([standing, why]) });
}

export class Pauses {
  #pauses = [];
  /** Why, by channel, as the gateway says it. */
  #held = new Map();
  /** The channels that are down, by name. */
  #down = new Map();
  #faults = new Map();
  #soon;
  /** When it was asked last. */
  #asked = 0;

  /** `changed` hears when something else holds messages back than before. */
  constructor(session, changed) {
    Object.assign(this, { session, changed });
    setInterval(() => document.hidden || this.#held.size + this.#down.size === 0 || this.look(), ASK_MS);
    onLanguage(() => this.draw());
  }

  /** A connection stands, or somebody else came. */
  async load() {
    this.#asked = Date.now();
    const [paused, there] = await Promise.all([this.session.wish("pauses"), this.session.wish("integrations")]);
    if (paused || there) this.take({ ...paused, ...there });
  }

  /** Somebody is about to write: what is known may be old. */
  look() {
    if (this.session.limits && Date.now() - this.#asked >= ASK_MS / 2) this.load();
  }

  forget() {
    this.take({ pauses: [], integrations: [] });
  }

  /** As `status` tells both; what is not told stays as it was. */
  take({ pauses = this.#pauses, integrations }) {
    const before = this.#version;
    this.#pauses = pauses;
    if (integrations) {
      this.#held = new Map(integrations.filter(({ held }) => held).map(({ name, held }) => [name, held]));
      this.#down = new Map(integrations.filter(isDown).map(one => [one.name, one]));
    }
    if (before !== this.#version) this.#tell();
  }

  /** Differs where something else is to be said. */
  get #version() {
    return JSON.stringify([this.#pauses, ...this.#held, ...[...this.#down.values()].map(downText)]);
  }

  hear(name, payload) {
    if (name === "gate.paused") {
      const others = this.#pauses.filter(({ channel }) => channel !== payload.channel);
      this.#pauses = payload.paused ? [...others, payload] : others;
      if (!payload.paused) this.#release(payload.channel);
      this.#faults.delete(payload.channel);
      this.#loadSoon();
      this.#tell();
    } else if (name === "integration.state" || (this.#held.has(payload.channel) && payload.state === "sent")) this.#loadSoon();
  }

  /** What its end let go waits no more, whatever else may still hold it is told soon. */
  #release(channel) {
    if (channel === ALL) this.#held.clear();
    else this.#held.delete(channel);
  }

  /** The gateway took a message and says that it waits. */
  hold(channel, why) {
    if (this.#held.get(channel) === why) return;
    this.#held.set(channel, why);
    this.#tell();
  }

  /** Why messages of this channel wait, in words; undefined where they do not. */
  reasonOf(channel) {
    const pause = this.#pauses.find(one => one.channel === ALL) ?? this.#pauses.find(one => one.channel === channel);
    const down = this.#down.get(channel);
    const held = this.#held.get(channel);
    if (pause) return pauseText(pause);
    return down ? downText(down) : held && words("heldBack", { why: plain(daemonText(held)) });
  }

  draw() {
    $("pauses").hidden = !this.#pauses.length;
    keep($("pauses").firstElementChild, this.#pauses, ({ channel }) => channel, ({ channel }) => this.#row(channel), (row, pause) => {
      write(row.firstChild, joined([pauseText(pause), this.#faults.get(pause.channel)]));
      write(row.lastChild, words("resumeSending"));
    });
  }

  #row(channel) {
    return make("li", {}, make("span", { dir: "auto" }), button("", "", () => this.#resume(channel), { "data-do": "resumeSending" }));
  }

  async #resume(channel) {
    const fault = await this.session.ask("resume", { channel: channel === ALL ? undefined : channel }).then(() => undefined, whyOf);
    if (fault) this.#faults.set(channel, fault);
    else this.hear("gate.paused", { channel, paused: false });
    this.draw();
  }

  #loadSoon() {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.load();
    }, SOON_MS);
  }

  #tell() {
    this.draw();
    this.changed();
  }
}
