// Files of the gateway as addresses that an element can show. Each is asked for once, however many show
// it, held while one of them does, and revoked when others need its room.

import { safeType } from "../model/files.js";
import { Shelf } from "../model/shelf.js";
import { transfer } from "./transfer.js";

/** Held besides what is in view. */
const KEEP_BYTES = 64 * 1024 * 1024;
/** By then the browser has begun to read what is saved. */
const SAVE_MS = 60_000;
const CANCELLED = { code: "cancelled" };

export class Blobs {
  #shelf = new Shelf(KEEP_BYTES, ({ url }) => URL.revokeObjectURL(url));
  /** By id: who waits for it, and the way to end it. */
  #coming = new Map();

  /**
   * `{ready, leave}`: the promise of `{url, blob}`, good until `leave()`, which ends the asking where nobody
   * else waits. `part(n)` hears from 0 to 1 how much came.
   */
  hold(id, part) {
    const coming = this.#shelf.has(id) ? undefined : (this.#coming.get(id) ?? this.#ask(id));
    let [isOver, isHeld] = [false, false];
    const take = () => {
      if (isOver) throw CANCELLED;
      isHeld = true;
      return this.#shelf.use(id);
    };
    if (coming) coming.users++;
    if (part) coming?.parts.push(part);
    const leave = () => {
      if (isOver) return;
      isOver = true;
      if (isHeld) this.#shelf.leave(id);
      else if (--coming.users === 0) coming.end();
    };
    return { ready: coming ? coming.done.then(take) : Promise.resolve(take()), leave };
  }

  /** Takes what is here already, such as what this page has just sent. */
  put(id, blob) {
    const safe = blob.slice(0, blob.size, safeType(blob.type));
    this.#shelf.put(id, { url: URL.createObjectURL(safe), blob: safe }, blob.size);
  }

  #ask(id) {
    const coming = { users: 0, parts: [], stop: new AbortController() };
    const part = n => coming.parts.forEach(tell => tell(n));
    const end = (coming.end = () => {
      if (this.#coming.get(id) === coming) this.#coming.delete(id);
      coming.stop.abort();
    });
    const asked = transfer(`media/${id}`, { signal: coming.stop.signal, part });
    coming.done = asked.then(blob => this.put(id, blob)).finally(end);
    this.#coming.set(id, coming);
    return coming;
  }
}

/** Hands a file to the user to keep. As bytes without a type: nothing of it is ever opened in this page. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob.slice(0, blob.size, "application/octet-stream"));
  const link = document.createElement("a");
  Object.assign(link, { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), SAVE_MS);
}
