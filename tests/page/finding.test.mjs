// Which conversations a list shows.

import assert from "node:assert/strict";
import test from "node:test";

import { around, asked, isGroup, isWanted, wantedOf } from "../../src/web/model/finding.js";

const one = (more = {}) => ({ channel: "whatsapp", peer: "5511987654321", unread: 0, ...more });
const finds = (asked, more, name = "João Ávila") => isWanted(one(more), () => name, wantedOf(asked));

test("a filter lets through what it says, and none but its own the archived", () => {
  assert.deepEqual([finds({}), finds({}, { archived: true })], [true, false]);
  assert.deepEqual([finds({ only: "unread" }), finds({ only: "unread" }, { unread: 2 }), finds({ only: "unread" }, { unread_mark: true })], [false, true, true]);
  assert.deepEqual([finds({ only: "archived" }), finds({ only: "archived" }, { archived: true })], [false, true]);
  assert.deepEqual([finds({ only: "groups" }), finds({ only: "groups" }, { isGroup: true }), finds({ only: "groups" }, { isGroup: true, archived: true })], [false, true, false]);
  assert.equal(finds({ only: "unread" }, { unread: 2, archived: true }), false);
});

test("a channel is one beside the others", () => {
  assert.deepEqual([finds({ channel: "whatsapp" }), finds({ channel: "telegram" }), finds({ channel: "telegram", text: "joão" })], [true, false, false]);
});

test("names are found in any case and without accents, by any part", () => {
  for (const text of ["joao", "JOÃO", "avila", " ávi "]) assert.ok(finds({ text }), text);
  assert.equal(finds({ text: "joana" }), false);
});

test("a number is found as people write it; few digits are no number", () => {
  for (const text of ["+55 (11) 98765-4321", "98765-4321", "11 98765", "987"]) assert.ok(finds({ text }), text);
  assert.equal(finds({ text: "99999-0000" }), false);
  assert.equal(finds({ text: "1-1" }), false);
});

test("what is searched is searched among the archived, too", () => {
  assert.equal(finds({ text: "joao" }, { archived: true }), true);
  assert.equal(finds({ text: "joao", only: "unread" }), false, "unless only some are wanted");
});

test("a group is known by its address, or by who speaks in it", () => {
  assert.ok(isGroup({ channel: "whatsapp", peer: "1203@g.us" }) && isGroup({ channel: "telegram-2", peer: "-100123" }));
  assert.ok(isGroup({ channel: "discord", peer: "42/43" }) && !isGroup({ channel: "discord-2", peer: "user:7" }));
  assert.ok(isGroup({ channel: "webchat", peer: "team", last: { peer: "team", sender: "ana" } }));
  assert.ok(!isGroup({ channel: "telegram", peer: "123" }) && !isGroup({ channel: "whatsapp", peer: "5511", last: { peer: "5511", sender: "5511" } }));
});

test("what stands around the words that were found is cut", () => {
  assert.deepEqual(around("we had bread and Butter today", "butter", 4, 3), ["…and ", "Butter", " to"]);
  assert.deepEqual(around("bread", "BREAD", 4, 3), ["", "bread", ""]);
  assert.deepEqual(around("nothing of it", "else", 4, 7), ["nothing"]);
});

test("words are marked as the gateway finds them: by their beginnings, without accents, in any order", () => {
  assert.deepEqual(around("A Ação da ação: Reunião", 'acao "da ação" re', 99, 99), ["A ", "Ação", " ", "da ação", ": ", "Reunião", ""]);
  assert.deepEqual(around("Straße, øl e Łódź", "strasse lodz ol", 99, 99), ["", "Straße", ", ", "øl", " e ", "Łódź", ""]);
  assert.deepEqual(around("今日は日本", "日本", 1, 9), ["…は", "日本", ""]);
  assert.deepEqual(around("cafe\u0301s", "cafés", 9, 9), ["", "cafe\u0301s", ""]);
});

test("what has no word is looked for as it is", () => {
  assert.deepEqual(asked("nota fisc"), { words: "nota fisc" });
  assert.deepEqual(asked("👍"), { contains: "👍" });
  assert.deepEqual(around("so 👍 then", "👍", 9, 2), ["so ", "👍", " t"]);
});
