// A text with its formatting as a tree of what to draw. What people write never becomes markup: there are
// only these kinds, and text. Every text takes time that grows with its length alone, and the tree is never
// deeper than `DEEPEST` quotes with each style once.
//
// Two dialects: `markdown` (CommonMark, as models write it) and `whatsapp` (`*bold*`, `_italic_`,
// `~struck~`, https://faq.whatsapp.com/539178204879377).

import { webAddress } from "./parts.js";

/** Quotes within quotes; more of them are text. */
const DEEPEST = 4;
/** Lists within lists, by how far they are indented. */
const LEVELS = 3;

const WORD = /[\p{L}\p{N}]/u;
const BLANK = /^\s?$/;

/** What a run of signs means, by the dialect. */
const STYLES = {
  markdown: { "*": ["italic"], _: ["italic"], "**": ["bold"], __: ["bold"], "***": ["bold", "italic"], ___: ["bold", "italic"], "~~": ["strike"] },
  whatsapp: { "*": ["bold"], _: ["italic"], "~": ["strike"] },
};

/** The pieces of a line: escaped sign, code, run of signs, named link, address, words. No alternative looks far. */
const PIECES = /\\[!-/:-@[-`{-~]|`+|\*+|_+|~+|!?\[([^[\]\n]{1,500})\]\(([^\s()]{1,2000}(?:\([^\s()]{0,200}\)[^\s()]{0,200})?)\)|https?:\/\/[^\s<>"'`]{1,2000}|[^\\`*_~!\[h]+|./gsu;
const ADDRESS = /^https?:/i;
/** Signs at an address's end that belong to the sentence around it. */
const TAIL = /[.,;:!?)\]}*_~]+$/;

/** `[{kind, …}]`: `text`, `link` and `code` have a text, the others parts; see `block` and `styled`. */
export function formatted(text, dialect = "markdown") {
  return blocks(text.split("\n"), dialect, 0);
}

/** The words of a text without the signs of its formatting. */
export const unformatted = (text, dialect) => flat(formatted(text, dialect));

/** Kinds that stand apart from what is around them. */
const APART = ["quote", "list", "heading", "code", "table"];

const flat = parts =>
  parts
    .map(part => {
      const said = part.text ?? (part.items ? part.items.map(({ number, parts }) => (number ? `${number} ` : "") + flat(parts)).join("\n") : flat(part.parts));
      return APART.includes(part.kind) ? `\n${said}\n` : said;
    })
    .join("");

function blocks(lines, dialect, depth) {
  const [made, known] = [[], { unclosed: Infinity }];
  let words = [];
  const endWords = () => {
    // The break before a block is the block's own.
    while (made.length + words.length && !words.at(-1)?.trim() && words.length) words.pop();
    if (words.length) made.push(...paragraphs(words.join("\n"), dialect));
    words = [];
  };
  for (let i = 0; i < lines.length; ) {
    const block = blockAt(lines, i, dialect, depth, known);
    if (!block) words.push(lines[i++]);
    else {
      endWords();
      made.push(block.made);
      i = block.end;
      // A blank line behind a block only parts it from what follows.
      while (i < lines.length && !lines[i].trim()) i++;
    }
  }
  if (words.length) made.push(...paragraphs(words.join("\n"), dialect));
  return made;
}

/** The block that begins with this line and the line behind it; none where it is words. */
function blockAt(lines, at, dialect, depth, known) {
  const line = lines[at];
  if (line.startsWith("```")) return dialect === "markdown" ? fence(lines, at, known) : monospace(lines, at, known);
  if (depth < DEEPEST && /^>/.test(line)) return quote(lines, at, dialect, depth);
  if (ITEM.test(line)) return list(lines, at, dialect);
  if (dialect !== "markdown") return undefined;
  const [signs] = /^#{1,6} +(?=\S)/.exec(line) ?? [];
  if (signs) return { made: { kind: "heading", parts: inline(line.slice(signs.length), dialect) }, end: at + 1 };
  return isRow(line) && RULE.test(lines[at + 1]?.slice(0, 1000) ?? "") ? table(lines, at) : undefined;
}

