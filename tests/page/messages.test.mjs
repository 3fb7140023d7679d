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

const reaction = (number, to, emoji, more = {}) => message(number, { kind: "reaction", text: emoji, content: { to, emoji }, direction: "in", ...more });
const marks = (thread, id) => thread.reactionsOn(thread.find(id)).map(({ emoji, by }) => `${emoji}${by.length}`).join(" ");
const rows = thread => thread.rows.map(({ message_id }) => message_id).join(" ");

test("a reaction stands on the message its service names, and is no row of its own", () => {
  const thread = new Thread();
  thread.take({ messages: [message(1, { meta: { id: "A" } }), reaction(2, "A", "👍", { sender: "ana" }), reaction(3, "A", "👍", { sender: "bia" })], next: "m-1" });
  assert.equal(rows(thread), "m-1");
  assert.equal(marks(thread, "m-1"), "👍2");
  assert.equal(thread.rowOf("m-3").message_id, "m-1");
  thread.hear(reaction(4, "A", "❤", { sender: "ana" }));
  thread.hear(reaction(5, "A", "", { sender: "bia" }));
  assert.equal(marks(thread, "m-1"), "❤1", "each has the last word of their own");
  thread.hear(reaction(6, "m-1", "🎉", { direction: "out" }));
  assert.equal(marks(thread, "m-1"), "❤1 🎉1", "one's own names it by our id");
});

test("a reaction to what is not here is a row until that comes, and so is one that never got there", () => {
  const thread = new Thread();
  thread.take({ messages: [reaction(5, "A", "👍"), reaction(6, "m-6", "👍")], next: "m-5" });
  assert.equal(rows(thread), "m-5 m-6");
  thread.take({ messages: [message(2, { meta: { id: "A" } })], next: "m-2" });
  assert.equal(rows(thread), "m-2 m-6");
  thread.hear(reaction(7, "A", "👎", { direction: "out", state: "failed" }));
  assert.equal(rows(thread), "m-2 m-6 m-7");
  assert.equal(marks(thread, "m-2"), "👍1");
});

test("all the emojis that a service says somebody left are there", () => {
  const thread = new Thread();
  thread.take({ messages: [message(1, { meta: { id: "A" } }), reaction(2, "A", "👍"), reaction(3, "A", "❤", { meta: { reactions: ["👍", "❤", 7] } })] });
  assert.equal(marks(thread, "m-1"), "👍1 ❤1");
});

test("an edit and a deletion change the message where it stands, an older event does not", () => {
  const thread = threadOf(5, 6);
  assert.equal(thread.hear(message(5, { seq: 9, text: "new", edits: [{ text: "x", until_ms: 1 }] })), true);
  assert.equal(thread.hear(message(5, { seq: 12, text: "new", deleted_ms: 2 })), true);
  assert.equal(thread.hear(message(5, { seq: 9, text: "new" })), false);
  assert.equal(ids(thread), "m-5 m-6");
  assert.equal(thread.find("m-5").deleted_ms, 2);
});

test("whatever a reaction concerns, the thread lives", () => {
  const thread = new Thread();
  const wrong = [null, "x", [], { to: null }, { to: 7 }, { to: "__proto__", emoji: {} }, { to: "m-1", emoji: ["x"] }];
  thread.take({ messages: [message(1, { meta: "x" }), ...wrong.map((content, i) => reaction(i + 2, "", "", { content }))] });
  assert.equal(marks(thread, "m-1"), "");
  assert.ok(thread.rows.length >= 7);
});

test("it is a group where somebody else than the peer writes", () => {
  const thread = threadOf(1);
  thread.hear(message(2, { peer: "55", sender: "55" }));
  assert.equal(thread.isGroup, false);
  thread.hear(message(3, { peer: "1@g.us", sender: "55" }));
  assert.equal(thread.isGroup, true);
});
