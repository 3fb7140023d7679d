// Texts in parts, waiting before a new connection, counting by the second, rows of a long list.

import assert from "node:assert/strict";
import test from "node:test";

import { waitBefore } from "../../src/web/model/backoff.js";
import { Heights } from "../../src/web/model/heights.js";
import { named, partsOf, webAddress } from "../../src/web/model/parts.js";
import { Rate, SECONDS } from "../../src/web/app/rate.js";

const spelled = text => partsOf(text).map(({ kind, text }) => `${kind}:${text}`);

test("addresses of the web are links, the sentence around them is not", () => {
  assert.deepEqual(spelled("see https://a.example/x?y=1, or (http://b.example)."), ["text:see ", "link:https://a.example/x?y=1", "text:, or (", "link:http://b.example", "text:)."]);
});

test("what is no address of the web never is a link", () => {
  for (const text of ["javascript:alert(1)", "data:text/html,x", "xhttps://a.example", "https://", "<a href='x'>", "file:///etc/passwd"]) {
    assert.deepEqual(spelled(text), [`text:${text}`]);
  }
  assert.equal(webAddress("javascript:alert(1)"), undefined);
  assert.equal(webAddress("https://a.example"), "https://a.example/");
});

test("a fenced block is code, an open fence is text", () => {
  assert.deepEqual(spelled("so:\n```rust\nlet a = 1;\nhttps://a.example\n```\nthere"), ["text:so:\n", "code:let a = 1;\nhttps://a.example", "text:there"]);
  assert.deepEqual(spelled("```rust\nlet"), ["text:```rust\nlet"]);
  assert.deepEqual(spelled(""), []);
});

test("a wait doubles up to its bound and is spread by a fifth", () => {
  assert.deepEqual([0, 1, 2, 3].map(n => waitBefore(n, 0.5)), [500, 1000, 2000, 4000]);
  assert.equal(waitBefore(100, 0.5), 15_000);
  assert.deepEqual([waitBefore(0, 0), waitBefore(0, 1)], [400, 600]);
});

test("counts move on with the seconds and are forgotten after a minute", () => {
  const rate = new Rate();
  rate.add(100_000, 3);
  rate.add(100_900, 1);
  assert.equal(rate.series(102_000).indexOf(4), SECONDS - 3);
  assert.equal(rate.series(102_000).length, SECONDS);
  assert.equal(Math.max(...rate.series(100_000 + SECONDS * 1000)), 0);
});

const lay = (heights, keys, guess = 10) => heights.lay(keys.length, i => keys[i], () => guess);

test("the view shows the rows in it and a margin around", () => {
  const heights = new Heights();
  lay(heights, Array.from({ length: 10_000 }, (_, i) => `m-${i}`));
  assert.equal(heights.total, 100_000);
  assert.deepEqual(heights.range(50_000, 100, 20), [4998, 5013]);
  assert.deepEqual(heights.range(0, 100, 500), [0, 61]);
  assert.deepEqual(heights.range(99_950, 100, 0), [9995, 10_000]);
  lay(heights, []);
  assert.deepEqual(heights.range(0, 100, 500), [0, 0]);
});

test("a measured height stays with its row when others come before it", () => {
  const heights = new Heights();
  lay(heights, ["b", "c"]);
  assert.equal(heights.learn(0, 35), true);
  assert.equal(heights.learn(0, 35), false);
  lay(heights, ["a", "b", "c"]);
  assert.deepEqual([0, 1, 2, 3].map(i => heights.top(i)), [0, 10, 45, 55]);
  assert.deepEqual([0, 9, 10, 44, 45, 900].map(offset => heights.at(offset)), [0, 0, 1, 1, 2, 2]);
  heights.forget();
  lay(heights, ["a", "b", "c"]);
  assert.equal(heights.total, 30);
});

test("settings are called as the form calls them, and others stay", () => {
  const names = { BOT_TOKEN: "Token of the bot" };
  assert.equal(named("Telegram refused BOT_TOKEN; see BOT_TOKEN_2 and API", names), "Telegram refused “Token of the bot”; see BOT_TOKEN_2 and API");
  assert.equal(named("constructor CONSTRUCTOR", names), "constructor CONSTRUCTOR");
});
