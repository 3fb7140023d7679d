// What the page decides as an app without a browser: what an address brings, what a device is called, and
// what a key may.

import assert from "node:assert/strict";
import test from "node:test";

globalThis.location = { hash: "", host: "gateway.example" };
globalThis.document = { adoptedStyleSheets: [] };
globalThis.CSSStyleSheet = class {
  replaceSync(text) {
    this.text = text;
  }
};
const { broughtBy, parts } = await import("../../src/web/app/address.js");
const { deviceName } = await import("../../src/web/app/pairing.js");
const { Rights } = await import("../../src/web/app/rights.js");

test("an address, a link and a bare code bring what they say", () => {
  assert.deepEqual(broughtBy("#token=a+b%2Fc"), { token: "a+b/c", pair: undefined, name: undefined });
  assert.deepEqual(broughtBy("https://host/path/#pair=Xy9&name=Ana%27s%20phone"), { token: undefined, pair: "Xy9", name: "Ana's phone" });
  assert.deepEqual(broughtBy("Xy9"), { token: undefined, pair: undefined, name: undefined });
  assert.deepEqual(broughtBy("#pair="), { token: undefined, pair: "", name: undefined });
});

test("an address with nonsense names nothing", () => {
  location.hash = "#chat/webchat/a%2Fb";
  assert.deepEqual(parts(), ["chat", "webchat", "a/b"]);
  location.hash = "#chat/%E0%A4%A";
  assert.deepEqual(parts(), []);
});

test("a device is called by its system and its browser", () => {
  for (const [agent, name] of [
    ["Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Mobile/15E148 Safari/604.1", "iPhone, Safari"],
    ["Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36", "Android, Chrome"],
    ["Mozilla/5.0 (Linux; Android 14; SM-S901B) AppleWebKit/537.36 SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36", "Android, Samsung Internet"],
    ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Windows, Edge"],
    ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Linux, Firefox"],
    ["something else", "Web"],
  ]) assert.equal(deviceName(agent), name);
});

test("until the gateway has told, nothing is held back", () => {
  const rights = new Rights();
  rights.take({});
  assert.ok(rights.may("send") && rights.hears("log") && rights.covers({ channel: "webchat", peer: "ana" }));
  assert.equal(document.adoptedStyleSheets.at(-1).text, "");
});

test("a key has the parts of the page that its actions need, and hears what it may", () => {
  const rights = new Rights();
  rights.take({ actions: ["history", "send"], events: ["message.received", "message.status", "typing"] });
  assert.ok(rights.may("send") && !rights.may("retry"));
  assert.ok(rights.hears("message.*") && rights.hears("message.*@webchat/ana") && rights.hears("typing"));
  assert.ok(!rights.hears("log") && !rights.hears("client.*"));
  const { text } = document.adoptedStyleSheets.at(-1);
  assert.match(text, /\.trouble \.retry/);
  assert.doesNotMatch(text, /#new-conversation/);
});

test("a key that is limited covers its own conversations alone", () => {
  const rights = new Rights();
  rights.take({ key: { channels: ["whatsapp"], peers: ["whatsapp/5511*", "whatsapp/a.c"] } });
  const covers = (channel, peer) => rights.covers({ channel, peer });
  assert.ok(covers("whatsapp", "551199") && covers("whatsapp", "a.c"));
  assert.ok(!covers("whatsapp", "abc") && !covers("whatsapp", "5599") && !covers("telegram", "551199"));
});
