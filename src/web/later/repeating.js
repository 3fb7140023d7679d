// A schedule as a form has it, and as the gateway takes and tells it.

import { words } from "../words.js";
import "./table.js";
import { clockOf, cronOf, spanOf } from "./times.js";

/** By how it repeats: the field that says more, and what of it the gateway is asked. */
export const WAYS = {
  eachDay: ["time", value => ({ cron: `${minuteAndHours(value)} * * *` })],
  workDays: ["time", value => ({ cron: `${minuteAndHours(value)} * * mon-fri` })],
  eachSpan: ["span", value => ({ every: value.trim() })],
  byCron: ["cron", value => ({ cron: value.trim() })],
};

/** Of `08:30,18:30`, as a cron expression begins; it has one minute for all hours. */
export function minuteAndHours(times) {
  const all = times.split(",").map(time => time.split(":").map(Number));
  const [[, minute]] = all;
  if (all.some(one => one[1] !== minute)) throw { message: words("sameMinute") };
  return `${minute} ${all.map(([hour]) => hour).join()}`;
}

/** `90m`, as the gateway takes a span. */
const spanText = ms => spanOf(ms).join("").replace("min", "m");

/** How a schedule repeats, as `[way, value]` of the form. */
export function wayOf({ cron, every_ms }) {
  if (!cron) return ["eachSpan", spanText(every_ms)];
  const { times, week, day } = cronOf(cron) ?? {};
  const isWork = week?.from === 1 && week.to === 5;
  if (!times || day || (week && !isWork)) return ["byCron", cron];
  return [isWork ? "workDays" : "eachDay", times.map(clockOf).join()];
}

/** Whether the form has all of what it sends. */
export const isPlain = ({ content, meta }) => !content && !meta?.template && !meta?.reaction;

/**
 * What `schedule.add` takes, from what was filled in. Times are meant in the zone of this device. Of the `former` one
 * that is changed stays what the form does not show.
 */
export function scheduleOf({ name, channel, to, text, media, way, value }, zone, former) {
  const repeat = WAYS[way][1](value);
  const said = text.trim() || undefined;
  // WhatsApp's own signs are for people to write; elsewhere they write markdown.
  const isMarkdown = former?.text && former.channel === channel ? former.meta?.format === "markdown" : !/^whatsapp/.test(channel);
  const isThere = former?.channel === channel && former.peer === to.trim();
  return {
    name: name.trim(),
    ...repeat,
    zone: repeat.cron && (former?.cron ? former.zone : zone),
    until: former?.until_ms,
    count: former?.count,
    grace: former && `${former.grace_ms}ms`,
    paused: former?.state === "paused" || undefined,
    send: { channel, to: to.trim(), text: said, media, format: said && isMarkdown ? "markdown" : undefined, reply_to: isThere ? former.reply_to : undefined, urgent: former?.meta?.urgent },
  };
}