/** A block of code; one that does not end is text. */
function fence(lines, at, known) {
  const [, { length }, about] = /^(`{3,})(.*)/s.exec(lines[at]);
  // Where one did not end, a later one of as many signs does not either.
  if (about.includes("`") || length >= known.unclosed) return undefined;
  const isEnd = line => line.startsWith("```") && line.trimEnd().length >= length && /^`+$/.test(line.trimEnd());
  const end = after(lines, at, isEnd);
  if (end < 0) {
    known.unclosed = length;
    return undefined;
  }
  return { made: { kind: "code", text: lines.slice(at + 1, end).join("\n") }, end: end + 1 };
}

/** The same of WhatsApp, where the signs stand right beside the words. */
function monospace(lines, at, known) {
  const first = lines[at].slice(3);
  if (first.length > 3 && first.endsWith("```")) return { made: { kind: "code", text: first.slice(0, -3) }, end: at + 1 };
  if (first.includes("```") || known.unclosed < Infinity) return undefined;
  const end = after(lines, at, line => line.endsWith("```"));
  if (end < 0) {
    known.unclosed = 3;
    return undefined;
  }
  const body = [first, ...lines.slice(at + 1, end), lines[end].slice(0, -3)];
  return { made: { kind: "code", text: body.join("\n").replace(/^\n|\n$/g, "") }, end: end + 1 };
}

/** The first such line behind this one, otherwise -1. */
function after(lines, at, isWanted) {
  for (let i = at + 1; i < lines.length; i++) if (isWanted(lines[i])) return i;
  return -1;
}

function quote(lines, at, dialect, depth) {
  let end = at;
  while (end < lines.length && lines[end].startsWith(">")) end++;
  const inner = lines.slice(at, end).map(line => line.replace(/^> ?/, ""));
  return { made: { kind: "quote", parts: blocks(inner, dialect, depth + 1) }, end };
}

const ITEM = /^ {0,12}(?:[-*+•]|\d{1,9}[.)]) +\S/;

function list(lines, at, dialect) {
  const items = [];
  let end = at;
  for (; end < lines.length; end++) {
    const line = lines[end];
    if (ITEM.test(line)) {
      const [whole, indent, mark] = /^( *)(\S+) +/.exec(line);
      const number = /\d/.test(mark) ? mark : undefined;
      items.push({ level: Math.min(indent.length >> 1, LEVELS), number, said: line.slice(whole.length) });
    } else if (/^ {2,}\S/.test(line)) items.at(-1).said += `\n${line.trimStart()}`;
    else break;
  }
  return { made: { kind: "list", items: items.map(({ said, ...item }) => ({ ...item, parts: inline(said, dialect) })) }, end };
}

const isRow = line => /^\s{0,3}\|?[^|\n]{0,500}\|/.test(line);
const RULE = /^ {0,3}\|? *:?-+:? *(?:\| *:?-+:? *)*\|? *$/;

/** A table stays as it is written, in letters of one width. */
function table(lines, at) {
  let end = at;
  while (end < lines.length && lines[end].includes("|")) end++;
  return { made: { kind: "table", text: lines.slice(at, end).join("\n") }, end };
}

/** Formatting ends with its paragraph; in WhatsApp with its line. */
function paragraphs(text, dialect) {
  const pieces = text.split(dialect === "whatsapp" ? /(\n+)/ : /(\n[ \t]*\n\s*)/);
  return joinTexts(pieces.flatMap((piece, i) => (i % 2 ? [{ kind: "text", text: piece }] : inline(piece, dialect))));
}

/** The words of one paragraph: a stack of what is open, in which each style is at most once. */
function inline(text, dialect) {
  const [styles, isMarkdown] = [STYLES[dialect], dialect === "markdown"];
  const ticks = runsOf(text);
  const stack = [{ parts: [] }];
  const add = part => stack.at(-1).parts.push(part);
  const scan = new RegExp(PIECES);
  for (let found; (found = scan.exec(text)); ) {
    const [piece, label, address] = found;
    const { index } = found;
    const end = scan.lastIndex;
    if (piece[0] === "`") {
      const close = closing(ticks, piece.length, end);
      if (close === undefined) add({ kind: "text", text: piece });
      else {
        add({ kind: "mono", text: withoutRoom(text.slice(end, close)) });
        scan.lastIndex = close + piece.length;
      }
    } else if (Object.hasOwn(styles, piece)) sign(stack, piece, styles[piece], before(text, index), text.slice(end, end + 2));
    else if (isMarkdown && piece[0] === "\\" && piece.length === 2) add({ kind: "text", text: piece[1] });
    else if (isMarkdown && label !== undefined && webAddress(address)) named(add, label, address);
    else if (ADDRESS.test(piece) && !WORD.test(before(text, index))) scan.lastIndex = index + bare(add, piece);
    else if (label !== undefined || piece[0] === "\\" || ADDRESS.test(piece)) {
      // Only the first sign is read; what is behind it may be something else.
      add({ kind: "text", text: piece[0] });
      scan.lastIndex = index + 1;
    } else add({ kind: "text", text: piece });
  }
  while (stack.length > 1) reopen(stack);
  return joinTexts(stack[0].parts);
}

