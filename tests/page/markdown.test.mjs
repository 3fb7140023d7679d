// Texts with formatting: what is drawn of them in either dialect, and that no text is dear or becomes more than text.

import assert from "node:assert/strict";
import test from "node:test";

import { formatted, unformatted } from "../../src/web/model/markdown.js";

const SIGNS = { bold: "B", italic: "I", strike: "S", quote: "Q", heading: "H" };

/** A tree in one line: `B(…)`, `<mono>`, `[link]`, `{code}`, `T{table}`, `L(item; item)`. */
function spelled(parts) {
  const one = ({ kind, text, href, parts, items }) => {
    if (kind === "text") return text;
    if (kind === "mono") return `<${text}>`;
    if (kind === "link") return text === href ? `[${text}]` : `[${text}→${href}]`;
    if (kind === "code") return `{${text}}`;
    if (kind === "table") return `T{${text}}`;
    if (kind === "list") return `L(${items.map(({ level, number, parts }) => "-".repeat(level) + (number ?? "") + spelled(parts)).join("; ")})`;
    return `${SIGNS[kind]}(${spelled(parts)})`;
  };
  return parts.map(one).join("");
}

const same = (cases, dialect) => {
  for (const [text, expected] of cases) assert.equal(spelled(formatted(text, dialect)), expected, JSON.stringify(text));
};

test("the styles of markdown, alone, side by side and within each other", () => {
  same([
    ["a **b** c", "a B(b) c"],
    ["*a* and _b_ and __c__ and ~~d~~", "I(a) and I(b) and B(c) and S(d)"],
    ["***both***", "I(B(both))"],
    ["**a *b* c**", "B(a I(b) c)"],
    ["*a **b** c*", "I(a B(b) c)"],
    ["**two\nlines**", "B(two\nlines)"],
    ["太字は**太字**です", "太字はB(太字)です"],
    ["(*a*), \"**b**\".", '(I(a)), "B(b)".'],
  ]);
});

test("signs that mean nothing stay as they are", () => {
  const left = ["2 * 3 * 4", "2*3*4", "snake_case_name", "a ** b", "**open", "*", "**", "****a****", "~home", "a ~ b", "_ _", "* a", "#tag", "1.5", "-", "constructor toString __proto__x", "**a\n\nb**", "`open", "[a](b)", "[a](javascript:alert(1))", "![x](data:text/html,y)", "<b>x</b>", "a | b"];
  same(left.filter(text => text !== "* a").map(text => [text, text]));
  same([["\\*a\\* \\# \\\\", "*a* # \\"], ["*a **b*", "I(a **b)"], ["**a *b**", "B(a *b)"], ["*a *b*", "*a I(b)"]]);
});

test("code is taken as it is, inline and in blocks", () => {
  same([
    ["`a *b*` c", "<a *b*> c"],
    ["``a ` b``", "<a ` b>"],
    ["`` ` ``", "<`>"],
    ["so:\n```rust\nlet a = 1;\n**x**\n```\nthere", "so:{let a = 1;\n**x**}there"],
    ["````md\n```\na\n```\n````", "{```\na\n```}"],
    ["```rust\nlet", "```rust\nlet"],
  ]);
});

test("addresses and named links lead where they say", () => {
  same([
    ["see https://a.example/x?y=1_2_3, or (http://b.example).", "see [https://a.example/x?y=1_2_3], or ([http://b.example])."],
    ["[the docs](https://a.example/b_(c))", "[the docs→https://a.example/b_(c)]"],
    ["**[x](https://a.example)**", "B([x→https://a.example])"],
    ["[bank.example](https://evil.example/)", "[https://evil.example/]"],
    ["[www.a.example](https://a.example/)", "[www.a.example→https://a.example/]"],
    ["![picture](https://a.example/p.png)", "[picture→https://a.example/p.png]"],
    ["xhttps://a.example https://", "xhttps://a.example https://"],
    ["**https://a.example**", "B([https://a.example])"],
  ]);
});

