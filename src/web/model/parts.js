// A text in parts: words, web addresses, blocks of code. What people write never becomes markup.

const LONGEST = 400;
/** Characters that steer what stands around them instead of being read. */
const STEERING = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/gi;
/** Signs at an address's end that belong to the sentence around it. */
const TAIL = /[.,;:!?)\]}*_]+$/;

/** What there is of these, put together. */
export const joined = (parts, between = " · ") => parts.filter(Boolean).join(between);

/** A text that names settings, with those that have a name here in their own words. */
export const named = (text, names) => text.replace(/\b[A-Z][A-Z0-9_]+\b/g, key => (Object.hasOwn(names, key) ? `“${names[key]}”` : key));

/** A string, cut and cleaned; of anything else, none. */
export const clean = value => (typeof value === "string" ? value.slice(0, LONGEST).replace(STEERING, "").trim() : "");

/** A text with its control characters written out, such as `\x1b`. */
export const seen = text => text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g, sign => `\\x${sign.charCodeAt(0).toString(16).padStart(2, 0)}`);

/** A line of somebody's words, cut. */
export const plain = value => (typeof value === "string" ? seen(value.slice(0, LONGEST)).trim() : "");

/** The address if it is one of the web, otherwise undefined. */
export function webAddress(text) {
  try {
    const url = new URL(text);
    return ["http:", "https:"].includes(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** `[{kind: "text" | "link" | "code", text}]`; put together they say what `text` said, but for fences. */
export function partsOf(text) {
  return text.split(/```[\w-]*\n([\s\S]*?)\n?```/).flatMap((piece, i) => {
    if (i % 2) return [{ kind: "code", text: piece }];
    return linked(i ? piece.replace(/^\n/, "") : piece);
  });
}

function linked(text) {
  const parts = [];
  let from = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = found.replace(TAIL, "");
    if (!webAddress(address)) continue;
    if (index > from) parts.push({ kind: "text", text: text.slice(from, index) });
    parts.push({ kind: "link", text: address });
    from = index + address.length;
  }
  if (from < text.length) parts.push({ kind: "text", text: text.slice(from) });
  return parts;
}
