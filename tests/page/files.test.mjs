// Files of messages: what they are shown as, how large, and how long the page holds them.

import assert from "node:assert/strict";
import test from "node:test";

import { boxOf, filesOf, heightOf, isGrid, kindOf, safeType } from "../../src/web/model/files.js";
import { Shelf } from "../../src/web/model/shelf.js";

const ID = "ab".repeat(32);
const file = media => filesOf({ media })[0];

test("a file is shown as its type allows, whatever it is called", () => {
  const shapeOf = (kind, mime) => file({ kind, mime, media_id: ID }).shape;
  assert.deepEqual(["image/png", "image/JPEG", "", "image/svg+xml", "text/html", "image/png;x=<"].map(mime => shapeOf("image", mime)), ["picture", "picture", "picture", "document", "document", "document"]);
  assert.deepEqual(["audio/ogg", "application/ogg", "video/webm", "text/html"].map(mime => shapeOf("voice", mime)), ["sound", "sound", "sound", "document"]);
  assert.deepEqual([shapeOf("video", "video/mp4"), shapeOf("video", "image/svg+xml"), shapeOf("document", "image/png")], ["video", "document", "document"]);
  assert.deepEqual(["text/html", "image/svg+xml", "application/pdf", "application/xhtml+xml", "audio/x\"y"].map(safeType), Array(5).fill("application/octet-stream"));
  assert.deepEqual(["image/png", "Audio/OGG; codecs=opus", "video/mp4"].map(safeType), ["image/png", "audio/ogg", "video/mp4"]);
  assert.deepEqual(["image/png", "image/svg+xml", "video/mp4", "audio/ogg", ""].map(kindOf), ["image", "document", "video", "audio", "document"]);
});

test("where a file is: here, on its way, lost, at an address, with its service, or nowhere", () => {
  const stateOf = media => file({ kind: "image", ...media }).state;
  assert.equal(stateOf({ media_id: ID, state: "ready" }), "kept");
  assert.equal(stateOf({ id: "x", state: "fetching" }), "fetching");
  assert.equal(stateOf({ id: "x", state: "failed" }), "failed");
  assert.equal(stateOf({ url: "https://a.example/x" }), "linked");
  assert.equal(stateOf({ id: "x" }), "absent");
  for (const media of [{}, { media_id: "../../etc/passwd" }, { media_id: 7 }, { media_id: [ID, ID] }, { state: "constructor" }]) assert.equal(stateOf(media), "named", JSON.stringify(media));
});

test("one file, several, and what is none", () => {
  for (const media of [undefined, null, "x", 7, [], [null, "x"]]) assert.deepEqual(filesOf({ media }), []);
  assert.equal(filesOf({ media: Array(50).fill({ media_id: ID }) }).length, 10);
  const [voice] = filesOf({ kind: "voice", text: "[voice] 0:12", media: { kind: "audio", media_id: ID } });
  assert.deepEqual([voice.kind, voice.about], ["voice", "0:12"]);
  assert.equal(filesOf({ kind: "text", text: "said", media: { kind: "audio", media_id: ID } })[0].kind, "audio");
  assert.equal(file({ name: "a\u202efdp.exe" }).name, "afdp.exe");
});

test("a picture's room is known before it comes, and never more than the thread has", () => {
  const box = (width, height, kind = "image") => boxOf(file({ kind, width, height }));
  assert.deepEqual(box(1600, 1200), [320, 240]);
  assert.deepEqual(box(500, 1000), [180, 360]);
  assert.deepEqual(box(200, 100), [200, 100]);
  assert.deepEqual(box(10_000, 1), [320, 48]);
  assert.deepEqual(box(512, 512, "sticker"), [128, 128]);
  for (const odd of [0, -1, NaN, Infinity, "constructor", {}]) assert.deepEqual(box(odd, 10), [320, 220], String(odd));
  const picture = file({ kind: "image", media_id: ID });
  assert.ok(isGrid([picture, picture]));
  assert.ok(!isGrid([picture]));
  assert.ok(!isGrid([picture, file({ kind: "document", media_id: ID })]));
  assert.ok(heightOf([picture, picture, picture]) > heightOf([picture, picture]));
});

test("what is held is held while it is used, and then until its room is needed", () => {
  const dropped = [];
  const shelf = new Shelf(10, thing => dropped.push(thing));
  const hold = (key, bytes) => {
    if (!shelf.has(key)) shelf.put(key, key.toUpperCase(), bytes);
    return shelf.use(key);
  };
  assert.equal(hold("a", 6), "A");
  assert.equal(hold("b", 6), "B");
  assert.deepEqual([shelf.bytes, dropped], [12, []]);
  shelf.leave("b");
  assert.deepEqual(dropped, ["B"]);
  shelf.leave("a");
  assert.equal(hold("c", 4), "C");
  shelf.leave("c");
  assert.deepEqual([shelf.bytes, dropped], [10, ["B"]]);
  hold("a");
  shelf.leave("a");
  hold("d", 3);
  assert.deepEqual(dropped, ["B", "C"], "the longest unused goes first");
  hold("a");
  hold("a");
  shelf.leave("a");
  hold("e", 100);
  assert.ok(shelf.has("a"), "it is used once still");
  shelf.put("e", "another E", 1);
  assert.equal(dropped.at(-1), "another E");
});
