// Who answers by itself, as far as the page was told: the agents, what they are answering, where a person
// took over, and what failed in the open conversation.

import { keyOf } from "./conversations.js";

/** Of anything, as many are remembered. */
const KEEP = 1000;
const OPEN = ["waiting", "running"];
const TONES = { running: "good", parked: "bad", failed: "bad", stopped: "" };

/** How good a state is. */
export const toneOf = state => TONES[state] ?? "warn";

export class Agents {
  #agents;
  /** Turns that wait or run, by id. */
  #open;
  #held;
  /** Of the open conversation: what failed, by the message that it is told at, and who wrote which answer. */
  #failed;
  #authors;
  /** Who is asked in the open conversation, one after the other. */
  #order;

  /** Takes the answers to `agents` and `turns`, as they were asked for in one conversation. */
  constructor({ agents, running, held, order = [], open }, turns = []) {
    this.#agents = new Map(agents.map(one => [one.name, one]));
    this.#open = new Map(running.map(turn => [turn.turn_id, turn]));
    this.#held = new Map(held.map(hold => [keyOf(hold), hold]));
    this.#failed = new Map(turns.filter(({ state }) => state === "failed").map(turn => [turn.messages.at(-1), turn]));
    this.#authors = new Map(turns.map(({ message_id, agent }) => [message_id, agent]));
    this.#order = order;
    this.isOpenGroup = open;
  }

  /** Whether there is anyone who could answer. */
  get any() {
    return this.#agents.size > 0;
  }

  /** Takes an event. */
  hear(name, payload) {
    const { turn_id, state, until_ms, message_id, agent } = payload;
    // Which model it has, only the answer to `agents` tells.
    if (name === "agent.state") return put(this.#agents, payload.name, { model: this.#agents.get(payload.name)?.model, ...payload });
    if (name === "agent.handover") return put(this.#held, keyOf(payload), until_ms && payload);
    put(this.#open, turn_id, OPEN.includes(state) && payload);
    if (message_id) put(this.#authors, message_id, agent);
    for (const [id, turn] of this.#failed) if (turn.turn_id === turn_id && state !== "failed") this.#failed.delete(id);
  }

  /** Of a conversation: `{name, state}` of who answers there, if anyone, the `turn` and the `hold` that are there now. */
  at(place, now) {
    const key = keyOf(place);
    const open = [...this.#open.values()].filter(one => keyOf(one) === key);
    const turn = open.find(({ state }) => state === "running") ?? open[0];
    const hold = this.#held.get(key);
    const isWell = name => this.#agents.get(name)?.state === "running";
    const name = turn?.agent ?? this.#order.find(isWell) ?? this.#order[0];
    return { ...this.#agents.get(name), name, turn, hold: hold?.until_ms > now ? hold : undefined };
  }

  /** The turn that failed, where it is told at this message. */
  failedAt(id) {
    return this.#failed.get(id);
  }

  /** What an agent is called for those who read: the model that it asks, where it has one. */
  titleOf(name) {
    return this.#agents.get(name)?.model ?? name;
  }

  /** Who wrote this answer. */
  authorOf(id) {
    return this.#authors.get(id);
  }

  isOpen(id) {
    return this.#open.has(id);
  }
}

function put(map, key, value) {
  map.delete(key);
  if (value) map.set(key, value);
  if (map.size > KEEP) map.delete(map.keys().next().value);
}
