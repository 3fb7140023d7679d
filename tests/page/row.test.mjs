// Rows of a thread: what is read in them, and that one that fails does not take the others along.

import assert from "node:assert/strict";
import test from "node:test";

import "./document.mjs";
import { Attachments } from "../../src/web/files/attachments.js";
import { brokenRow, row } from "../../src/web/chat/row.js";
import { speak } from "../../src/web/words.js";

speak("en");
const AT = Date.UTC(2026, 0, 2, 12);
const chat = { uploadsOf: () => undefined };
const drawn = (message, around = {}) => row({ attachments: new Attachments(chat) }, { message_id: "m-1", channel: "whatsapp", peer: "5511987654321", direction: "in", text: "", created_ms: AT, state: "received", ...message }, { own: false, day: "", ...around });
const read = (message, around) => drawn(message, around).lines.filter(line => !/^\d+:\d\d/.test(line));

test("a file without an address is named, not shown", () => {
  const message = { kind: "image", text: "[image] a.png", media: { kind: "image", id: "large", name: "a.png", mime: "image/png" } };
  assert.deepEqual(read(message), ["Image", "a.png", "image/png", "Fetch the file"]);
  assert.equal(drawn(message).all("img").length, 0);
  assert.equal(drawn({ kind: "image", media: { kind: "image", url: "http://127.0.0.1:1/x.png" } }).all("img")[0].src, "http://127.0.0.1:1/x.png");
  for (const media of [null, "x", { url: 7 }, { url: null }, {}]) assert.deepEqual(read({ kind: "voice", media }), ["Voice message"]);
});

test("an address is a link only where it is one of the web", () => {
  const linked = url => drawn({ kind: "document", media: { kind: "document", url, name: "x" } }).all("a").map(({ href }) => href);
  assert.deepEqual(linked("https://a.example/x"), ["https://a.example/x"]);
  assert.deepEqual(linked("javascript:alert(1)"), []);
});

test("a file that is kept is drawn by what it is, and several side by side only where they are pictures", () => {
  const kept = (kind, mime, more) => ({ media_id: "ab".repeat(32), kind, mime, name: `a.${kind}`, bytes: 1_234_567, ...more });
  const count = (media, name) => drawn({ kind: "text", media }).all(name).length;
  assert.deepEqual([count(kept("image", "image/png"), "img"), count(kept("voice", "audio/ogg"), "audio"), count(kept("video", "video/mp4"), "video")], [1, 1, 1]);
  assert.deepEqual(read({ kind: "document", media: kept("document", "application/pdf") }), ["Document", "a.document", "application/pdf · 1.2 MB", "Download"]);
  for (const mime of ["image/svg+xml", "text/html"]) assert.equal(count(kept("image", mime), "img"), 0, mime);
  const lookOf = media => drawn({ kind: "text", media }).all("div").find(({ className }) => /files/.test(className)).className;
  assert.equal(lookOf([kept("image", "image/png"), kept("image", "image/jpeg")]), "files grid");
  assert.equal(lookOf([kept("image", "image/png"), kept("document", "application/pdf")]), "files");
});

test("a file on its way, one that could not be had and one nobody asked for say so in both languages", () => {
  const said = media => read({ kind: "document", media: { kind: "document", id: "x", ...media } }).slice(1);
  assert.deepEqual(said({ state: "fetching" }), ["Fetching the file…"]);
  assert.deepEqual(said({ state: "failed", error: "gone \u202e" }), ["Could not be fetched: gone", "Fetch again"]);
  speak("pt");
  assert.deepEqual(said({ state: "failed" }), ["Não foi possível buscar: —", "Buscar de novo"]);
  assert.deepEqual(said({}), ["Buscar o arquivo"]);
  speak("en");
});

