// What the daemon says in English, in the language of the page: by the table and the rules of the
// program itself (src/language), which is fetched only where it is needed.

const SEPARATORS = [" (", "; ", ". ", ": ", ", ", ")"];
const TERMS = new Set(["action", "state", "role", "kind", "what", "how"]);
const DEPTH = 12, LONGEST = 4096, JOINTS = 24;
let spoken, exact = new Map(), templates = [];

/** Fetches the sentences of this language; whether there are others than before. Offline all stays as it is. */
export async function learn(tag) {
  if (tag === spoken) return false;
  spoken = tag;
  const table = tag === "en" ? {} : await fetch(`language/${tag}.json`).then(answer => answer.ok ? answer.json() : null, () => null);
  if (spoken !== tag) return false;
  if (!table) spoken = undefined;
  [exact, templates] = indexed(table ?? {});
  return true;
}

/** Takes `a {name} b` apart into what stands around the names, and the names. */
function pattern(key) {
  const literals = [""], names = [];
  for (const [part, name] of key.matchAll(/\{\{|\}\}|\{(\w+)\}|[^{}]+|./gs)) {
    if (name) names.push(name), literals.push("");
    else literals[names.length] += part === "{{" || part === "}}" ? part[0] : part;
  }
  return { literals, names };
}

function indexed(table) {
  const exact = new Map(), templates = [];
  for (const [key, translation] of Object.entries(table)) {
    const [from, to] = [pattern(key), pattern(translation)];
    from.isShort = isWeak(from);
    if (from.names.length) templates.push({ from, to, weight: from.literals.join("").length });
    else exact.set(from.literals[0], to.literals[0]);
  }
  return [exact, templates.sort((one, other) => other.weight - one.weight)];
}

/** Whether a sentence is hardly one, such as `for {1}`, so that parts of many others look like it. */
function isWeak({ literals }) {
  const own = literals.join(" ");
  return own.split(/\s+/).filter(word => /\p{L}/u.test(word)).length < 2 && !/[:;,.?]/.test(own);
}

/** The values in the places of the names, each as short as possible; null where the text is another sentence. */
function captures(from, text) {
  const { literals, names, isShort } = from;
  const end = text.length - literals.at(-1).length, values = [];
  let start = literals[0].length;
  if (end < start || !text.startsWith(literals[0]) || !text.endsWith(literals.at(-1))) return null;
  for (const [index, name] of names.entries()) {
    const isLast = index + 1 === names.length, next = literals[index + 1];
    let stop = isLast ? end : text.indexOf(next, start);
    // An action ends where it is a known one.
    while (!isLast && name === "action" && stop >= 0 && !exact.has(text.slice(start, stop))) stop = text.indexOf(next, stop + 1);
    if (stop < start || !isLast && stop + next.length > end) return null;
    if (text.slice(start, stop).includes("\n") && !(isLast && !next)) return null;
    if (isShort && text.slice(start, stop).split(/\s+/).filter(Boolean).length > 2) return null;
    values.push([name, text.slice(start, stop)]);
    start = stop + next.length;
  }
  return values;
}

function whole(text, depth) {
  if (text.length > LONGEST) return undefined;
  if (exact.has(text)) return exact.get(text);
  for (const { from, to } of templates) {
    const found = captures(from, text);
    if (!found) continue;
    const values = Object.fromEntries(found.map(([name, value]) =>
      [name, depth > 0 && (TERMS.has(name) || value.includes(" ")) ? said(value, depth - 1) : value]));
    return to.literals.map((literal, index) => literal + (values[to.names[index]] ?? "")).join("");
  }
}

/** Two sentences that were put together, or one and something else. */
function joined(text, depth) {
  const part = text => text.includes(" ") ? whole(text, depth) : undefined;
  for (const separator of SEPARATORS) {
    for (let at = text.indexOf(separator), n = 0; at >= 0 && n < JOINTS; at = text.indexOf(separator, at + separator.length), n++) {
      const [left, right] = [text.slice(0, at), text.slice(at + separator.length)], rest = part(text.slice(at));
      if (rest !== undefined) return said(left, depth) + rest;
      const [one, other] = [part(left), part(right)];
      if (one !== undefined || other !== undefined) return (one ?? said(left, depth)) + separator + (other ?? said(right, depth));
    }
  }
}

/** A list of which any piece may be a sentence. */
function inPieces(text, depth) {
  let rest = text, told = "", isKnown = false;
  for (let n = 0; rest && n < JOINTS; n++) {
    const [at, separator] = SEPARATORS.map(one => [rest.indexOf(one), one]).filter(([at]) => at >= 0).sort((one, other) => one[0] - other[0])[0] ?? [rest.length, ""];
    const piece = rest.slice(0, at), found = piece.includes(" ") ? whole(piece, depth) : undefined;
    isKnown ||= found !== undefined;
    told += (found ?? piece) + separator;
    rest = rest.slice(at + separator.length);
  }
  return isKnown ? told + rest : undefined;
}

function said(text, depth) {
  if (!/\p{L}/u.test(text)) return text;
  const found = whole(text, depth);
  if (found !== undefined || depth < 1) return found ?? text;
  if (text.includes("\n")) return text.split("\n").map(line => said(line, depth - 1)).join("\n");
  const inside = text.trim();
  if (inside !== text) return text.replace(inside, () => said(inside, depth - 1));
  return text.length > LONGEST ? text : joined(text, depth - 1) ?? inPieces(text, depth - 1) ?? text;
}

/** The sentence in the language that was learned; one that is unknown stays as it is. */
export const sentence = text => spoken && text ? said(String(text), DEPTH) : text;
