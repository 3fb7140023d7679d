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

/** Where in a text the wanted words stand, compared without regard to case: `[before, found, behind]`, cut. */
export function around(text, wanted, before, behind) {
  const at = Math.max(text.toLowerCase().indexOf(wanted.toLowerCase()), 0);
  const [from, end] = [Math.max(at - before, 0), at + wanted.length];
  return [(from ? "…" : "") + text.slice(from, at), text.slice(at, end), text.slice(end, end + behind)];
}
