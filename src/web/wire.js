// One socket from its opening to its end, and the answers to what was asked over it.

const DEFAULT_HEARTBEAT_MS = 20_000;

/** What the gateway answered instead of doing it, or that the connection ended first. */
export class Fault extends Error {
  constructor({ code, message, retry_after_ms }) {
    super(message);
    this.code = code;
    this.retryAfterMs = retry_after_ms;
  }
}

/** The connection ended before the answer. */
export const disconnected = () => new Fault({ code: "disconnected", message: "the connection ended" });

/** Where this page came from, so that it works under another name, behind TLS or below a path. */
export function socketAddress() {
  const address = new URL("ws", location.href.split("#")[0]);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return address;
}

/** `onEnd` is called once, and never after `leave`. */
export class Connection {
  #socket;
  #waiting = new Map();
  #lastId = 0;
  #heard = true;
  #pulse;

  constructor({ onEvent, onEnd }) {
    this.onEvent = onEvent;
    this.onEnd = onEnd;
    this.#socket = new WebSocket(socketAddress());
    this.opened = new Promise((resolve) => this.#socket.addEventListener("open", resolve));
    this.#socket.addEventListener("message", ({ data }) => this.#hear(data));
    this.#socket.addEventListener("close", ({ code, reason }) => this.#end(code, reason));
    this.beat(DEFAULT_HEARTBEAT_MS);
  }

  /** Sends a command; the promise is its answer. */
  ask(action, payload) {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState !== WebSocket.OPEN) return reject(disconnected());
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ type: "command", action, id, payload }));
    });
  }

  /** Notices a peer that is silently gone (a laptop that slept): the browser itself may take minutes. */
  beat(everyMs) {
    clearInterval(this.#pulse);
    this.#pulse = setInterval(() => {
      if (!this.#heard) return this.#end(1006, "");
      this.#heard = false;
      this.ask("ping", {}).catch(() => {});
    }, everyMs);
  }

  /** Ends the connection without a word to `onEnd`. */
  leave() {
    this.onEnd = () => {};
    this.#end(1000, "");
  }

  /** Ends the connection as if it had broken. */
  drop(why) {
    this.#end(1006, why);
  }

  #hear(data) {
    this.#heard = true;
    const { type, action, id, payload } = JSON.parse(data);
    if (type === "event") return this.onEvent(action, payload);
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (type === "error") waiting?.reject(new Fault(payload));
    else waiting?.resolve(payload);
  }

  #end(code, reason) {
    const onEnd = this.onEnd;
    this.onEnd = this.onEvent = () => {};
    clearInterval(this.#pulse);
    this.#socket.close();
    for (const { reject } of this.#waiting.values()) reject(disconnected());
    this.#waiting.clear();
    onEnd(code, reason);
  }
}