test("lists, quotes, headings and tables stand apart", () => {
  same([
    ["do:\n- a\n- **b**\n  more\n\nthen", "do:L(a; B(b)\nmore)then"],
    ["1. a\n2) b\n   - c\n10. d", "L(1.a; 2)b; -c; 10.d)"],
    ["> a\n> > b\n> *c*\nd", "Q(aQ(b)I(c))d"],
    ["# A *b*\ntext", "H(A I(b))text"],
    ["|a|b|\n|-|-|\n|1|**2**|\nend", "T{|a|b|\n|-|-|\n|1|**2**|}end"],
    ["a|b\n:-|-:\n1|2", "T{a|b\n:-|-:\n1|2}"],
  ]);
});

test("WhatsApp has signs of its own", () => {
  same(
    [
      ["*b* _i_ ~s~ `c`", "B(b) I(i) S(s) <c>"],
      ["*_both_*", "B(I(both))"],
      ["**b** # no", "**b** # no"],
      ["*a\nb*", "*a\nb*"],
      ["```let a```", "{let a}"],
      ["```let a\nlet b```\nc", "{let a\nlet b}c"],
      ["say ```x``` now", "say <x> now"],
      ["[a](https://a.example)", "[a]([https://a.example])"],
      ["> q\n* a\n1. b", "Q(q)L(a; 1.b)"],
      ["\\*b*", "\\B(b)"],
    ],
    "whatsapp",
  );
});

test("the words alone are left of a text for one line", () => {
  assert.equal(unformatted("**a** [b](https://c.example)\n- `d`\n- e").replace(/\s+/g, " ").trim(), "a b d e");
  assert.equal(unformatted("*a* **b**", "whatsapp"), "a **b**");
});

/** How deep a tree is. */
function depth(parts) {
  let [deepest, level] = [0, [parts]];
  for (; level.length; deepest++) level = level.flatMap(one => one.flatMap(({ parts, items }) => [...(parts ? [parts] : []), ...(items ?? []).map(item => item.parts)]));
  return deepest;
}

/** The processor's time in ms that a text takes, which another program at work does not lengthen. */
function cost(text, dialect) {
  const began = process.cpuUsage();
  formatted(text, dialect);
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}

test("the cost of a hostile text grows with its length alone, and its tree is no deeper than others", () => {
  const pieces = ["*", "**a ", "*a ", "_a *b **c ~~d ", "a* b** ", "`", "``a`", "[", "[a](", "![a](https://", "(", "> ", ">", "- ", "  - a\n", "```\n", "```a\n", "````\n```\n", "# ", "#".repeat(50), "|-", "|a|\n|-|\n", "\\", "h", "https://", "http://a.b/(", "\n", " \n", "\u202e", "👩‍👩‍👧", "\ud800", "*_~`[", "a*b_c", " ` ", "** **", "[a", "~".repeat(99)];
  for (const dialect of ["markdown", "whatsapp"]) {
    for (const piece of pieces) {
      const [short, long] = [10_000, 80_000].map(length => piece.repeat(Math.ceil(length / piece.length)));
      // Eight times the length: a cost that grew with its square would be 64 times as high.
      const grows = () => cost(long, dialect) > 24 * cost(short, dialect) + 50;
      assert.ok(![1, 2, 3, 4, 5].every(grows), `${JSON.stringify(piece)} in ${dialect} costs more the longer it is`);
      const deepest = depth(formatted(long, dialect));
      assert.ok(deepest < 20, `${JSON.stringify(piece)} in ${dialect} nests ${deepest} deep`);
    }
  }
});

test("no letter of a text without formatting is lost", () => {
  for (const text of ["a\n\n b \n", "olá 👩‍👩‍👧\r\nשלום", "<img src=x onerror=alert(1)>", "\u0000\u202e", ""]) assert.equal(spelled(formatted(text)), text);
});
