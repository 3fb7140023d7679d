// The dialog that begins a conversation: with a name that is known, a number as people write it, or what else
// the channel calls its peers by. The gateway says at once what it makes of it.

import { channelTitle } from "../app/channels.js";
import { daemonText } from "../app/said.js";
import { $, goTo, make, write } from "../dom.js";
import { folded } from "../model/finding.js";
import { shownPeer } from "../model/numbers.js";
import { words } from "../words.js";

/** Whoever writes on wants no word in between. */
const WAIT_MS = 250;
/** A service that is asked for its groups again and again refuses at last. */
const GROUPS_MS = 300_000;

export class Begin {
  #timer;
  #asked = 0;
  #peer = $("new-peer");
  #channel = $("new-channel");
  #dialog = $("new-dialog");

  constructor(chat) {
    this.chat = chat;
    $("new-conversation").onclick = () => this.#open();
    this.#dialog.querySelector("form").onsubmit = event => this.#submit(event);
    // Names are there only while they are offered.
    this.#dialog.onclose = () => $("new-groups").replaceChildren();
    this.#peer.oninput = () => this.#lookSoon();
    this.#channel.onchange = () => {
      this.#lookSoon();
      this.#offer();
    };
  }

  async #open() {
    const { integrations } = await this.chat.session.ask("integrations").catch(() => ({ integrations: [] }));
    this.#channel.replaceChildren(...integrations.map(({ name }) => make("option", { value: name }, channelTitle(name))));
    this.#peer.value = "";
    this.#say("");
    this.#dialog.showModal();
    this.#peer.focus();
    this.#offer();
  }

  /** Offers the names of the groups of the channel, also where nobody wrote. */
  async #offer() {
    const name = this.#channel.value;
    const { groups, session } = this.chat;
    if (!(Date.now() - groups.get(name)?.since < GROUPS_MS)) {
      const answer = await session.wish("integration.groups", { name });
      if (answer) groups.set(name, { since: Date.now(), all: answer.groups });
    }
    const all = groups.get(name)?.all ?? [];
    if (name === this.#channel.value && this.#dialog.open) $("new-groups").replaceChildren(...all.map(({ name, peer }) => make("option", { value: name || peer })));
  }

  #lookSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), WAIT_MS);
  }

  /** Says what the gateway makes of it: `{peer, expected}`; undefined where something else was typed since. */
  async #look() {
    const asked = ++this.#asked;
    const [channel, typed] = [this.#channel.value, this.#peer.value.trim()];
    if (!typed) return this.#say("");
    const named = this.#named(channel, typed);
    const found = named ? { peer: named } : ((await this.chat.session.wish("history", { channel, peer: typed, limit: 1 })) ?? { peer: typed });
    if (asked !== this.#asked) return undefined;
    const shown = shownPeer(channel, found.peer);
    if (found.expected) this.#say(words("addressWrong", { expected: daemonText(found.expected) }), true);
    else this.#say(shown === typed ? "" : words("addressIs", { peer: shown }));
    return found;
  }

  /** The peer of the one conversation or group there that is called so. */
  #named(channel, typed) {
    const there = this.chat.conversations.sorted.filter(one => one.channel === channel).concat(this.chat.groups.get(channel)?.all ?? []);
    const called = new Set(there.filter(({ name }) => name && folded(name) === folded(typed)).map(({ peer }) => peer));
    return called.size === 1 ? [...called][0] : undefined;
  }

  #say(text, isWrong = false) {
    write($("new-note"), text);
    $("new-note").classList.toggle("trouble", isWrong);
    this.#peer.ariaInvalid = isWrong ? "true" : null;
  }

  async #submit(event) {
    event.preventDefault();
    clearTimeout(this.#timer);
    const channel = this.#channel.value;
    const found = await this.#look();
    if (!found) return;
    if (found.expected) return this.#peer.focus();
    this.#dialog.close();
    goTo({ channel, peer: found.peer });
  }
}
