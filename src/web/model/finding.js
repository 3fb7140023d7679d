// Which conversations a list shows: by filter, by channel, and by what is typed.

/** Fewer digits than these are in too many numbers to find one. */
const DIGITS = 3;
const MARKS = /\p{M}/gu;

/** As it is compared: without accents, in small letters. */
export const folded = text => text.normalize("NFD").replace(MARKS, "").toLowerCase();

const digitsOf = text => text.replace(/\D/g, "");

/** Whether several people write there: the service's addresses tell, or a message of somebody else than the peer. */
export function isGroup({ channel, peer, last }) {
  if (/^whatsapp/.test(channel) && peer.endsWith("@g.us")) return true;
  if (/^telegram/.test(channel) && peer.startsWith("-")) return true;
  if (/^discord/.test(channel) && !peer.startsWith("user:")) return true;
  return Boolean(last?.sender && last.sender !== last.peer);
}

const KINDS = {
  all: ({ archived }) => !archived,
  unread: ({ unread, unread_mark, archived }) => !archived && Boolean(unread || unread_mark),
  groups: one => !one.archived && Boolean(one.isGroup),
  archived: ({ archived }) => Boolean(archived),
};

/** The filters, in the order in which they are offered. */
export const FILTERS = Object.keys(KINDS);

/** What is looked for, prepared once: `{only, channel, name, digits}`. Digits alone are compared as a number. */
export function wantedOf({ only = "all", channel = "", text = "" }) {
  const typed = text.trim();
  const isNumber = /^[\d\s()+./-]+$/.test(typed) && digitsOf(typed).length >= DIGITS;
  return { only, channel, name: folded(typed), digits: isNumber ? digitsOf(typed) : "" };
}

/** Whether a conversation that is shown under `nameOf()` is among those wanted. What is searched is searched in the archived ones as well. */
export function isWanted(one, nameOf, { only, channel, name: part, digits }) {
  if (channel && one.channel !== channel) return false;
  if (!part) return KINDS[only](one);
  if (only !== "all" && !KINDS[only](one)) return false;
  return folded(nameOf()).includes(part) || folded(one.peer).includes(part) || Boolean(digits && digitsOf(one.peer).includes(digits));
}

// Words, and what is looked for in them, by the rules of the gateway (`src/words`).

/** Letters that are not another letter with a mark. */
const LETTERS = { ß: "ss", æ: "ae", œ: "oe", þ: "th", ð: "d", đ: "d", ħ: "h", ı: "i", ł: "l", ø: "o", ŧ: "t", ς: "σ" };
/** Scripts without spaces between words: each letter is one. */
const ALONE = "\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u3041-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}";
const WORD = new RegExp(`[${ALONE}]|(?:(?![${ALONE}])[\\p{Alphabetic}\\p{N}\\p{M}])+`, "gu");

const plain = word => folded(word).replace(/[^\x00-\x7f]/g, letter => LETTERS[letter] ?? letter);

/** The words of a text: `{word, from, to}`, the word as it is compared. */
function wordsIn(text) {
  const all = [...text.matchAll(WORD)].map(({ 0: word, index }) => ({ word: plain(word), from: index, to: index + word.length }));
  return all.filter(({ word }) => word);
}

/** What is typed as phrases: `{words, isOpen}`. The last word of an open one may be the beginning of one. */
function phrasesOf(typed) {
  const parts = typed.split(/["“”„]/);
  return parts.flatMap((part, i) => {
    const isQuoted = i % 2 === 1;
    const pieces = isQuoted ? [part] : part.split(/\s+/);
    const isOpen = !isQuoted || i + 1 === parts.length;
    return pieces.map(piece => ({ words: wordsIn(piece).map(({ word }) => word), isOpen })).filter(({ words }) => words.length);
  });
}

/** How the gateway is asked for what is typed: for its words, or, where it has none, for the text as it is. */
export const asked = typed => (phrasesOf(typed).length ? { words: typed } : { contains: typed });

/** Where in a text what is typed stands: `[from, to]`, in order and without overlap. */
function placesIn(text, typed) {
  const said = wordsIn(text);
  const places = [];
  for (const { words, isOpen } of phrasesOf(typed)) {
    for (let at = 0; at + words.length <= said.length; at++) {
      const isThere = words.every((word, i) => (isOpen && i === words.length - 1 ? said[at + i].word.startsWith(word) : said[at + i].word === word));
      if (isThere) places.push([said[at].from, said[at + words.length - 1].to]);
    }
  }
  places.sort(([one], [other]) => one - other);
  return places.reduce((kept, [from, to]) => {
    const last = kept.at(-1);
    if (last && from < last[1]) last[1] = Math.max(last[1], to);
    else kept.push([from, to]);
    return kept;
  }, []);
}

/** A text cut around the first place of what is typed: by turns what stands beside it and what was found. */
export function around(text, typed, before, behind) {
  const isText = !phrasesOf(typed).length;
  const at = text.toLowerCase().indexOf(typed.toLowerCase());
  const places = isText ? (at < 0 ? [] : [[at, at + typed.length]]) : placesIn(text, typed);
  const first = places[0] ?? [0, 0];
  const [start, end] = [Math.max(first[0] - before, 0), first[1] + behind];
  const pieces = [];
  let from = start;
  for (const [begin, to] of places.filter(([begin]) => begin < end)) {
    pieces.push(text.slice(from, begin), text.slice(begin, to));
    from = to;
  }
  pieces.push(text.slice(from, Math.max(from, end)));
  if (start) pieces[0] = "…" + pieces[0];
  return pieces;
}
