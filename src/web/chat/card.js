// What a message that is not words alone says, as pieces to draw and as one line. Strings only, cut and
// cleaned: what is in a content comes from anybody. A content of another shape than its kind has is no
// card, and then the message's text is all there is.

import { filesOf } from "../model/files.js";
import { unformatted } from "../model/markdown.js";
import { shownPeer } from "../model/numbers.js";
import { clean, joined } from "../model/parts.js";
import { beyond } from "../model/renderings.js";
import { lengthText, moneyText, words } from "../words.js";

const ENTRIES = 30;
/** Characters of a line of its own. */
const LINE = 400;
/** What begins the text of what the service itself says. */
const TOLD = /^\[(?:system|unsupported message)\] ?/;
const FILES = ["image", "video", "audio", "voice", "document", "sticker"];

/** These entries as strings, and how many there are more. */
function several(values, read = clean) {
  if (!Array.isArray(values)) return [];
  const left = values.length - ENTRIES;
  return [...values.slice(0, ENTRIES).map(read).filter(Boolean), ...(left > 0 ? [words("andMore", { n: left })] : [])];
}

const within = (value, most) => typeof value === "number" && Math.abs(value) <= most;

/** By kind: the pieces of a content that is an object or a list; nothing where it lacks what its kind has. */
const CARDS = {
  location({ lat, lng, name, address, live }) {
    if (!within(lat, 90) || !within(lng, 180)) return undefined;
    const [north, east] = [lat, lng].map(degrees => Number(degrees.toFixed(6)));
    const href = `https://www.openstreetmap.org/?mlat=${north}&mlon=${east}`;
    const label = words(live === true ? "liveLocation" : "location");
    return { label, title: clean(name), lines: [clean(address), `${north}, ${east}`], link: { href, text: words("openMap") } };
  },
  contact(people) {
    const all = Array.isArray(people) ? people.filter(one => one && typeof one === "object") : [];
    const ways = ({ phones, emails }) => [...several(phones), ...several(emails)];
    if (all.length === 1) return { title: clean(all[0].name), lines: ways(all[0]) };
    return all.length ? { list: several(all, one => joined([clean(one.name), ...ways(one)])) } : undefined;
  },
  poll: ({ question, options }) => Array.isArray(options) && { title: clean(question), list: several(options), numbered: true },
  vote({ options }, { poll }) {
    const chosen = several(options);
    return Array.isArray(options) && { title: chosen.join(", ") || words("voteWithdrawn"), lines: [clean(poll)] };
  },
  choice: ({ id, title, description, values }) => ({ title: clean(title) || clean(id), lines: [clean(description)], pairs: pairsOf(values) }),
  order: ({ items, note }) => Array.isArray(items) && { title: clean(note), list: several(items, itemOf) },
  reaction: ({ emoji }) => ({ title: clean(emoji) ? words("reacted", { emoji: clean(emoji) }) : words("reactionRemoved"), isWhole: true }),
  call: ({ video, outcome, seconds }) => ({
    label: words(video === true ? "videoCall" : "call"),
    title: joined([outcome && words(clean(outcome)), within(seconds, 1e6) && lengthText(seconds)]),
  }),
  system: (content, { rest }) => ({ title: rest || clean(content.event).replaceAll("_", " ") || "…", isQuiet: true, isWhole: true }),
  unsupported: ({ type }, { rest }) => ({ title: rest, lines: [clean(type)] }),
};

function itemOf(item) {
  if (!item || typeof item !== "object") return "";
  const { id, name, quantity, price, currency } = item;
  const count = `${Number.isFinite(quantity) ? quantity : 1} × ${clean(name) || clean(id)}`;
  return joined([count, Number.isFinite(price) && moneyText(price, clean(currency))]);
}

/** The answers of a form; one that is no list of names and answers is one answer. */
function pairsOf(values) {
  if (values === undefined || values === null) return [];
  if (typeof values !== "object") return [["", clean(String(values))]];
  const spelled = value => clean(typeof value === "string" ? value : JSON.stringify(value));
  return Object.entries(values).slice(0, ENTRIES).map(([key, value]) => [Array.isArray(values) ? "" : clean(key), spelled(value)]);
}

/** Files: what the first is, its name, its type, and how many there are. */
function fileCard(kind, files) {
  const [{ name, about, mime } = {}] = files;
  const label = words(kind) + (files.length > 1 ? ` (${files.length})` : "");
  return { label, title: name || about, lines: [name && about !== name && about, mime], isFile: true };
}

/** The kind of a message; one that says no more than text is what its first file is. */
const kindOf = ({ kind }, [file]) => (typeof kind === "string" && (kind !== "text" || !file) ? kind : (file?.kind ?? "text"));

/**
 * `{kind, label, title, lines, list, numbered, pairs, link}` to draw, `isQuiet` where it is nobody's word,
 * `isWhole` where the title says what it is, `isFile`; undefined where the text is all. `poll` is the
 * question that a vote answers.
 */
export function cardOf(message, poll) {
  const files = filesOf(message);
  const kind = kindOf(message, files);
  const { content, text } = message;
  const isOurs = Object.hasOwn(CARDS, kind) && content && typeof content === "object";
  const rest = clean(String(text ?? "").replace(TOLD, ""));
  const made = FILES.includes(kind) ? fileCard(kind, files) : isOurs ? CARDS[kind](content, { rest, poll }) : undefined;
  return made ? { kind, label: words(kind), list: [], pairs: [], ...made, title: made.title ?? "", lines: (made.lines ?? []).filter(Boolean) } : undefined;
}

/** What a message says besides its card. */
export function wordsBeside({ text, content }, card) {
  if (!card || !text) return text ?? "";
  if (card.isFile) return text.startsWith(`[${card.kind}]`) ? "" : text;
  return TOLD.test(text) ? "" : beyond(text, card.kind, content);
}

/** How a text is formatted: as it says of itself, as its service writes; undefined for words alone. */
export function dialectOf({ channel, meta }) {
  if (meta?.format === "markdown") return "markdown";
  return /^whatsapp/.test(channel ?? "") ? "whatsapp" : undefined;
}

/** The first of its pieces that tells something. */
const gistOf = ({ title, isFile, lines, list, pairs }) => title || (!isFile && lines[0]) || joined(list.slice(0, 3)) || joined(pairs.flat().slice(0, 4), " ");

/** A message in one line of plain words. */
export function lineOf(message, longest = LINE) {
  const card = cardOf(message);
  const [text, dialect] = [wordsBeside(message, card).slice(0, longest), dialectOf(message)];
  const said = (dialect ? unformatted(text, dialect) : text).replace(/```\w*|\s+/g, " ").trim();
  const gist = card && joined([gistOf(card), said]);
  const whole = card ? (card.isWhole ? gist : joined([card.label, gist], ": ")) : said;
  return message.deleted_ms ? `${words("deleted")}: ${whole}` : whole;
}

/** Who wrote a message, by name where that is known. */
export const authorOf = ({ channel, peer, sender, meta }) => (typeof meta?.name === "string" && meta.name) || shownPeer(channel, sender ?? peer);