test("an answer shows what it answers, also where that is not here", () => {
  const quoted = { id: "m-7", who: "Ana", line: "shall we go?" };
  assert.deepEqual(read({ text: "yes" }, { quoted }), ["In reply to ", "Ana ", "shall we go?", "yes"]);
  const [quote] = drawn({ text: "yes" }, { quoted: { id: false, line: "an earlier message" } }).all("button");
  assert.equal(quote.disabled, true);
});

test("a place opens its map only by the user's hand", () => {
  const [link] = drawn({ kind: "location", content: { lat: 1, lng: 2 } }).all("a");
  assert.deepEqual([link.href, link.rel, link.target], ["https://www.openstreetmap.org/?mlat=1&mlon=2", "noopener noreferrer", "_blank"]);
});

test("what is nobody's word is a quiet line", () => {
  const line = drawn({ kind: "system", text: "[system] Ana joined", content: { event: "new_chat_members" } });
  assert.equal(line.className, "event");
  assert.deepEqual(line.lines, ["Ana joined"]);
});

test("an edited message keeps its earlier texts, a deleted one its own, each marked", () => {
  const edited = drawn({ text: "new", edits: [{ text: "old <b>", until_ms: AT }] });
  assert.deepEqual(read({ text: "new", edits: [{ text: "old <b>", until_ms: AT }] }).filter(line => !/Jan/.test(line)), ["new", "edited", "old <b>"]);
  assert.equal(edited.all("details").length, 1);
  assert.deepEqual(read({ text: "gone", deleted_ms: AT }), ["gone", "deleted by its author"]);
  assert.match(drawn({ text: "gone", deleted_ms: AT }).all("div")[0].className, /gone/);
  speak("pt");
  assert.deepEqual(read({ text: "gone", deleted_ms: AT }), ["gone", "apagada por quem escreveu"]);
  speak("en");
});

test("reactions stand under it, with how many and who", () => {
  const by = [{ channel: "whatsapp", peer: "1@g.us", sender: "5511987654321" }, { channel: "whatsapp", peer: "1@g.us", meta: { name: "Bia" } }];
  const [mark] = drawn({ text: "hi" }, { reactions: [{ emoji: "👍", by }] }).all("span");
  assert.deepEqual([mark.lines, mark.title], [["👍 2"], "+55 (11) 98765-4321, Bia"]);
});

test("somebody in a group is called by name, else by number as people write it", () => {
  assert.deepEqual(read({ text: "hi", sender: "5511987654321" }), ["+55 (11) 98765-4321", "hi"]);
  assert.deepEqual(read({ text: "hi", sender: "5511987654321", meta: { name: "Ana" } }), ["Ana", "hi"]);
});

test("what stands in for a row says so in both languages", () => {
  assert.deepEqual(brokenRow().lines, ["This message cannot be shown."]);
  speak("pt");
  assert.deepEqual(brokenRow().lines, ["Não é possível mostrar esta mensagem."]);
  speak("en");
});

test("a scheduled message says when it goes out, and one that went says nothing of it", () => {
  const at_ms = new Date(new Date().getFullYear(), 10, 27, 8).getTime();
  const said = read({ text: "hi", direction: "out", state: "scheduled", at_ms }, { own: true });
  assert.match(said[1], /^Goes out Nov 27, 8:00/);
  assert.deepEqual(said.slice(2), ["Another time", "Cancel"]);
  assert.deepEqual(read({ text: "hi", direction: "out", state: "sent" }, { own: true }), ["hi"]);
});

test("what waits here for a connection says when it goes out, where somebody chose a time", () => {
  const at = new Date(new Date().getFullYear(), 10, 27, 8).getTime();
  const said = one => drawn({ message_id: undefined, key: "k", text: "hi", direction: "out", ...one }, { own: true, waits: true }).lines.join(" ").replace(/\s/g, " ");
  assert.match(said({ at }), /Waits for the connection · Goes out Nov 27, 8:00/);
  assert.match(said({}), /Waits for the connection /);
  assert.doesNotMatch(said({}), /Goes out/);
});
