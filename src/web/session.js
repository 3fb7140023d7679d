// One token, one socket after the other, and how far the events had come when the last one ended.
//
// Every stored event has a `seq`: a new socket asks for what came after the highest one seen, so
// nothing is missed and nothing comes twice.

import { waitBefore } from "./model/backoff.js";
import { words } from "./words.js";

const UNAUTHORIZED = 4401;
/** The key was revoked, or has expired. */
const FORBIDDEN = 4403;
const RATE_LIMITED = 4429;
/** Further behind than this, it is quicker to begin anew than to hear every event. */
const FAR_BEHIND = 5000;
/** For a gateway that has not told its own heartbeat. */
const PATIENCE_MS = 20_000;

/** What the page does not wait for is asked for after this. */
const LATER_MS = 400;

/** The dialect, and the token beside it: then the gateway knows from the first byte on whose connection that is. */
const SPOKEN = "cleudocodebot.v1";
const offered = token => `token.${btoa(String.fromCharCode(...new TextEncoder().encode(token))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;

const secondsOf = ms => Math.ceil(ms / 1000);

/** A rejection is what the gateway answered, or this. */
const fault = (code, key) => ({ code, get message() { return words(key); } });
const GONE = fault("disconnected", "connectionLost");
const NOT_ALLOWED = fault("forbidden", "notAllowed");

/** An event that every key may hear: subscribing to it tells how far the events have come. */
const FOR_ALL = "typing";

export class Session {
  /** The gateway's limits while it knows us, otherwise null. */
  limits = null;
  #socket = null;
  #waiting = new Map();
  #lastId = 0;
  #heard = true;
  #pulse;
  #timer = null;
  #attempt = 0;
  #wait;
  #seq = 0;
  #topics = new Set();
  /** Whether the gateway told this page what the key may. */
  #isTold = false;
  /** Whether the next connection shows no token in its upgrade. */
  #isShy = false;

  /**
   * `onState(name, detail)`: `connecting`, `open`, `waiting` (for so many ms), `token` (and why).
   * `onOpen(isFresh)`: fresh where events may be missing, so that everything has to be asked for.
   * `identity` says whose token it is, `rights` what that may.
   */
  constructor(identity, rights, on) {
    Object.assign(this, { identity, rights, on });
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
  }

  /** The promise of an answer; rejects with the gateway's error. */
  ask(action, payload = {}) {
    if (!this.limits) return Promise.reject(GONE);
    return this.rights.may(action) ? this.#say(action, payload) : Promise.reject(NOT_ALLOWED);
  }

  /** An answer, or null: what fails now is asked for again by the next connection, or is not worth a word. */
  wish(action, payload) {
    return this.ask(action, payload).catch(() => null);
  }

  /** Hears these events from now on, over every connection. */
  follow(...topics) {
    for (const topic of topics) this.#topics.add(topic);
    const heard = topics.filter(topic => this.rights.hears(topic));
    if (heard.length) this.wish("subscribe", { topics: heard });
  }

  unfollow(...topics) {
    for (const topic of topics) this.#topics.delete(topic);
    this.wish("unsubscribe", { topics });
  }

  begin() {
    this.#attempt = 0;
    this.#connect();
  }

  /** Ends the connection, and how far the events had come: whoever is next begins anew. */
  end() {
    this.#end();
    this.#seq = 0;
  }

  /** While it waits to try again: there is reason to believe that it will work now. */
  hurry() {
    if (this.#timer) this.#connect();
  }

  #connect() {
    this.#end();
    const { token } = this.identity;
    if (!token) return this.on.state("token", { why: this.identity.why ?? "tokenNone" });
    this.on.state("connecting");
    // Where this page came from, so that it works under another name, behind TLS or below a path.
    const address = new URL("ws", location.href.split("#")[0]);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = (this.#socket = new WebSocket(address, this.#isShy || !this.identity.isKnown ? [SPOKEN] : [SPOKEN, offered(token)]));
    this.#beat(PATIENCE_MS);
    // Why an upgrade was refused no page is told: the next one shows the token in a message, and hears it. So
    // does one that was never taken.
    this.#isShy = !this.#isShy;
    socket.onopen = () => {
      this.#isShy = false;
      this.#enter(token);
    };
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    socket.onclose = ({ code }) => this.#closed(code);
  }

  async #enter(token) {
    try {
      const socket = this.#socket;
      const hello = this.#say("auth", { token, client: { name: "webchat", kind: "webchat" } });
      // Who may be refused says nothing more before the answer; nor does who may not know what there is to hear.
      const isKnown = this.identity.isKnown && Boolean(this.identity.told.events);
      if (!isKnown) await hello;
      const isFirst = !this.#seq;
      const begun = isKnown && isFirst ? this.#subscribe() : undefined;
      // It is awaited below; whatever fails first ends the rest.
      begun?.catch(() => {});
      const { limits, role, key, version } = await hello;
      this.#beat(limits.heartbeat_ms);
      const wasTold = await this.#learn({ role, key, version });
      // What it may hear was another thing than was kept: then it begins with that.
      const isFresh = await (begun && !wasTold ? begun : this.#subscribe());
      if (socket !== this.#socket) return;
      this.limits = limits;
      this.#attempt = 0;
      this.on.state("open");
      this.on.open(isFresh);
    } catch ({ code, retry_after_ms }) {
      this.#wait = retry_after_ms;
      // Of a refused token and of its own end the socket tells by itself.
      if (!["unauthorized", "rate_limited", "disconnected"].includes(code)) this.#closed();
    }
  }

  /** Learns what this key may; true where it is another thing than an earlier page was told. What that was told holds until this one hears otherwise. */
  async #learn(told) {
    const { version, role, key, actions } = this.identity.told;
    const isSame = actions && JSON.stringify([version, role, limitsOf(key)]) === JSON.stringify([told.version, told.role, limitsOf(told.key)]);
    if (!isSame) {
      await this.#describe(told);
      return true;
    }
    await this.identity.take(told);
    // A gateway of the same version may be another build.
    if (!this.#isTold) this.#describeLater(told, this.#socket);
    return false;
  }

  /** What is seen goes first. */
  #describeLater(told, socket) {
    const describe = () => socket === this.#socket && this.#describe(told).catch(() => {});
    setTimeout(describe, LATER_MS);
  }

  async #describe(told) {
    const { actions, events } = await this.#say("describe", {});
    const names = list => list.map(({ name }) => name);
    const described = { ...told, actions: names(actions), events: names(events) };
    this.#isTold = true;
    await this.identity.take(described);
    this.rights.take(described);
  }

  /** Goes on where the last socket ended, or begins anew; true for the latter. */
  async #subscribe() {
    const topics = [...this.#topics].filter(topic => this.rights.hears(topic));
    const since = (await this.#isNear()) ? this.#seq : undefined;
    const { seq } = await this.#say("subscribe", { topics, since });
    if (!since) this.#seq = Math.max(this.#seq, seq);
    return !since;
  }

  /** Whether what this page has not heard is little enough to hear it. */
  async #isNear() {
    if (!this.#seq) return false;
    const { seq: head } = await this.#say("subscribe", { topics: [FOR_ALL] });
    // Behind by less than nothing: its store is a new one.
    const isNear = head >= this.#seq && head - this.#seq <= FAR_BEHIND;
    if (!isNear) this.#seq = 0;
    return isNear;
  }

  #say(action, payload) {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== WebSocket.OPEN) return reject(GONE);
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ type: "command", action, id, payload }));
    });
  }

  /** Notices a peer that is silently gone (a laptop that slept): the browser itself may take minutes. */
  #beat(everyMs) {
    clearInterval(this.#pulse);
    this.#pulse = setInterval(() => {
      if (!this.#heard) return this.#closed();
      this.#heard = false;
      this.#say("ping", {}).catch(() => {});
    }, everyMs);
  }

  #hear({ type, action, id, payload }) {
    this.#heard = true;
    if (type === "event") {
      if (payload.seq > this.#seq) this.#seq = payload.seq;
      return this.on.event(action, payload);
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.[type === "error" ? "reject" : "resolve"](payload);
  }

  /** The socket ended: only a token that was refused needs the user. */
  #closed(code) {
    this.#end();
    if (code === UNAUTHORIZED || code === FORBIDDEN) return this.#refused();
    if (code === RATE_LIMITED) {
      return this.on.state("token", { why: "tokenLimited", seconds: secondsOf(this.#wait ?? 60_000) });
    }
    const wait = waitBefore(this.#attempt++);
    this.#timer = setTimeout(() => this.#connect(), wait);
    this.on.state("waiting", { seconds: secondsOf(wait) });
  }

  /** A key that was good before was revoked; the owner's token was changed. */
  async #refused() {
    const why = this.identity.told.key ? "keyRevoked" : "tokenRefused";
    const then = await this.identity.refused(why);
    if (then === "again") this.begin();
    else if (then === "unknown") this.on.state("token", { why });
  }

  #end() {
    clearTimeout(this.#timer);
    clearInterval(this.#pulse);
    this.#timer = this.limits = null;
    this.#heard = true;
    const socket = this.#socket;
    this.#socket = null;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    socket?.close();
    for (const { reject } of this.#waiting.values()) reject(GONE);
    this.#waiting.clear();
  }
}

/** Of a key, what its rights depend on. */
const limitsOf = key => key && [key.key_id, key.channels, key.peers];
