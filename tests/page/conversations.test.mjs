// The list of conversations: order, what is unread, who types.

import assert from "node:assert/strict";
import test from "node:test";

import { Conversations } from "../../src/web/model/conversations.js";

const ME = { channel: "webchat", peer: "visitor" };
const said = (number, peer, direction = "in", more = {}) => ({ message_id: `m-${number}`, seq: number, channel: "telegram", peer, direction, text: "x", ...more });
const row = (number, peer, unread, more = {}) => ({ channel: "telegram", peer, unread, last: said(number, peer), ...more });
const peers = list => list.sorted.map(({ peer }) => peer).join(" ");
const of = (list, peer) => list.get({ channel: "telegram", peer });

function listOf(...conversations) {
  const list = new Conversations(ME);
  list.take({ conversations, next: "m-1" }, true);
  return list;
}

test("the newest stands first, behind the visitor's own", () => {
  const list = listOf(row(9, "ana", 0), row(8, "bia", 0));
  assert.equal(peers(list), "visitor ana bia");
  list.hear(said(10, "bia"));
  assert.equal(peers(list), "visitor bia ana");
  list.hear(said(3, "ana", "out", { seq: 11 }));
  assert.equal(peers(list), "visitor bia ana", "a change of an old message is nothing new");
});

test("only what the other side newly says is unread", () => {
  const list = listOf(row(9, "ana", 2));
  assert.equal(list.hear(said(9, "ana")), false, "the page had it already");
  assert.equal(list.hear(said(10, "ana")), true);
  assert.equal(list.hear(said(11, "ana", "out")), false);
  assert.equal(of(list, "ana").unread, 3);
});

test("somebody new is called as their first message says, a group is not", () => {
  const list = listOf(row(9, "ana", 0, { name: "Ana" }));
  list.hear(said(10, "bia", "out", { meta: { name: "Shop" } }));
  assert.equal(of(list, "bia").name, undefined);
  list.hear(said(11, "bia", "in", { meta: { name: "Own", own: true } }));
  list.hear(said(12, "bia", "in", { meta: { name: "Bia" } }));
  list.hear(said(13, "ana", "in", { meta: { name: "Ana Paula" } }));
  list.hear(said(14, "-100", "in", { sender: "carla", meta: { name: "Carla" } }));
  list.hear(said(15, "dora", "in"));
  assert.deepEqual(["bia", "ana", "-100", "dora"].map(peer => of(list, peer).name), ["Bia", "Ana", undefined, undefined]);
});

test("what became of an old message is nothing unread, and stands in its preview", () => {
  const list = listOf(row(9, "ana", 0));
  assert.equal(list.hear(said(9, "ana", "in", { seq: 12, text: "new", edits: [{ text: "x", until_ms: 1 }] })), false);
  assert.equal(of(list, "ana").last.text, "new");
  assert.equal(list.hear(said(4, "bia", "in", { seq: 13, deleted_ms: 1 })), false);
  assert.equal(of(list, "bia").unread, 0);
});

test("in the visitor's own conversation the other side is the one that sends", () => {
  const list = new Conversations(ME);
  const own = (number, direction) => ({ ...said(number, "visitor", direction), channel: "webchat" });
  assert.equal(list.hear(own(1, "in")), false);
  assert.equal(list.hear(own(2, "out")), true);
  list.take({ conversations: [{ ...ME, unread: 7, last: own(1, "in") }] }, true);
  assert.equal(list.unread, 1, "the gateway counts what the visitor wrote");
});

test("a read mark at the newest clears, one before asks the gateway", () => {
  const list = listOf(row(9, "ana", 3));
  const mark = id => list.read({ channel: "telegram", peer: "ana", message_id: id });
  assert.equal(mark("m-8"), false);
  assert.equal(of(list, "ana").unread, 3);
  assert.equal(mark("m-9"), true);
  assert.equal(list.unread, 0);
  assert.equal(list.read({ channel: "telegram", peer: "nobody", message_id: "m-1" }), true);
});

test("a late page does not undo what events brought", () => {
  const list = listOf(row(9, "ana", 0));
  list.hear(said(10, "ana"));
  list.take({ conversations: [row(9, "ana", 0, { name: "Ana" })], next: "m-5" }, true);
  assert.equal(of(list, "ana").unread, 1);
  assert.equal(of(list, "ana").last.message_id, "m-10");
  assert.equal(of(list, "ana").name, "Ana");
});

