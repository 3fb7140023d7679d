// A file on its way to the gateway, where it is kept before a message names it.

import { transfer } from "./transfer.js";

/** Files of this page that go out at a time: more only make each of them later. */
const AT_A_TIME = 2;
const NAME_LONGEST = 200;
const queue = [];
let running = 0;

export class Upload {
  /** `waiting`, `running`, `kept` (then `row` is what the gateway says of it) or `failed` (then `error` says why). */
  state = "waiting";
  part = 0;
  #hearers = [];
  #stop = new AbortController();

  /** `kind` where its type does not tell: a voice message. `blobs` shows at once what was just sent. */
  constructor(file, blobs, { kind, seconds } = {}) {
    Object.assign(this, { file, blobs, kind, seconds, name: file.name, bytes: file.size });
    this.again();
  }

  /** Calls `hear` at each change. */
  follow(hear) {
    this.#hearers.push(hear);
  }

  again() {
    [this.state, this.error, this.part, this.#stop] = ["waiting", undefined, 0, new AbortController()];
    queue.push(this);
    next();
    this.#tell();
  }

  cancel() {
    this.state = "cancelled";
    this.#stop.abort();
    this.#tell();
  }

  /** What a message says to name it. */
  get media() {
    const { media_id, kind, mime, bytes, width, height, seconds = this.seconds } = this.row;
    return { media_id, kind: this.kind ?? kind, name: this.name, mime, bytes, width, height, seconds };
  }

  async run() {
    this.state = "running";
    this.#tell();
    try {
      const answer = await transfer("media", { method: "POST", body: this.file, headers: this.#headers, signal: this.#stop.signal, part: part => this.#came(part) });
      this.row = JSON.parse(await answer.text());
      this.blobs.put(this.row.media_id, this.file);
      this.state = "kept";
    } catch ({ code, message }) {
      if (code !== "cancelled") [this.state, this.error] = ["failed", message];
    }
    this.#tell();
  }

  /** The name as RFC 6266 has it: whatever letters it is written in. */
  get #headers() {
    // Half a letter cannot be spelled.
    const name = [...this.name].slice(-NAME_LONGEST).join("").replace(/\p{Cs}/gu, "_");
    const spelled = encodeURIComponent(name).replace(/['()*]/g, sign => `%${sign.charCodeAt(0).toString(16)}`);
    const type = this.file.type || "application/octet-stream";
    return { "Content-Type": type, "Content-Disposition": `attachment; filename*=UTF-8''${spelled}` };
  }

  #came(part) {
    this.part = part;
    this.#tell();
  }

  #tell() {
    for (const hear of this.#hearers) hear(this);
  }
}

/** Starts what has waited longest, while fewer are running than may. */
function next() {
  while (queue.length && running < AT_A_TIME) {
    const upload = queue.shift();
    if (upload.state !== "waiting") continue;
    running++;
    upload.run().finally(() => {
      running--;
      next();
    });
  }
}
