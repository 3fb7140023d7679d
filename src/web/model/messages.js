// The messages of one conversation as the page knows them: by age, each once, in its newest state,
// without a gap, and not more than a page should keep.

export const KEEP = 20_000;
const KEEP_CHARACTERS = 16_000_000;

/** The number in `m-17`: it grows with age, and is the `seq` of the event that made the message. */
export const numberOf = id => Number(id.slice(2));

export class Thread {
  messages = [];
  /** False until the newest stored page was taken. */
  loaded = false;
  /** True while the gateway has messages before the first. */
  older = true;
  #characters = 0;

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

  /** Where the message of this number stands, or would. */
  indexOf(number) {
    let [low, high] = [0, this.messages.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numberOf(this.messages[middle].message_id) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  find(id) {
    const found = this.messages[this.indexOf(numberOf(id))];
    return found?.message_id === id ? found : undefined;
  }

  #put(message) {
    const at = this.indexOf(numberOf(message.message_id));
    const there = this.messages[at];
    const isKnown = there?.message_id === message.message_id;
    if (isKnown && there.seq >= message.seq) return false;
    this.messages.splice(at, isKnown ? 1 : 0, message);
    this.#characters += message.text.length - (isKnown ? there.text.length : 0);
    return true;
  }

  #dropOldest(count) {
    for (const { text } of this.messages.splice(0, count)) this.#characters -= text.length;
    this.older = true;
  }
}