test("asking for the first page again keeps the place of the later ones", () => {
  const list = listOf(row(9, "ana", 0));
  list.take({ conversations: [row(3, "bia", 0)] }, false);
  list.take({ conversations: [row(9, "ana", 0)], next: "m-9" }, true);
  assert.equal(list.next, undefined);
});

test("who types is shown until it lapses, ends, or the message comes", () => {
  const list = listOf(row(9, "ana", 0));
  const type = (until_ms, now) => list.type({ channel: "telegram", peer: "ana", direction: "in", until_ms }, now);
  type(15_000, 10_000);
  assert.equal(list.lapse(14_000), 15_000);
  assert.equal(list.lapse(15_000), Infinity);
  assert.equal(of(list, "ana").typing, undefined);
  type(15_000, 10_000);
  type(10_000, 10_000);
  assert.equal(of(list, "ana").typing, undefined, "it ended");
  type(9e15, 10_000);
  assert.ok(list.lapse(10_000) <= 40_000, "a clock that is off does not show it for ever");
  list.hear(said(10, "ana"));
  assert.equal(of(list, "ana").typing, undefined);
});

test("what grew is cut to its end, and forgotten where it will not come", () => {
  const list = listOf(row(1, "ana", 0));
  const place = { channel: "telegram", peer: "ana", direction: "out", until_ms: 9000 };
  list.type({ ...place, text: `${"x".repeat(5000)}end` }, 0);
  assert.deepEqual([of(list, "ana").typing.text.length, of(list, "ana").typing.text.slice(-4)], [3000, "xend"]);
  list.hush(place);
  assert.equal(of(list, "ana").typing, undefined);
  list.type(place, 0);
  list.hush({ ...place, peer: "nobody" });
  list.hush(place);
  assert.equal(of(list, "ana").typing.direction, "out");
});

test("pinned ones stand behind the visitor's own and before all others", () => {
  const list = listOf(row(9, "ana", 0), row(8, "bia", 0, { pinned: true }), row(7, "caio", 0, { pinned: true }));
  assert.equal(peers(list), "visitor bia caio ana");
  list.hear(said(10, "caio"));
  list.hear(said(11, "ana"));
  assert.equal(peers(list), "visitor caio bia ana");
  assert.equal(list.mark({ channel: "telegram", peer: "caio", pinned: false, archived: false, muted: false, unread_mark: false }), true);
  assert.equal(peers(list), "visitor bia ana caio");
  assert.equal(list.mark({ channel: "telegram", peer: "nobody", pinned: true }), false);
});

test("what is new brings an archived one back, unless it is muted", () => {
  const list = listOf(row(9, "ana", 0, { archived: true }), row(8, "bia", 0, { archived: true, muted: true }));
  list.hear(said(9, "ana", "in", { seq: 20 }));
  assert.equal(of(list, "ana").archived, true, "a change of an old message is nothing new");
  list.hear(said(10, "ana"));
  list.hear(said(11, "bia"));
  assert.deepEqual([of(list, "ana").archived, of(list, "bia").archived], [false, true]);
});

test("a muted one counts in its row and not in the sum; reading clears the mark", () => {
  const list = listOf(row(9, "ana", 3, { muted: true }), row(8, "bia", 2, { unread_mark: true }));
  assert.deepEqual([list.unread, of(list, "ana").unread], [2, 3]);
  list.read({ channel: "telegram", peer: "bia", message_id: "m-8" });
  assert.deepEqual([of(list, "bia").unread_mark, of(list, "bia").unread], [false, 0]);
});

test("a filter has pages of its own", () => {
  const list = listOf(row(9, "ana", 0));
  assert.equal(list.nextOf("pinned/"), undefined);
  list.takeOf("pinned/", { conversations: [row(2, "old", 0, { pinned: true })], next: "m-2" });
  assert.deepEqual([peers(list), list.next, list.nextOf("pinned/")], ["visitor old ana", "m-1", "m-2"]);
  list.takeOf("pinned/", { conversations: [] });
  assert.equal(list.nextOf("pinned/"), null);
});

test("somebody in a group who is silent leaves it a group", () => {
  const list = listOf(row(9, "team", 0));
  list.hear(said(10, "team", "in", { sender: "ana" }));
  list.hear(said(11, "team", "out"));
  assert.equal(of(list, "team").isGroup, true);
});
