// What the page says, in English and in Brazilian Portuguese; and how it writes times and sizes.

import { en } from "./words/en.js";
import { pt } from "./words/pt.js";

const LANGUAGES = { en, pt };
const TAGS = { en: "en", pt: "pt-BR" };

export let language = "en";
const hearers = [];
let clock, day, moment, digits;

/** Calls `hear` at each change of the language. */
export function onLanguage(hear) {
  hearers.push(hear);
}

/** Speaks this language from now on. */
export function speak(wanted) {
  language = wanted in LANGUAGES ? wanted : "en";
  const tag = TAGS[language];
  clock = new Intl.DateTimeFormat(tag, { timeStyle: "short" });
  day = new Intl.DateTimeFormat(tag, { weekday: "long", day: "numeric", month: "long" });
  moment = new Intl.DateTimeFormat(tag, { dateStyle: "short", timeStyle: "medium" });
  digits = new Intl.NumberFormat(tag, { maximumFractionDigits: 1 });
  document.documentElement.lang = tag;
  translate(document.body);
  for (const hear of hearers) hear();
}

/** The user's choice, else the browser's. */
export function firstLanguage() {
  return localStorage.getItem("language") ?? (navigator.language.toLowerCase().startsWith("pt") ? "pt" : "en");
}

/** The words of this key, with `{name}` filled in. */
export function words(key, values = {}) {
  return LANGUAGES[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** The words where the key is known, such as of a state, otherwise what there is. */
export function wordsOr(key, other) {
  return key in LANGUAGES[language] ? words(key) : other;
}

/** Fills in what the markup names in `data-words`, `data-label` and `data-hint`. */
function translate(root) {
  for (const one of root.querySelectorAll("[data-words]")) one.textContent = words(one.dataset.words);
  for (const one of root.querySelectorAll("[data-label]")) {
    one.setAttribute("aria-label", words(one.dataset.label));
    if (one.tagName === "BUTTON") one.title = words(one.dataset.label);
  }
  for (const one of root.querySelectorAll("[data-hint]")) one.placeholder = words(one.dataset.hint);
}

export const timeOf = (ms) => clock.format(ms);
export const momentOf = (ms) => moment.format(ms);
export const numberText = (number) => digits.format(number);
export const megabytes = (bytes) => `${digits.format(bytes / 1048576)} MB`;

export function dayOf(ms) {
  const days = Math.round((new Date().setHours(12, 0, 0, 0) - new Date(ms).setHours(12, 0, 0, 0)) / 86_400_000);
  return days === 0 ? words("today") : days === 1 ? words("yesterday") : day.format(ms);
}

/** The time of today, otherwise the day. */
export function whenOf(ms) {
  const isToday = new Date(ms).toDateString() === new Date().toDateString();
  return isToday ? timeOf(ms) : new Date(ms).toLocaleDateString(TAGS[language], { day: "numeric", month: "short" });
}

/** `3 d 4 h`, `12 min`: the two largest units. */
export function lasting(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const units = [["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]];
  const from = units.findIndex(([, size]) => seconds >= size);
  if (from < 0) return "0 s";
  const [unit, size] = units[from];
  const [small, smallSize] = units[from + 1] ?? ["", 1];
  const rest = Math.floor((seconds % size) / smallSize);
  return `${Math.floor(seconds / size)} ${unit}${small && rest ? ` ${rest} ${small}` : ""}`;
}
