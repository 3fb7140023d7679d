// Every kind of message: as the pieces that are drawn and as one line, in both languages.

import assert from "node:assert/strict";
import test from "node:test";

import "./document.mjs";
import { cardOf, lineOf, wordsBeside } from "../../src/web/chat/card.js";
import { speak } from "../../src/web/words.js";

const KINDS = [
  ["location", "[location] Praça da Sé, -23.5505, -46.6333", { lat: -23.5505, lng: -46.6333, name: "Praça da Sé" }, "Location: Praça da Sé", "Localização: Praça da Sé"],
  ["location", "[live location] 1, 2", { lat: 1, lng: 2, live: true }, "Live location: 1, 2", "Localização em tempo real: 1, 2"],
  ["contact", "[contact] Ana Lima +55 11 98765-4321", [{ name: "Ana Lima", phones: ["+55 11 98765-4321"], emails: [] }], "Contact: Ana Lima", "Contato: Ana Lima"],
  ["contact", "[contact] A 1; B 2", [{ name: "A", phones: ["1"], emails: [] }, { name: "B", phones: ["2"], emails: [] }], "Contact: A · 1 · B · 2", "Contato: A · 1 · B · 2"],
  ["poll", "[poll] Pizza? 1) yes 2) no", { question: "Pizza?", options: ["yes", "no"] }, "Poll: Pizza?", "Enquete: Pizza?"],
  ["vote", "[vote] yes", { options: ["yes"] }, "Vote: yes", "Voto: yes"],
  ["vote", "[vote]", { options: [] }, "Vote: vote withdrawn", "Voto: voto retirado"],
  ["choice", "Yes, please", { id: "yes", title: "Yes, please" }, "Answer: Yes, please", "Resposta: Yes, please"],
  ["choice", '[answers] {"size":"M"}', { id: "", title: "", values: { size: "M" } }, "Answer: size M", "Resposta: size M"],
  ["order", "[order] 2 × Cake 9.50 BRL", { items: [{ id: "1", name: "Cake", quantity: 2, price: 9.5, currency: "BRL" }] }, "Order: 2 × Cake · R$9.50", "Pedido: 2 × Cake · R$\u00a09,50"],
  ["reaction", "👍", { to: "X", emoji: "👍" }, "reacted with 👍", "reagiu com 👍"],
  ["reaction", "[reaction removed]", { to: "X", emoji: "" }, "took a reaction back", "retirou uma reação"],
  ["call", "[video call] missed, 61 s", { video: true, outcome: "missed", seconds: 61 }, "Video call: missed · 1:01", "Chamada de vídeo: perdida · 1:01"],
  ["system", "[system] Ana joined", { event: "new_chat_members" }, "Ana joined", "Ana joined"],
  ["unsupported", "[unsupported message]", { type: "hologram" }, "A message of a kind that cannot be shown yet: hologram", "Uma mensagem de um tipo que ainda não dá para mostrar: hologram"],
];
const FILES = [
  [{ kind: "image", text: "[image]", media: { kind: "image", id: "large" } }, "Image", "Imagem"],
  [{ kind: "voice", text: "[voice] 0:12", media: { kind: "audio", id: "x", mime: "audio/ogg" } }, "Voice message: 0:12", "Mensagem de voz: 0:12"],
  [{ kind: "document", text: "[document] may.pdf", media: { kind: "document", id: "x", name: "may.pdf" } }, "Document: may.pdf", "Documento: may.pdf"],
  [{ kind: "sticker", text: "[sticker] 😀", media: { kind: "image", id: "x" } }, "Sticker: 😀", "Figurinha: 😀"],
  [{ kind: "video", text: "look", media: { kind: "video", id: "x" } }, "Video: look", "Vídeo: look"],
  [{ text: "", media: { kind: "audio", url: "https://a.example/x.mp3", name: "x.mp3" } }, "Audio: x.mp3", "Áudio: x.mp3"],
];
const both = (message, english, portuguese) => {
  for (const [language, line] of [["en", english], ["pt", portuguese]]) {
    speak(language);
    assert.equal(lineOf(message), line);
  }
};

