// A text whose formatting the service tells beside it (`meta.spans`: `{style, start, end}` in UTF-16 code units,
// as strings are counted here), as the same tree that markdown.js makes.

import { partsOf } from "./parts.js";

const STYLES = ["bold", "italic", "strike", "mono", "code", "quote"];
/** Styles that hold words alone. */
const PLAIN = ["mono", "code"];
/** Most stretches that are drawn. */
const MOST = 100;

const isSpan = ({ style, start, end } = {}) => STYLES.includes(style) && Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end;

/** Those that can be drawn, in the order they begin, those around others first. */
const spansOf = spans =>
  (Array.isArray(spans) ? spans : [])
    .filter(span => isSpan(span ?? {}))
    .slice(0, MOST)
    .sort((a, b) => a.start - b.start || b.end - a.end);

/** The tree of a text; what is behind its end is left out, and what crosses another ends with it. */
export function spanned(text, spans) {
  return between(text, spansOf(spans), 0, text.length);
}

function between(text, spans, from, to) {
  const made = [];
  for (let at = from; at < to; ) {
    const next = spans.findIndex(({ start, end }) => start < to && end > at);
    const { style, start, end } = spans[next] ?? { start: to };
    const begin = Math.max(start, at);
    if (begin > at) made.push(...partsOf(text.slice(at, begin)));
    if (!style) break;
    at = Math.min(end, to);
    const inside = spans.slice(next + 1).filter(one => one.style !== style);
    made.push(PLAIN.includes(style) ? { kind: style, text: text.slice(begin, at) } : { kind: style, parts: between(text, inside, begin, at) });
  }
  return made;
}
