// The field that says whom a message is for: by a name that is known, or as the channel calls them. What the gateway
// makes of it is said below.

import { field } from "../app/dialog.js";
import { daemonText } from "../app/said.js";
import { make, write } from "../dom.js";
import { folded, isGroup } from "../model/finding.js";
import { shownPeer } from "../model/numbers.js";
import { words } from "../words.js";

/** Whoever writes on wants no word in between. */
const WAIT_MS = 250;

export class Address {
  #timer;
  #asked = 0;
  #names = make("datalist", { id: "new-groups" });
  #note = make("p", { id: "new-note", role: "status" });
  #input = make("input", { id: "new-peer", required: true, "aria-describedby": "new-note" });

  /** `channel` is the field beside it, `says` what is said of a peer; a `former` message has an address already. */
  constructor(places, channel, says, former) {
    Object.assign(this, { places, channel, says, former });
    // A property of this name can only be read.
    this.#input.setAttribute("list", "new-groups");
    this.element = field(words("address"), this.#input);
    this.element.append(this.#names, this.#note);
    if (former) this.shown = this.#input.value = places.nameOf(former) ?? former.peer;
    this.#input.oninput = () => this.#lookSoon();
    channel.onchange = () => {
      this.#lookSoon();
      this.#offer();
    };
    this.#look();
    this.#offer();
  }

  focus() {
    this.#input.focus();
  }

  /** Whom the gateway is to send to; fails where that is nobody, which is said at the field. */
  async peer() {
    clearTimeout(this.#timer);
    const [channel, typed] = this.#typed;
    const { peer, expected } = await this.#look();
    if (peer && !expected) return peer;
    // It may be called so in what its service has not told yet.
    await this.places.learn(channel);
    const named = this.places.named(channel, typed);
    if (named) return named;
    this.focus();
    throw { message: "" };
  }

  get #typed() {
    return [this.channel.value, this.#input.value.trim()];
  }

  /** Offers those that are known, and the groups once the service has told them. */
  async #offer() {
    const { places, channel: { value } } = this;
    this.#draw(places.of(value));
    await places.learn(value);
    if (value !== this.channel.value) return;
    this.#draw(places.of(value));
    this.#look();
  }

  /** By name; of several of one name, which one is told by the address. */
  #draw(all) {
    const alike = Map.groupBy(all, ({ name }) => folded(name));
    this.#names.replaceChildren(...all.map(({ name, peer }) => make("option", alike.get(folded(name)).length > 1 ? { value: peer, label: name } : { value: name })));
  }

  #lookSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), WAIT_MS);
  }

  /** Says who is meant: `{peer, expected}`. */
  async #look() {
    const asked = ++this.#asked;
    const [channel, typed] = this.#typed;
    const { former, says } = this;
    const isAsBefore = former?.channel === channel && typed === this.shown;
    const found = !typed ? {} : isAsBefore ? { peer: former.peer } : await this.places.meant(channel, typed);
    if (asked === this.#asked) {
      const { peer, expected } = found;
      const group = peer && isGroup({ channel, peer }) && this.places.nameOf({ channel, peer });
      const shown = group || (peer && shownPeer(channel, peer));
      write(this.#note, expected ? this.#wrong(channel, typed, expected) : !shown ? words("addressHint") : shown === typed && !group ? "" : words(says, { peer: shown }));
      this.#note.className = expected ? "trouble" : "quiet";
      this.#input.ariaInvalid = expected ? "true" : null;
    }
    return found;
  }

  /** Why nobody is meant: what has letters and no `@` is a name. */
  #wrong(channel, name, expected) {
    if (!/\p{L}/u.test(name) || name.includes("@")) return words("addressWrong", { expected: daemonText(expected) });
    return words(this.places.called(channel, name).length ? "calledSeveral" : "calledNone", { name });
  }
}
