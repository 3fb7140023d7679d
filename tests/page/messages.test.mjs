// The messages of one conversation: by age, each once, in the newest state, without a gap.

import assert from "node:assert/strict";
import test from "node:test";

import { KEEP, Thread } from "../../src/web/model/messages.js";

const message = (number, more = {}) => ({ message_id: `m-${number}`, seq: number, text: "x", ...more });
const ids = ({ messages }) => messages.map(({ message_id }) => message_id).join(" ");

function threadOf(...numbers) {
  const thread = new Thread();
  thread.take({ messages: numbers.map(n => message(n)), next: "m-0" });
  return thread;
}

test("an event about a known message changes it, an older one does not", () => {
  const thread = threadOf(5);
  assert.equal(thread.hear(message(5, { seq: 7, state: "sent" })), true);
  assert.equal(thread.hear(message(5, { seq: 6, state: "sending" })), false);
  assert.equal(thread.find("m-5").state, "sent");
  assert.equal(ids(thread), "m-5");
});

test("events that come before the page are kept with it, in order and once", () => {
  const thread = new Thread();
  thread.hear(message(9));
  thread.hear(message(8, { seq: 12, state: "read" }));
  thread.take({ messages: [message(7), message(8), message(9)] });
  assert.equal(ids(thread), "m-7 m-8 m-9");
  assert.equal(thread.find("m-8").state, "read");
  assert.equal(thread.older, false);
});

test("a change of a message older than the first makes no gap", () => {
  const thread = threadOf(50, 51);
  assert.equal(thread.hear(message(3, { seq: 60 })), false);
  assert.equal(ids(thread), "m-50 m-51");
  thread.take({ messages: [message(48), message(49)] });
  assert.equal(thread.hear(message(3, { seq: 61 })), true);
});

test("what is kept is bounded by count and by characters, and the oldest go", () => {
  const thread = threadOf(1);
  thread.take({ messages: [], next: undefined });
  for (let n = 2; n < KEEP + 2000; n++) thread.hear(message(n));
  assert.ok(thread.messages.length <= KEEP && thread.messages.length > KEEP / 2);
  assert.equal(thread.messages.at(-1).message_id, `m-${KEEP + 1999}`);
  assert.equal(thread.older, true);
  for (let n = 100_000; n < 100_030; n++) thread.hear(message(n, { text: "y".repeat(1_000_000) }));
  assert.ok(thread.messages.length < 30);
});

test("a message is found by its id alone", () => {
  const thread = threadOf(2, 4, 6);
  assert.equal(thread.find("m-4").seq, 4);
  assert.equal(thread.find("m-5"), undefined);
  assert.equal(thread.indexOf(5), 2);
});
