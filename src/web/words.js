// The language of the page, and how it writes times and sizes. The words themselves: table.js.

import { learn } from "./model/sentences.js";
import { TABLE } from "./table.js";

const TAGS = ["en", "pt-BR"];
const hearers = [];
let column, clock, day, short, moments, digits, tag;

/** Calls `hear` at each change of the language. */
export const onLanguage = hear => hearers.push(hear);

/** The user's choice, else the browser's. */
export const firstLanguage = () => localStorage.language ?? (/^pt/i.test(navigator.language) ? "pt" : "en");

/** Speaks this language from now on. */
export function speak(language) {
  column = language === "pt" ? 1 : 0;
  tag = document.documentElement.lang = TAGS[column];
  clock = new Intl.DateTimeFormat(tag, { timeStyle: "short" });
  day = new Intl.DateTimeFormat(tag, { weekday: "long", day: "numeric", month: "long" });
  short = new Intl.DateTimeFormat(tag, { day: "numeric", month: "short" });
  moments = [undefined, "numeric"].map(year => new Intl.DateTimeFormat(tag, { year, day: "numeric", month: "short", hour: "numeric", minute: "2-digit" }));
  digits = new Intl.NumberFormat(tag, { maximumFractionDigits: 1 });
  translate(document);
  for (const hear of hearers) hear();
  learn(tag).then(isNew => { if (isNew && column) for (const hear of hearers) hear(); });
}

/** The words of this key with `{name}` filled in; what is no key, such as an unknown state, as it is. */
export function words(key, values) {
  const said = Object.hasOwn(TABLE, key) ? TABLE[key].split("|")[column] : String(key);
  return values ? said.replace(/\{(\w+)\}/g, (_, name) => values[name]) : said;
}

/** Fills in what the markup names in `data-say`, `data-label` and `data-hint`. */
export function translate(root) {
  for (const one of root.querySelectorAll("[data-say]")) one.textContent = words(one.dataset.say);
  for (const one of root.querySelectorAll("[data-label]")) one.ariaLabel = words(one.dataset.label);
  for (const one of root.querySelectorAll("[data-icon]")) one.title = one.ariaLabel = words(one.dataset.label ?? one.dataset.icon);
  for (const one of root.querySelectorAll("[data-hint]")) one.placeholder = one.ariaLabel = words(one.dataset.hint);
}

export const timeOf = ms => clock.format(ms);
export const numberText = number => digits.format(number);

/** `1.2 MB`. */
export function sizeText(bytes) {
  const [unit, size] = [["GB", 1e9], ["MB", 1e6], ["KB", 1e3]].find(([, size]) => bytes >= size) ?? ["B", 1];
  return `${digits.format(bytes / size)} ${unit}`;
}

/** `0:07`, `61:02`. */
export const lengthText = seconds => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

export const percentText = part => `${Math.floor(part * 100)} %`;

/** A price; what is no currency of ISO 4217 stands behind the figure as it is. */
export function moneyText(price, currency) {
  try {
    return new Intl.NumberFormat(tag, { style: "currency", currency }).format(price);
  } catch {
    return `${new Intl.NumberFormat(tag, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(price)} ${currency}`.trim();
  }
}

const dayStart = ms => new Date(ms).setHours(0, 0, 0, 0);

/** The day in words; of what is no time, none. */
export function dayOf(ms) {
  if (Number.isNaN(dayStart(ms))) return "";
  const ago = Math.round((dayStart(Date.now()) - dayStart(ms)) / 86_400_000);
  return [words("today"), words("yesterday")][ago] ?? day.format(ms);
}

/** The time of today, otherwise the day. */
export const whenOf = ms => (dayStart(ms) === dayStart(Date.now()) ? clock : short).format(ms);

/** The day and the time; the year where it is another one. */
export const momentOf = ms => moments[Number(new Date(ms).getFullYear() !== new Date().getFullYear())].format(ms);

/** The name of a day of the week; 0 is Sunday. The fourth of January 2026 was one. */
export const weekdayOf = number => new Intl.DateTimeFormat(tag, { weekday: "long" }).format(new Date(2026, 0, 4 + number));

/** How long it is until then. */
export const leftText = ms => words("left", { time: lasting(Math.ceil((ms - Date.now()) / 6e4) * 6e4) });

/** `3 d`, `12 min`: the largest unit. */
export function lasting(ms) {
  const [unit, size] = [["d", 864e5], ["h", 36e5], ["min", 6e4]].find(([, size]) => ms >= size) ?? ["s", 1000];
  return `${Math.floor(Math.max(ms, 0) / size)} ${unit}`;
}
