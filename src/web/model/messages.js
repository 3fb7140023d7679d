// The messages of one conversation as the page knows them: by age, each once, in its newest state,
// without a gap, and not more than a page should keep.

export const KEEP = 20_000;
const KEEP_CHARACTERS = 16_000_000;

/** What is shown of the reactions of one person, and of the longest emoji. */
const EMOJIS = 12;
const EMOJI_LENGTH = 16;
const lengthOf = ({ text }) => text?.length ?? 0;

/** The number in `m-17`: it grows with age, and is the `seq` of the event that made the message. */
export const numberOf = id => Number(id.slice(2));

export class Thread {
  messages = [];
  /** False until the newest stored page was taken. */
  loaded = false;
  /** True while the gateway has messages before the first. */
  older = true;
  #characters = 0;
  /** Our ids of messages by those their service gave them. */
  #names = new Map();
  /** Reactions by the id they are put on, and there by their own. */
  #reactions = new Map();
  #rows = null;

  /** Takes a page of `history`. What events brought meanwhile stays where it is newer. */
  take({ messages, next }) {
    for (const message of messages) this.#put(message);
    this.older = Boolean(next);
    this.loaded = true;
  }

  /** Takes an event's message; true where it changed something. */
  hear(message) {
    const [first] = this.messages;
    // Between it and the first there may be others that are not here.
    if (this.loaded && this.older && first && numberOf(message.message_id) < numberOf(first.message_id)) return false;
    const isNews = this.#put(message);
    while (this.full) this.#dropOldest(this.messages.length >> 3 || 1);
    return isNews;
  }

  get full() {
    return this.messages.length > KEEP || this.#characters > KEEP_CHARACTERS;
  }

  /** Whether several people write here, as far as the newest messages tell. */
  get isGroup() {
    return this.messages.slice(-50).some(({ sender, peer }) => sender && sender !== peer);
  }

  /** The messages with a place of their own: all but reactions to others of them. */
  get rows() {
    const isAlone = one => !this.#under(one);
    this.#rows ??= this.#reactions.size ? this.messages.filter(isAlone) : this.messages;
    return this.#rows;
  }

  /** Where the message of this number stands, or would. */
  indexOf(number, among = this.messages) {
    let [low, high] = [0, among.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numberOf(among[middle].message_id) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The row that shows this message. */
  rowOf(id) {
    const one = this.find(id);
    const shown = one && (this.#under(one) ?? one);
    return shown && this.rows[this.indexOf(numberOf(shown.message_id), this.rows)];
  }

  find(id) {
    const found = this.messages[this.indexOf(numberOf(id))];
    return found?.message_id === id ? found : undefined;
  }

  /** The message that the service, or this gateway, calls so. */
  named(name) {
    if (typeof name !== "string") return undefined;
    return this.find(this.#names.get(name) ?? name);
  }

  /** Who stands by which emoji on this message: `[{emoji, by: [reaction]}]`. Each has the last word of their own. */
  reactionsOn({ message_id, meta }) {
    const all = [meta?.id, message_id].flatMap(id => [...(this.#reactions.get(id)?.values() ?? [])]).filter(isPut);
    if (!all.length) return [];
    all.sort((a, b) => numberOf(a.message_id) - numberOf(b.message_id));
    const last = new Map(all.map(one => [`${one.direction} ${one.sender ?? ""}`, one]));
    const standing = new Map();
    for (const one of last.values()) {
      for (const emoji of emojisOf(one)) standing.set(emoji, [...(standing.get(emoji) ?? []), one]);
    }
    return [...standing].map(([emoji, by]) => ({ emoji, by }));
  }

  /** The message that this one is a reaction to, where it is here. */
  #under(one) {
    const on = isPut(one) ? this.named(one.content?.to) : undefined;
    return on === one ? undefined : on;
  }

  #put(message) {
    const at = this.indexOf(numberOf(message.message_id));
    const there = this.messages[at];
    const isKnown = there?.message_id === message.message_id;
    if (isKnown && there.seq >= message.seq) return false;
    this.messages.splice(at, isKnown ? 1 : 0, message);
    if (isKnown) this.#forget(there);
    this.#note(message);
    return true;
  }

  #dropOldest(count) {
    for (const message of this.messages.splice(0, count)) this.#forget(message);
    this.older = true;
  }

  #note(message) {
    const { message_id, kind, content, meta } = message;
    this.#rows = null;
    this.#characters += lengthOf(message);
    if (typeof meta?.id === "string") this.#names.set(meta.id, message_id);
    if (kind !== "reaction" || typeof content?.to !== "string") return;
    if (!this.#reactions.has(content.to)) this.#reactions.set(content.to, new Map());
    this.#reactions.get(content.to).set(message_id, message);
  }

  #forget(message) {
    const { message_id, content, meta } = message;
    this.#rows = null;
    this.#characters -= lengthOf(message);
    if (this.#names.get(meta?.id) === message_id) this.#names.delete(meta.id);
    const beside = this.#reactions.get(content?.to);
    if (beside?.delete(message_id) && !beside.size) this.#reactions.delete(content.to);
  }
}

/** Whether it is a reaction; one that never got there stands for itself. */
const isPut = ({ kind, state }) => kind === "reaction" && state !== "failed" && state !== "cancelled";

/** What somebody leaves on a message; a service that lets them leave several tells all of them. */
function emojisOf({ content, meta, deleted_ms }) {
  const all = deleted_ms ? [] : Array.isArray(meta?.reactions) ? meta.reactions : [content.emoji];
  return all.filter(emoji => emoji && typeof emoji === "string").slice(0, EMOJIS).map(emoji => emoji.slice(0, EMOJI_LENGTH));
}
