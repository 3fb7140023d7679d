// Who answers by itself, as far as the page was told: the agents, what they are answering, where a person
// took over, and what failed in the open conversation.

import { keyOf } from "./conversations.js";

/** Of anything, as many are remembered. */
const KEEP = 1000;
const OPEN = ["waiting", "running"];
const TONES = { running: "good", parked: "bad", failed: "bad", stopped: "" };

/** How good a state is. */
export const toneOf = state => TONES[state] ?? "warn";

const byKey = all => new Map((all ?? []).map(one => [keyOf(one), one]));

export class Agents {
  #agents;
  #running;
  #held;
  /** Of the open conversation: what failed, by the message that it is told at. */
  #failed;

  /** Takes the answers to `agents` and `turns`, as they were asked for in one conversation. */
  constructor({ agents, running, held, agent }, failed = []) {
    this.#agents = new Map(agents.map(one => [one.name, one]));
    this.#running = byKey(running);
    this.#held = byKey(held);
    this.here = agent;
    this.#failed = new Map(failed.map(turn => [turn.messages?.at(-1) ?? turn.turn_id.replace("t", "m"), turn]));
  }

  /** Whether there is anyone who could answer. */
  get any() {
    return this.#agents.size > 0;
  }

  /** Takes an event. */
  hear(name, payload) {
    const { turn_id, state, until_ms } = payload;
    if (name === "agent.state") return put(this.#agents, payload.name, payload);
    const key = keyOf(payload);
    if (name === "agent.handover") return put(this.#held, key, until_ms && payload);
    const isOpen = OPEN.includes(state);
    if (isOpen || this.isOpen(turn_id)) put(this.#running, key, isOpen && payload);
    for (const [id, turn] of this.#failed) if (turn.turn_id === turn_id && state !== "failed") this.#failed.delete(id);
  }

  /** Of a conversation: `{name, state}` of who answers there, if anyone, the `turn` and the `hold` that are there now. */
  at(place, now) {
    const [turn, hold] = [this.#running, this.#held].map(all => all.get(keyOf(place)));
    const name = turn?.agent ?? this.here;
    return { ...this.#agents.get(name), name, turn, hold: hold?.until_ms > now ? hold : undefined };
  }

  /** The turn that failed, where it is told at this message. */
  failedAt(id) {
    return this.#failed.get(id);
  }

  isOpen(id) {
    return [...this.#running.values()].some(({ turn_id }) => turn_id === id);
  }
}

function put(map, key, value) {
  map.delete(key);
  if (value) map.set(key, value);
  if (map.size > KEEP) map.delete(map.keys().next().value);
}
