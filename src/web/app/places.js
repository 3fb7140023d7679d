// What conversations are called: those that are known, and the groups of a channel, which its service is asked for.

import { folded } from "../model/finding.js";

/** A service that is asked for its groups again and again refuses at last. */
const GROUPS_MS = 300_000;
/** One that did not tell them may soon. */
const AGAIN_MS = 10_000;

export class Places {
  /** The groups of the account by channel, and until when they are not asked for again. */
  #groups = new Map();

  constructor(chat) {
    this.chat = chat;
  }

  forget() {
    this.#groups.clear();
  }

  #of(channel) {
    if (!this.#groups.has(channel)) this.#groups.set(channel, { until: 0, all: [] });
    return this.#groups.get(channel);
  }

  /** Learns the groups of a channel, also those where nobody wrote. It may take its time. */
  learn(channel) {
    const known = this.#of(channel);
    if (Date.now() < known.until) return known.coming;
    known.until = Date.now() + GROUPS_MS;
    // Until the service answers, those that it told before: nobody takes their place by a name.
    this.recall(channel);
    known.coming = this.chat.session.wish("integration.groups", { name: channel }).then(answer => {
      if (answer) known.all = answer.groups;
      else known.until = Date.now() + AGAIN_MS;
      this.chat.draw();
    });
    return known.coming;
  }

  /** Learns the groups that the service of a channel told before, without asking it. */
  async recall(channel) {
    const known = this.#of(channel);
    const answer = await this.chat.session.wish("integration.groups", { name: channel, known: true });
    if (answer && !known.all.length) known.all = answer.groups;
    this.chat.draw();
  }

  /** The groups of a channel, as far as they are known. */
  groups = channel => this.#groups.get(channel)?.all ?? [];

  /** Whoever has a name there, each once. */
  of(channel) {
    const there = this.chat.conversations.sorted.filter(one => one.channel === channel).concat(this.groups(channel));
    return [...new Map(there.filter(({ name }) => name).map(one => [one.peer, one])).values()];
  }

  /** What it is called, where that is known. */
  nameOf({ channel, peer }) {
    return this.chat.conversations.find({ channel, peer })?.name ?? this.groups(channel).find(one => one.peer === peer)?.name;
  }

  /** Those there that are called so. */
  called = (channel, typed) => this.of(channel).filter(({ name }) => folded(name) === folded(typed));

  /** The peer of the only one there that is called so. */
  named(channel, typed) {
    const [one, ...more] = this.called(channel, typed);
    return more.length ? undefined : one?.peer;
  }

  /** Who is meant by what was typed: `{peer, expected}`, as the gateway has it. */
  async meant(channel, typed) {
    const peer = this.named(channel, typed);
    return peer ? { peer } : ((await this.chat.session.wish("history", { channel, peer: typed, limit: 1 })) ?? { peer: typed });
  }
}
