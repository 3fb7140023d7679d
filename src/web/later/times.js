// Times to come: what a field for them takes, what is offered for a quick choice, and what a cron expression
// says, where people would say it in a few words.

const HOUR_MS = 36e5;
const MINUTE_MS = 6e4;
/** When a day begins for most who write to others. */
const MORNING = 8;
const MONDAY = 1;
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/** The short forms of crontab(5), and what they stand for. */
const SHORT = { "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *" };
const UNITS = [["d", 864e5], ["h", 36e5], ["min", 6e4], ["s", 1000]];

const two = number => String(number).padStart(2, "0");

/** As a field of type `datetime-local` has it, in the zone of this device. */
export function localOf(ms) {
  const at = new Date(ms);
  const day = [String(at.getFullYear()).padStart(4, "0"), two(at.getMonth() + 1), two(at.getDate())].join("-");
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** What such a field says, in ms since 1970; undefined where it says no time. */
export function msOf(local) {
  const ms = new Date(local).getTime();
  return local && !Number.isNaN(ms) ? ms : undefined;
}

/** So many days on, in the morning, also over a change of the clock. */
function morning(now, days) {
  const at = new Date(now);
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days, MORNING).getTime();
}

/** `[word, ms]` of the times that are offered: whole minutes, each once. */
export function quickTimes(now) {
  const hour = Math.ceil((now + HOUR_MS) / MINUTE_MS) * MINUTE_MS;
  const toMonday = (MONDAY + 7 - new Date(now).getDay()) % 7 || 7;
  const monday = toMonday > 1 ? [["onMonday", morning(now, toMonday)]] : [];
  return [["inHour", hour], ["onTomorrow", morning(now, 1)], ...monday];
}

/** `08:05`, as a field of type `time` has it. */
export const clockOf = time => time.map(two).join(":");

/** `[90, "min"]`: the span in the largest unit of which it is a whole number. */
export function spanOf(ms) {
  const [unit, size] = UNITS.find(([, size]) => ms >= size && ms % size === 0) ?? ["s", 1000];
  return [ms / size, unit];
}

const isNumber = (field, most) => /^\d{1,2}$/.test(field) && Number(field) <= most;

/** A day of the week by name or number; 7 is Sunday as well. */
function dayOf(field) {
  const named = DAYS.indexOf(field.toLowerCase().slice(0, 3));
  return isNumber(field, 7) ? Number(field) % 7 : named >= 0 && field.length === 3 ? named : undefined;
}

/** `{from, to}` or `{days}`; undefined for anything less plain. */
function weekOf(field) {
  const [from, to, ...more] = field.split("-").map(dayOf);
  if (field.includes("-")) return more.length || from === undefined || to === undefined ? undefined : { from, to };
  const days = field.split(",").map(dayOf);
  return days.includes(undefined) ? undefined : { days };
}

/**
 * What it says: `{minutes}` apart, `{minute}` of each hour, or `{times: [[hour, minute]]}` with `week` (as `weekOf`)
 * or `day` of the month where it is not each day; undefined where words would be longer than the expression.
 */
export function cronOf(text) {
  const fields = (SHORT[text.trim().toLowerCase()] ?? text).trim().split(/\s+/);
  const [minute, hour, day, month, weekday] = fields;
  if (fields.length !== 5 || month !== "*") return undefined;
  const isDaily = day === "*" && weekday === "*";
  const step = /^\*\/([1-9]\d?)$/.exec(minute)?.[1];
  if (hour === "*" && isDaily && (minute === "*" || 60 % step === 0)) return { minutes: Number(step ?? 1) };
  if (!isNumber(minute, 59)) return undefined;
  if (hour === "*" && isDaily) return { minute: Number(minute) };
  const hours = hour.split(",");
  if (!hours.every(one => isNumber(one, 23))) return undefined;
  const times = hours.map(one => [Number(one), Number(minute)]);
  if (isDaily) return { times };
  if (day === "*") return weekOf(weekday) && { times, week: weekOf(weekday) };
  return weekday === "*" && isNumber(day, 31) ? { times, day: Number(day) } : undefined;
}