/** Code that begins and ends with a sign of its own has room around it (CommonMark 6.1). */
const withoutRoom = code => (code.startsWith(" ") && code.endsWith(" ") && code.trim() ? code.slice(1, -1) : code);

/** The character before this place. */
const before = (text, at) => text.slice(Math.max(at - 2, 0), at).replace(/^.*?(?=.$)/su, "");

/** Opens or closes a style, or is a sign like any other. */
function sign(stack, piece, styles, left, right) {
  const next = String.fromCodePoint(right.codePointAt(0) ?? 32);
  // Two in the middle of a word are meant (Japanese has no blanks); one may be a product or a name.
  const isLoose = piece.length > 1 && piece[0] !== "_";
  const opens = !BLANK.test(next) && (isLoose || !WORD.test(left));
  const closes = left && !BLANK.test(left) && (isLoose || !WORD.test(next));
  const at = closes ? stack.findLastIndex(one => one.piece === piece) : -1;
  if (at > 0) return close(stack, at, styles);
  if (!opens || BLANK.test(next)) return stack.at(-1).parts.push({ kind: "text", text: piece });
  // Of two that open the later is meant.
  const other = stack.findIndex(one => one.piece === piece);
  while (other > 0 && stack.length > other) reopen(stack);
  stack.push({ piece, parts: [] });
}

/** What was opened and not closed is signs. */
function reopen(stack) {
  const { piece, parts } = stack.pop();
  const around = stack.at(-1).parts;
  around.push({ kind: "text", text: piece });
  for (const part of parts) around.push(part);
}

function close(stack, at, styles) {
  while (stack.length > at + 1) reopen(stack);
  let { parts } = stack.pop();
  parts = joinTexts(parts);
  for (const kind of styles) parts = [{ kind, parts }];
  stack.at(-1).parts.push(...parts);
}

/** A link with words of its own. Words that look like another address are not to hide where it leads. */
function named(add, label, address) {
  const looksLike = /^\S+\.\S+$/.test(label);
  const hides = looksLike && !sameHost(label, address);
  add({ kind: "link", text: hides ? address : label.replace(/[*_`~]/g, ""), href: address });
}

function sameHost(label, address) {
  const read = webAddress(/^https?:/i.test(label) ? label : `https://${label}`);
  return read !== undefined && new URL(read).host.replace(/^www\./, "") === new URL(address).host.replace(/^www\./, "");
}

/** An address as it is; how many letters it has. */
function bare(add, piece) {
  const address = piece.replace(TAIL, "");
  const isOne = webAddress(address) !== undefined;
  add(isOne ? { kind: "link", text: address, href: address } : { kind: "text", text: piece.slice(0, 4) });
  return isOne ? address.length : 4;
}

/** Where runs of backticks begin, by their length. */
function runsOf(text) {
  const runs = new Map();
  for (const { 0: run, index } of text.matchAll(/`+/g)) {
    if (!runs.has(run.length)) runs.set(run.length, { at: 0, all: [] });
    runs.get(run.length).all.push(index);
  }
  return runs;
}

/** The first run of this length from here on; asked for from left to right. */
function closing(runs, length, from) {
  const known = runs.get(length);
  while (known?.all[known.at] < from) known.at++;
  return known?.all[known.at];
}

/** Neighbours that are text, as one. */
function joinTexts(parts) {
  const made = [];
  for (const part of parts) {
    if (part.kind !== "text" || made.at(-1)?.kind !== "text") made.push({ ...part });
    else made.at(-1).text += part.text;
  }
  return made;
}
