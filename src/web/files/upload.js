// A file on its way to the gateway, where it is kept before a message names it.

import { transfer } from "./transfer.js";

/** More at a time only make each of them later. */
const AT_A_TIME = 2;
const queue = [];
let running = 0;

export class Upload {
  /** `waiting`, `running`, `kept` (`row` says what the gateway has), `failed` (`error` says why) or `cancelled`. */
  state = "waiting";
  part = 0;
  #hearers = [];
  #stop = new AbortController();

  /** `kind` where its type does not tell: a voice. */
  constructor(file, blobs, { kind, seconds } = {}) {
    Object.assign(this, { file, blobs, kind, seconds, name: file.name, bytes: file.size });
    this.again();
  }

  follow(hear) {
    this.#hearers.push(hear);
  }

  again() {
    [this.state, this.error, this.isLost, this.part, this.#stop] = ["waiting", undefined, false, 0, new AbortController()];
    queue.push(this);
    next();
    this.#tell();
  }

  cancel() {
    this.state = "cancelled";
    this.#stop.abort();
    this.#tell();
  }

  /** The file as a message has it. */
  get media() {
    return { seconds: this.seconds, ...this.row, kind: this.kind ?? this.row.kind, name: this.name };
  }

  async run() {
    this.state = "running";
    this.#tell();
    try {
      const answer = await transfer("media", { method: "POST", body: this.file, headers: this.#headers, signal: this.#stop.signal, part: part => this.#tell(part) });
      this.row = JSON.parse(await answer.text());
      this.blobs.put(this.row.media_id, this.file);
      this.state = "kept";
    } catch ({ code, message }) {
      // Lost with the connection it goes again with the next one.
      if (code !== "cancelled") [this.state, this.error, this.isLost] = ["failed", message, code === "disconnected"];
    }
    this.#tell();
  }

  /** With its name (RFC 6266); half a letter cannot be spelled. */
  get #headers() {
    const spelled = encodeURIComponent(this.name.replace(/\p{Cs}/gu, "_")).replace(/['()*]/g, sign => `%${sign.charCodeAt(0).toString(16)}`);
    return { "Content-Type": this.file.type || "application/octet-stream", "Content-Disposition": `attachment; filename*=UTF-8''${spelled}` };
  }

  #tell(part = this.part) {
    this.part = part;
    for (const hear of this.#hearers) hear(this);
  }
}

function ended() {
  running--;
  next();
}

/** Starts what has waited longest, while fewer are running than may. */
function next() {
  while (queue.length && running < AT_A_TIME) {
    const upload = queue.shift();
    if (upload.state !== "waiting") continue;
    running++;
    upload.run().finally(ended);
  }
}
