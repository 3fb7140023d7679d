// One token, one connection after the other, and how far the events had come when the last one ended.
//
// Every stored event has a `seq`: a new connection asks for what came after the highest one seen, so
// nothing is missed and nothing comes twice.

import { waitBefore } from "./model/backoff.js";
import { Connection, disconnected } from "./wire.js";

const CLIENT = { name: "webchat", kind: "webchat", version: "1" };
const UNAUTHORIZED = 4401;
const RATE_LIMITED = 4429;
/** Further behind than this, it is quicker to begin anew than to hear every event. */
const FAR_BEHIND = 5000;

export class Session {
  /** The gateway's limits while it knows us, otherwise null. */
  limits = null;
  #connection = null;
  #attempt = 0;
  #timer = null;
  #seq = 0;
  #topics = new Set();

  /**
   * `onState(name, detail)`: `connecting`, `open`, `waiting` (for detail ms), `token` (and why).
   * `onOpen(isFresh)`: fresh where events may be missing, so that everything has to be asked for.
   */
  constructor({ onState, onOpen, onEvent }) {
    Object.assign(this, { onState, onOpen, onEvent });
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
  }

  /** Asks the gateway; rejects with a Fault. */
  ask(action, payload = {}) {
    return this.limits ? this.#connection.ask(action, payload) : Promise.reject(disconnected());
  }

  /** Hears these events from now on, over every connection. */
  follow(topics) {
    for (const topic of topics) this.#topics.add(topic);
    return this.ask("subscribe", { topics }).catch(() => {});
  }

  unfollow(topics) {
    for (const topic of topics) this.#topics.delete(topic);
    this.ask("unsubscribe", { topics }).catch(() => {});
  }

  /** Begins with the token at hand. */
  begin() {
    this.#attempt = 0;
    this.#connect();
  }

  /** While it waits to try again: there is reason to believe that it will work now. */
  hurry() {
    if (this.#timer) this.#connect();
  }

  async #connect() {
    this.#hangUp();
    const token = sessionStorage.getItem("token");
    if (!token) return this.onState("token", { why: "none" });
    this.onState("connecting");
    const mine = new Connection({
      onEvent: (name, payload) => this.#hear(name, payload),
      onEnd: (code, reason) => this.#ended(mine, code, reason),
    });
    this.#connection = mine;
    try {
      await mine.opened;
      const { limits } = await mine.ask("auth", { token, client: CLIENT });
      mine.beat(limits.heartbeat_ms);
      const isFresh = await this.#subscribe(mine);
      this.limits = limits;
      this.#attempt = 0;
      this.onState("open");
      this.onOpen(isFresh);
    } catch (fault) {
      mine.waitMs = fault.retryAfterMs;
      // Of a refused token and of its own end the connection tells by itself.
      if (!["unauthorized", "rate_limited", "disconnected"].includes(fault.code)) mine.drop(fault.message);
    }
  }

  /** Goes on where the last connection ended, or begins anew; true for the latter. */
  async #subscribe(mine) {
    const topics = [...this.#topics];
    const { store } = await mine.ask("status", {});
    const behind = store.seq - this.#seq;
    // Behind by less than nothing: its store is a new one.
    const isFresh = !this.#seq || behind < 0 || behind > FAR_BEHIND;
    const { seq } = await mine.ask("subscribe", isFresh ? { topics } : { topics, since: this.#seq });
    if (isFresh) this.#seq = seq;
    return isFresh;
  }

  #hear(name, payload) {
    if (payload.seq > this.#seq) this.#seq = payload.seq;
    this.onEvent(name, payload);
  }

  /** The connection ended: only a token that was refused needs the user. */
  #ended({ waitMs }, code, reason) {
    this.#hangUp();
    if (code === UNAUTHORIZED) {
      sessionStorage.removeItem("token");
      return this.onState("token", { why: "refused", reason });
    }
    if (code === RATE_LIMITED) {
      return this.onState("token", { why: "limited", seconds: Math.ceil((waitMs ?? 60_000) / 1000) });
    }
    const wait = waitBefore(this.#attempt++);
    this.#timer = setTimeout(() => this.#connect(), wait);
    this.onState("waiting", { wait, reason });
  }

  #hangUp() {
    clearTimeout(this.#timer);
    this.#timer = this.limits = null;
    this.#connection?.leave();
    this.#connection = null;
  }
}

/** Takes `#token=…` out of the address, where it would stay in the history and in screenshots. */
export function takeTokenFromAddress() {
  // A plus sign in a fragment is a plus sign, not a blank.
  const token = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B")).get("token");
  if (!token) return false;
  sessionStorage.setItem("token", token);
  history.replaceState(null, "", location.pathname + location.search);
  return true;
}
