// Formatting that the service tells beside the words.
import assert from "node:assert/strict";
import test from "node:test";
import { spanned } from "../../src/web/model/spans.js";

const LETTERS = { bold: "B", italic: "I", strike: "S", quote: "Q" };
const spelled = parts => parts.map(({ kind, text, parts }) => (LETTERS[kind] ? `${LETTERS[kind]}(${spelled(parts)})` : kind === "text" ? text : `<${text}>`)).join("");

const span = (style, start, end) => ({ style, start, end });

test("words are drawn as the service says, within each other and one behind the other", () => {
  for (const [text, spans, expected] of [
    ["a b c", [span("bold", 0, 3), span("italic", 2, 3), span("mono", 4, 5)], "B(a I(b)) <c>"],
    ["a b", [span("bold", 0, 3), span("bold", 0, 3)], "B(a b)"],
    ["one two", [span("bold", 0, 5), span("strike", 3, 7)], "B(oneS( t))S(wo)"],
    ["see https://a.example now", [span("quote", 0, 25)], "Q(see <https://a.example> now)"],
    ["😀 x", [span("bold", 3, 4)], "😀 B(x)"],
    ["short", [span("bold", 3, 99), span("code", 9, 10)], "shoB(rt)"],
  ]) assert.equal(spelled(spanned(text, spans)), expected, text);
});

test("spans that are none leave the words alone", () => {
  for (const spans of [null, "bold", {}, [null, 1, "x", {}], [span("script", 0, 2)], [span("bold", -1, 2)], [span("bold", 2, 1)], [span("bold", 0.5, 2)], [span("bold", "0", "2")]]) {
    assert.equal(spelled(spanned("a b", spans)), "a b", JSON.stringify(spans));
  }
});

test("a thousand spans crossing each other end", () => {
  const spans = Array.from({ length: 1000 }, (_, i) => span(["bold", "italic", "strike", "quote"][i % 4], i, i + 500));
  const text = "x".repeat(2000);
  const flat = parts => parts.map(({ text, parts }) => text ?? flat(parts)).join("");
  assert.equal(flat(spanned(text, spans)), text);
});
