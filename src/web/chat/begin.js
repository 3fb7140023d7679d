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
    this.#peer.oninput = this.#channel.onchange = () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#look(), WAIT_MS);
    };
  }

  async #open() {
    const { integrations } = await this.chat.session.ask("integrations").catch(() => ({ integrations: [] }));
    this.#channel.replaceChildren(...integrations.map(({ name }) => make("option", { value: name }, channelTitle(name))));
    this.#peer.value = "";
    this.#say("");
    this.#dialog.showModal();
    this.#peer.focus();
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

  /** The peer of the one conversation there that is called so. */
  #named(channel, typed) {
    const isCalled = one => one.channel === channel && one.name && folded(one.name) === folded(typed);
    const called = this.chat.conversations.sorted.filter(isCalled);
    return called.length === 1 ? called[0].peer : undefined;
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
