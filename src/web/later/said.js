// When a schedule sends, in words.

import { timeOf, weekdayOf, words } from "../words.js";
import "./table.js";
import { cronOf, spanOf } from "./times.js";

const clock = ([hour, minute]) => timeOf(new Date(2026, 0, 1, hour, minute));

/** `every 2 h`. */
export const everyText = ms => words("everySpan", { span: spanOf(ms).join(" ") });

const weekText = ({ from, to, days }) => (days ? days.map(weekdayOf).join(", ") : words("fromTo", { from: weekdayOf(from), to: weekdayOf(to) }));

/** What a cron expression says; itself where that is no few words. */
export function cronText(cron) {
  const { minutes, minute, times, week, day } = cronOf(cron) ?? {};
  if (minutes) return everyText(minutes * 6e4);
  if (minute !== undefined) return words("everyHourAt", { minute: String(minute).padStart(2, "0") });
  if (!times) return cron;
  const time = times.map(clock).join(", ");
  if (week) return words("weekAt", { days: weekText(week), time });
  return day ? words("monthAt", { day, time }) : words("dayAt", { time });
}

/** When a schedule sends; with its zone, where that is not the one of this device. */
export function repeatText({ cron, every_ms, zone }) {
  if (!cron) return everyText(every_ms);
  const isElsewhere = zone && zone !== Intl.DateTimeFormat().resolvedOptions().timeZone;
  return isElsewhere ? `${cronText(cron)} (${zone})` : cronText(cron);
}
