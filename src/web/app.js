// The WebChat page: one visitor, one conversation, one socket at a time.
//
// A connection may break at any moment. Three marks keep the conversation whole all the same:
// every stored event has a `seq`, so a new connection asks for what came after the highest one seen;
// every message has a `message_id`, so an event about a known message changes its row instead of
// adding one; every own text has a `dedup_key`, so saying it again does not store it twice.

const CLIENT = { name: "webchat", kind: "webchat", version: "1" };
const CHANNEL = "webchat";
const DEFAULT_VISITOR = "visitor";
const HISTORY = 50;
const MAX_ROWS = 1000;

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;
const DEFAULT_HEARTBEAT_MS = 20_000;

const UNAUTHORIZED = 4401;
const RATE_LIMITED = 4429;

const element = (id) => document.getElementById(id);

/** What the gateway answered instead of doing it, or that the connection ended first. */
class Fault extends Error {
  constructor({ code, message, retry_after_ms }) {
    super(message);
    this.code = code;
    this.retryAfterMs = retry_after_ms;
  }
}

/** One socket from its opening to its end. `onEnd` is called once, and never after `leave`. */
class Connection {
  #socket;
  #waiting = new Map();
  #lastId = 0;
  #heard = true;
  #pulse;

  constructor(address, { onEvent, onEnd }) {
    this.onEvent = onEvent;
    this.onEnd = onEnd;
    this.#socket = new WebSocket(address);
    this.opened = new Promise((resolve) => this.#socket.addEventListener("open", resolve));
    this.#socket.addEventListener("message", ({ data }) => this.#hear(data));
    this.#socket.addEventListener("close", ({ code, reason }) => this.#end(code, reason));
    this.beat(DEFAULT_HEARTBEAT_MS);
  }

  /** Sends a command; the promise is its answer. */
  ask(action, payload) {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ type: "command", action, id, payload }));
    });
  }

  /** Notices a peer that is silently gone (a laptop that slept): the browser itself may take minutes. */
  beat(everyMs) {
    clearInterval(this.#pulse);
    this.#pulse = setInterval(() => {
      if (!this.#heard) return this.#end(1006, "no answer");
      this.#heard = false;
      if (this.#socket.readyState === WebSocket.OPEN) this.ask("ping", {}).catch(() => {});
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
    for (const { reject } of this.#waiting.values()) {
      reject(new Fault({ code: "disconnected", message: "the connection ended" }));
    }
    this.#waiting.clear();
    onEnd(code, reason);
  }
}

/** The rows of the log, sorted by age. Own texts without an id yet stand at the end. */
class Conversation {
  #log = element("log");
  #list = make("ol");
  #rows = new Map();

  /** True once the stored messages are on the page, so that a new connection may go on from `seq`. */
  loaded = false;
  /** The highest sequence number seen. */
  seq = 0;

  constructor() {
    this.#list.id = "messages";
    element("messages").replaceWith(this.#list);
    this.busy(true);
  }

  /** Begins anew, but for the own texts that are still on their way. */
  forget() {
    for (const row of this.#rows.values()) row.item.remove();
    this.#rows.clear();
    this.seq = 0;
    this.loaded = false;
    this.busy(true);
  }

  /** While it is busy, a screen reader does not read the rows aloud one by one. */
  busy(busy) {
    this.#log.setAttribute("aria-busy", String(busy));
    element("empty").hidden = busy || this.#list.children.length > 0;
  }

  /** Shows a message as it is now. What is older than what stands there changes nothing. */
  show(message) {
    this.seq = Math.max(this.seq, message.seq);
    const row = this.#rows.get(message.message_id) ?? new Row(message.direction === "in");
    if (row.seq > message.seq) return;
    row.seq = message.seq;
    row.say(message);
    this.#settle(row, message.message_id);
  }

  /** A row for an own text that the gateway has not taken yet. */
  draft(text) {
    const row = new Row(true);
    row.say({ text, state: "sending…", created_ms: Date.now() });
    this.#place(row);
    this.#log.scrollTop = this.#log.scrollHeight;
    return row;
  }

  /** The gateway took a draft under this id; its event may have been here first. */
  taken(row, id) {
    if (this.#rows.has(id)) return row.item.remove();
    this.#settle(row, id);
    row.mark("received");
  }

  #settle(row, id) {
    if (row.age === Infinity) {
      row.age = Number(id.replace("m-", ""));
      this.#rows.set(id, row);
      this.#place(row);
    }
  }

  #place(row) {
    const atEnd = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < 40;
    let next = null;
    let before = this.#list.lastElementChild;
    while (before && (before === row.item || before.row.age > row.age)) {
      if (before !== row.item) next = before;
      before = before.previousElementSibling;
    }
    this.#list.insertBefore(row.item, next);
    this.#trim();
    element("empty").hidden = true;
    if (atEnd) this.#log.scrollTop = this.#log.scrollHeight;
  }

  #trim() {
    if (this.#rows.size <= MAX_ROWS) return;
    const [id] = [...this.#rows].reduce((a, b) => (b[1].age < a[1].age ? b : a));
    this.#rows.get(id).item.remove();
    this.#rows.delete(id);
  }
}

/** One message on the page. Its words are text nodes: what someone writes is never markup. */
class Row {
  age = Infinity;
  seq = 0;
  #text = make("p", "text");
  #about = make("p", "about");
  #state = make("span", "state");

  constructor(own) {
    this.author = own ? "You" : "Gateway";
    this.item = make("li", own ? "own" : "other");
    this.item.row = this;
    this.item.append(this.#text, this.#about);
  }

  say({ text, media, sender, state, error, created_ms }) {
    const time = make("time");
    time.dateTime = new Date(created_ms).toISOString();
    time.textContent = timeText(new Date(created_ms));
    const attached = media ? `[${media.kind}] ${media.url}` : "";
    this.#text.textContent = [text, attached].filter(Boolean).join("\n");
    this.#about.replaceChildren(`${sender ?? this.author} · `, time, " · ", this.#state);
    const trouble = state === "failed" || state === "cancelled";
    this.mark(error && trouble ? `${state}: ${error}` : state, trouble);
  }

  /** Says how the message is; with `again`, offers to try once more. */
  mark(state, trouble = false, again = null) {
    this.#state.textContent = state;
    this.item.classList.toggle("trouble", trouble);
    this.#about.querySelector("button")?.remove();
    if (again) {
      const button = make("button");
      button.type = "button";
      button.textContent = "Try again";
      button.addEventListener("click", again);
      this.#about.append(button);
    }
  }
}

function make(name, className = "") {
  const made = document.createElement(name);
  made.className = className;
  return made;
}

function timeText(date) {
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString([], today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}

/** Texts the gateway has not taken yet, in the order they were written. */
let drafts = [];

function say(text) {
  const draft = { peer: visitor, text, key: randomKey(), row: conversation.draft(text), lane: conversation };
  drafts.push(draft);
  handIn(draft);
}

/** Hands a text in, as often as needed: the key makes the gateway take it once. */
async function handIn(draft) {
  if (!limits) return;
  const payload = { channel: CHANNEL, peer: draft.peer, text: draft.text, dedup_key: draft.key };
  if (byteLength(payload) > limits.max_message_bytes) {
    return giveUp(draft, `longer than the gateway takes (${limits.max_message_bytes} bytes)`);
  }
  try {
    const { message_id } = await connection.ask("receive", payload);
    drafts = drafts.filter((other) => other !== draft);
    draft.lane.taken(draft.row, message_id);
  } catch (fault) {
    // Then it goes out again with the next connection.
    if (!["disconnected", "shutting_down"].includes(fault.code)) giveUp(draft, fault.message);
  }
}

function giveUp(draft, why) {
  drafts = drafts.filter((other) => other !== draft);
  draft.row.mark(`not sent: ${why}`, true, () => {
    draft.row.mark("sending…");
    drafts.push(draft);
    handIn(draft);
  });
}

/** Room for the frame around the payload, besides the payload itself. */
function byteLength(payload) {
  return new TextEncoder().encode(JSON.stringify(payload)).length + 100;
}

/** Not `crypto.randomUUID`: over plain http from another machine a browser does not offer it. */
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(16)).join("-");
}

let visitor = localStorage.getItem("visitor") || DEFAULT_VISITOR;
let conversation = new Conversation();
let connection = null;
/** The gateway's limits while it knows us, otherwise null. */
let limits = null;
let retryMs = FIRST_RETRY_MS;
let retryTimer = null;

/** Where this page came from, so that it works under another name, behind TLS or below a path. */
function socketAddress() {
  const address = new URL("ws", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return address;
}

async function connect() {
  hangUp();
  const token = sessionStorage.getItem("token");
  if (!token) return askForToken("This page was opened without a token.");
  element("token-form").hidden = true;
  const mine = (connection = new Connection(socketAddress(), { onEvent: hear, onEnd: ended }));
  try {
    await mine.opened;
    const hello = await mine.ask("auth", { token, client: CLIENT });
    mine.beat(hello.limits.heartbeat_ms);
    await follow(mine, conversation);
    limits = hello.limits;
    retryMs = FIRST_RETRY_MS;
    tell("Connected", "good");
    for (const draft of [...drafts]) handIn(draft);
  } catch (fault) {
    if (fault.code === "rate_limited") mine.waitMs = fault.retryAfterMs;
    // Of a refused token and of its own end the connection tells by itself.
    if (!["unauthorized", "rate_limited", "disconnected"].includes(fault.code)) mine.drop(fault.message);
  }
}

/** Goes on where the last connection ended, or begins with the stored messages. */
async function follow(mine, shown) {
  const topics = [`message.*@${CHANNEL}/${visitor}`];
  if (shown.loaded) {
    try {
      await mine.ask("subscribe", { topics, since: shown.seq });
      return;
    } catch (fault) {
      // The gateway does not know our number: its store is a new one.
      if (fault.code !== "bad_payload") throw fault;
      shown.forget();
    }
  }
  const { seq } = await mine.ask("subscribe", { topics });
  const { messages } = await mine.ask("history", { channel: CHANNEL, peer: visitor, limit: HISTORY });
  for (const message of messages) shown.show(message);
  shown.seq = Math.max(shown.seq, seq);
  shown.loaded = true;
  shown.busy(false);
}

function hear(event, payload) {
  if (event.startsWith("message.")) conversation.show(payload);
}

/** The connection ended: only a token that was refused needs the user. */
function ended(code, reason) {
  const { waitMs } = connection;
  hangUp();
  if (code === UNAUTHORIZED) {
    sessionStorage.removeItem("token");
    return askForToken(`The gateway refused: ${reason || "wrong token"}.`);
  }
  if (code === RATE_LIMITED) {
    const wait = waitMs ? `${Math.ceil(waitMs / 1000)} seconds` : "a minute";
    return askForToken(`The gateway refused: ${reason || "too many attempts"}. Wait ${wait}, then connect again.`);
  }
  tell(`Reconnecting in ${retryMs / 1000} s…${reason ? ` (${reason})` : ""}`, "busy");
  retryTimer = setTimeout(reconnect, retryMs);
  retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
}

function reconnect() {
  tell("Reconnecting…", "busy");
  connect();
}

function hangUp() {
  clearTimeout(retryTimer);
  retryTimer = limits = null;
  connection?.leave();
  connection = null;
}

/** While it waits to try again: there is reason to believe that it will work now. */
function tryNow() {
  if (retryTimer && document.visibilityState === "visible") reconnect();
}

function tell(text, tone) {
  element("status").textContent = text;
  element("status").dataset.tone = tone;
}

/** Takes `#token=…` out of the address, where it would stay in the history and in screenshots. */
function takeTokenFromAddress() {
  // A plus sign in a fragment is a plus sign, not a blank.
  const token = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B")).get("token");
  if (!token) return false;
  sessionStorage.setItem("token", token);
  history.replaceState(null, "", location.pathname + location.search);
  return true;
}

function askForToken(reason) {
  element("token-reason").textContent = reason;
  element("token").value = sessionStorage.getItem("token") ?? "";
  element("token-form").hidden = false;
  element("token").focus();
  tell(`Not connected. ${reason}`, "bad");
}

function begin() {
  retryMs = FIRST_RETRY_MS;
  tell("Connecting…", "busy");
  connect();
}

element("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", element("token").value.trim());
  begin();
  element("text").focus();
});

function changeVisitor(event) {
  event.preventDefault();
  const name = element("visitor").value.trim() || DEFAULT_VISITOR;
  element("visitor").value = name;
  if (name === visitor) return;
  visitor = name;
  localStorage.setItem("visitor", name);
  conversation = new Conversation();
  begin();
}

element("visitor-form").addEventListener("submit", changeVisitor);
element("visitor").addEventListener("change", changeVisitor);

element("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = element("text").value.trim();
  if (!text) return;
  element("text").value = "";
  say(text);
});

element("text").addEventListener("keydown", (event) => {
  // Enter that ends the choice of a character (Japanese, Chinese) is not meant for us.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  element("composer").requestSubmit();
});

addEventListener("hashchange", () => takeTokenFromAddress() && begin());
addEventListener("online", tryNow);
document.addEventListener("visibilitychange", tryNow);

element("visitor").value = visitor;
takeTokenFromAddress();
begin();
