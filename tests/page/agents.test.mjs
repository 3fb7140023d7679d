// Who answers by itself, as the page was told: by the gateway's answers, then by events.

import assert from "node:assert/strict";
import test from "node:test";

import { Agents } from "../../src/web/model/agents.js";

const ANA = { channel: "webchat", peer: "ana" };
const NOW = 1_000_000;
const agent = (name, state) => ({ name, state, since_ms: 0, supervised: true, counters: {} });
const turn = (number, state, more) => ({ turn_id: `t-${number}`, ...ANA, agent: "pi", state, attempt: 1, messages: [`m-${number}`], ...more });
const told = more => ({ agents: [agent("pi", "running"), agent("openai", "running")], held: [], running: [], failed: [], order: ["pi", "openai"], ...more });

test("nobody answers where nobody is asked", () => {
  const agents = new Agents(told({ order: [] }));
  assert.deepEqual([agents.at(ANA, NOW).name, agents.any], [undefined, true]);
  assert.equal(new Agents(told({ agents: [] })).any, false);
});

test("who answers is the first that can, else the first", () => {
  const agents = new Agents(told());
  const who = () => [agents.at(ANA, NOW).name, agents.at(ANA, NOW).state];
  assert.deepEqual(who(), ["pi", "running"]);
  agents.hear("agent.state", agent("pi", "parked"));
  assert.deepEqual(who(), ["openai", "running"]);
  agents.hear("agent.state", agent("openai", "away"));
  assert.deepEqual(who(), ["pi", "parked"]);
});

test("an agent that only asks a model is called as that is, also in a new state", () => {
  const agents = new Agents(told({ agents: [agent("pi", "running"), { ...agent("openai", "running"), model: "llama3:latest" }] }));
  agents.hear("agent.state", agent("openai", "away"));
  assert.deepEqual(["pi", "openai", "gone", undefined].map(name => agents.titleOf(name)), ["pi", "llama3:latest", "gone", undefined]);
});

test("a turn is shown from its first event to its end, and the one that runs before the one that waits", () => {
  const agents = new Agents(told({ running: [turn(1, "running")] }));
  const now = () => agents.at(ANA, NOW).turn?.turn_id;
  agents.hear("agent.status", turn(2, "waiting"));
  assert.equal(now(), "t-1");
  agents.hear("agent.status", turn(1, "done", { message_id: "m-3" }));
  assert.deepEqual([now(), agents.authorOf("m-3"), agents.isOpen("t-1"), agents.isOpen("t-2")], ["t-2", "pi", false, true]);
  agents.hear("agent.status", turn(2, "aborted"));
  assert.equal(now(), undefined);
  assert.equal(agents.at({ ...ANA, peer: "bia" }, NOW).turn, undefined);
});

test("a conversation is held until its time is over or it is given back", () => {
  const hold = { ...ANA, until_ms: NOW + 1, by: "hand" };
  const agents = new Agents(told({ held: [hold] }));
  assert.equal(agents.at(ANA, NOW).hold.by, "hand");
  assert.equal(agents.at(ANA, NOW + 1).hold, undefined);
  agents.hear("agent.handover", { ...hold, until_ms: NOW + 9, by: "loop" });
  assert.equal(agents.at(ANA, NOW + 1).hold.by, "loop");
  agents.hear("agent.handover", { ...hold, until_ms: 0 });
  assert.equal(agents.at(ANA, NOW).hold, undefined);
});

test("what failed is told at its last message until it is tried again", () => {
  const agents = new Agents(told(), [turn(4, "failed", { messages: ["m-4", "m-5"], error: "no model" }), turn(2, "done", { message_id: "m-3" })]);
  assert.deepEqual([agents.failedAt("m-5").error, agents.failedAt("m-4"), agents.failedAt("m-2"), agents.authorOf("m-3")], ["no model", undefined, undefined, "pi"]);
  agents.hear("agent.status", turn(4, "waiting"));
  assert.equal(agents.failedAt("m-5"), undefined);
});

test("what it remembers has an end", () => {
  const agents = new Agents(told());
  for (let i = 0; i < 5000; i++) agents.hear("agent.status", turn(i, "running"));
  assert.deepEqual([agents.isOpen("t-3999"), agents.isOpen("t-4000")], [false, true]);
});
