// Every word of the page is there in both languages, and none is there for nothing.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import test from "node:test";

import "../../src/web/later/table.js";
import { TABLE } from "../../src/web/table.js";

const web = new URL("../../src/web/", import.meta.url);
const files = readdirSync(web, { recursive: true }).map(name => name.replaceAll("\\", "/"));
const sources = files.filter(name => /\.(js|html)$/.test(name) && !/(^|\/)table\.js$/.test(name)).map(name => readFileSync(new URL(name, web), "utf8"));

/** Keys that come over the wire, as states and kinds. */
const WIRED = "queued scheduled sending sent delivered read failed cancelled received running starting stopped impaired away backing_off parked paused hand command loop image video audio voice document sticker location contact poll vote choice order call unsupported missed rejected";
const blanks = text => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort().join();

test("each key has words in two languages with the same blanks", () => {
  for (const [key, row] of Object.entries(TABLE)) {
    const texts = row.split("|");
    assert.equal(texts.length, 2, key);
    assert.ok(texts.every(text => text.trim()), key);
    assert.equal(blanks(texts[0]), blanks(texts[1]), key);
  }
});

test("each key that is named is there", () => {
  const asked = sources.flatMap(text => [...text.matchAll(/words\("([\w-]+)"|data-(?:say|label|hint)(?:"?[=:]\s*"?)([\w-]+)/g)].map(([, a, b]) => a ?? b));
  assert.ok(asked.length > 40);
  const missing = [...asked, ...WIRED.split(" ")].filter(key => !(key in TABLE) && !["card", "act", "NONE"].includes(key));
  assert.deepEqual(missing, []);
});

test("no key is there for nothing", () => {
  const all = sources.join("\n");
  const idle = Object.keys(TABLE).filter(key => !WIRED.split(" ").includes(key) && !new RegExp(`\\b${key}\\b`).test(all));
  assert.deepEqual(idle, []);
});