test("every kind is one readable line in both languages, and its rendering is not said twice", () => {
  for (const [kind, text, content, ...lines] of KINDS) {
    both({ kind, text, content }, ...lines);
    assert.equal(wordsBeside({ text, content }, cardOf({ kind, text, content })), "", text);
  }
  for (const [message, ...lines] of FILES) both(message, ...lines);
  speak("en");
});

test("what a person wrote beside it is said", () => {
  const message = { kind: "image", text: "look [image]", media: { kind: "image", id: "x" } };
  assert.equal(wordsBeside(message, cardOf(message)), "look [image]");
  assert.equal(wordsBeside({ text: "plain" }, cardOf({ text: "plain" })), "plain");
});

test("what a text says beyond its content is said", () => {
  const beside = message => wordsBeside(message, cardOf(message));
  const place = { lat: 1.5, lng: 2, name: "Sé" };
  assert.equal(beside({ kind: "location", text: "[location] Sé, 1.5, 2: at the stairs", content: place }), "at the stairs");
  assert.equal(beside({ kind: "location", text: "[location] elsewhere", content: place }), "[location] elsewhere");
  assert.equal(beside({ kind: "choice", text: "[answers] {\"a\":1}", content: { id: "f", title: "Sent", values: { a: 1 } } }), "");
  assert.equal(beside({ kind: "choice", text: "Yes, and more", content: { id: "y", title: "Yes" } }), "Yes, and more");
  assert.equal(beside({ kind: "order", text: "[order] paid Ana: 1 × cake-7 19.00 BRL", content: { note: "paid Ana", items: [{ id: "cake-7", quantity: 1, price: 19, currency: "BRL" }] } }), "");
});

test("a place is a link to a map, and only where it is one", () => {
  const card = content => cardOf({ kind: "location", text: "", content });
  assert.equal(card({ lat: -23.5505, lng: -46.6333 }).link.href, "https://www.openstreetmap.org/?mlat=-23.5505&mlon=-46.6333");
  for (const content of [{ lat: 91, lng: 0 }, { lat: "1", lng: "2" }, { lat: NaN, lng: 0 }, { lat: 0 }, []]) assert.equal(card(content), undefined);
});

test("prices are written as their currency is, and what is none is left as it is", () => {
  const items = [{ id: "a", quantity: 1, price: 5, currency: "EUR" }, { id: "b", price: 5, currency: "<b>" }, { id: "c", price: "5" }, { id: "d", quantity: "many" }];
  assert.deepEqual(cardOf({ kind: "order", text: "", content: { items } }).list, ["1 × a · €5.00", "1 × b · 5.00 <b>", "1 × c", "1 × d"]);
});

test("a content of another shape is no card or a harmless one, and never long", () => {
  const wrong = [null, undefined, "x", 7, true, [], {}, [null], ["x"], [[[]]], { items: [null, 7, []] }, { items: {} }, { options: "x" }, { options: [null, {}] }, { values: [[["x"]]], title: {} }, { emoji: {} }, { type: [] }, { event: 9 }, { outcome: {}, seconds: "x" }, { phones: 1 }];
  const huge = ["options", "items", "phones"].map(key => ({ [key]: Array.from({ length: 100_000 }, (_, i) => `${i}`) }));
  const kinds = [...new Set(KINDS.map(([kind]) => kind)), "image", "sticker", "constructor", "__proto__", "toString", "hologram", "text", "", null, 7];
  for (const kind of kinds) {
    for (const content of [...wrong, ...huge, [{ phones: Array(100_000).fill("1") }]]) {
      for (const media of [undefined, null, "x", 7, [], { url: {} }, { kind: "constructor", name: {} }]) {
        const message = { kind, content, media, text: "said" };
        assert.equal(typeof lineOf(message), "string");
        assert.ok(JSON.stringify(cardOf(message) ?? "").length < 20_000, `${kind}`);
      }
    }
  }
  assert.deepEqual(cardOf({ kind: "poll", content: { question: "?", options: Array(100).fill("x") } }).list.slice(-2), ["x", "and 70 more"]);
});

test("characters that steer are taken out, markup stays letters", () => {
  const { title, list } = cardOf({ kind: "poll", content: { question: "a\u0000\u001b[2J\u202eb", options: ["<b>x</b>\u2066"] } });
  assert.deepEqual([title, list], ["a[2Jb", ["<b>x</b>"]]);
});
