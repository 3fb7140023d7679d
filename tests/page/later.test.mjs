// Times to come: quick choices, what a field of the browser has, and cron expressions in words.

import assert from "node:assert/strict";
import test from "node:test";

import "./document.mjs";
import { pauseText } from "../../src/web/app/pauses.js";
import { isPlain, minuteAndHours, scheduleOf, wayOf } from "../../src/web/later/repeating.js";
import { cronText, everyText, repeatText } from "../../src/web/later/said.js";
import { cronOf, localOf, msOf, quickTimes, spanOf } from "../../src/web/later/times.js";
import { momentOf, speak } from "../../src/web/words.js";

speak("en");
const at = (...parts) => new Date(...parts).getTime();
/** A browser puts spaces of its own before AM and PM. */
const plain = text => text.replace(/\s/g, " ");

test("a field has the time of this device, to the minute, and gives it back", () => {
  assert.equal(localOf(at(2026, 10, 7, 8, 5, 59)), "2026-11-07T08:05");
  assert.equal(msOf("2026-11-07T08:05"), at(2026, 10, 7, 8, 5));
  for (const nothing of ["", "yesterday", undefined]) assert.equal(msOf(nothing), undefined);
});

test("quick choices are whole minutes to come, each once", () => {
  const named = now => Object.fromEntries(quickTimes(now));
  const friday = at(2026, 10, 27, 16, 30, 20);
  assert.deepEqual(named(friday), { inHour: at(2026, 10, 27, 17, 31), onTomorrow: at(2026, 10, 28, 8), onMonday: at(2026, 10, 30, 8) });
  // On Sunday tomorrow is Monday; on Monday the next one is meant.
  assert.deepEqual(Object.keys(named(at(2026, 10, 29, 12))), ["inHour", "onTomorrow"]);
  assert.equal(named(at(2026, 10, 30, 7)).onMonday, at(2026, 11, 7, 8));
  assert.equal(named(at(2026, 11, 31, 23)).onTomorrow, at(2027, 0, 1, 8));
});

test("a span is told exactly, in the largest unit that does", () => {
  for (const [ms, told] of [[864e5, "1 d"], [54e5, "90 min"], [72e5, "2 h"], [9e4, "90 s"]]) assert.equal(spanOf(ms).join(" "), told);
  assert.equal(everyText(54e5), "every 90 min");
});

test("a plain cron expression is told in words, any other as it is", () => {
  const told = [
    ["0 8 * * *", "every day at 8:00 AM"],
    ["@daily", "every day at 12:00 AM"],
    ["5 * * * *", "every hour at :05"],
    ["@hourly", "every hour at :00"],
    ["*/15 * * * *", "every 15 min"],
    ["* * * * *", "every 1 min"],
    ["30 8,18 * * mon-fri", "Monday to Friday at 8:30 AM, 6:30 PM"],
    ["0 9 * * 1,3,7", "Monday, Wednesday, Sunday at 9:00 AM"],
    ["0 9 5 * *", "on day 5 of each month at 9:00 AM"],
  ];
  for (const [cron, text] of told) assert.equal(plain(cronText(cron)), text, cron);
  for (const cron of ["0 8 1 * mon", "0 8 * jan *", "0 8-10 * * *", "*/7 * * * *", "0 8 * * mon-fri-sat", "0 8 * * monday", "61 8 * * *", "0 24 * * *", "@yearly", "x", ""]) {
    assert.equal(cronOf(cron), undefined, cron);
    assert.equal(cronText(cron), cron);
  }
  speak("pt");
  assert.equal(cronText("30 8 * * 1-5"), "segunda-feira a sexta-feira às 08:30");
  speak("en");
});

test("the zone of a schedule is told where it is not that of this device", () => {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  assert.equal(plain(repeatText({ cron: "0 8 * * *", zone: here })), "every day at 8:00 AM");
  assert.equal(plain(repeatText({ cron: "0 8 * * *", zone: "Antarctica/Troll" })), "every day at 8:00 AM (Antarctica/Troll)");
  assert.equal(repeatText({ every_ms: 72e5, zone: "Antarctica/Troll" }), "every 2 h");
});

test("what is filled in becomes what the gateway takes", () => {
  const filled = { name: " greeting ", channel: "telegram", to: " 42 ", text: "hi ", value: "08:30" };
  const send = { channel: "telegram", to: "42", text: "hi", media: undefined, format: "markdown", reply_to: undefined, urgent: undefined };
  const kept = { until: undefined, count: undefined, grace: undefined, paused: undefined };
  const asked = more => scheduleOf({ ...filled, ...more }, "America/Sao_Paulo");
  assert.equal(minuteAndHours("08:05:00"), "5 8");
  assert.equal(minuteAndHours("08:05,18:05"), "5 8,18");
  assert.throws(() => minuteAndHours("08:00,18:30"), ({ message }) => message.includes("same minute"));
  assert.deepEqual(asked({ way: "workDays" }), { name: "greeting", cron: "30 8 * * mon-fri", zone: "America/Sao_Paulo", ...kept, send });
  assert.equal(asked({ way: "eachDay" }).cron, "30 8 * * *");
  assert.deepEqual(asked({ way: "eachSpan", value: " 2h " }), { name: "greeting", every: "2h", zone: undefined, ...kept, send });
  assert.equal(asked({ way: "byCron", value: "@daily", channel: "whatsapp" }).send.format, undefined);
  // A picture needs no words, and without words there is nothing to format.
  const media = { media_id: "1", kind: "image" };
  assert.deepEqual(asked({ way: "eachDay", text: " ", media }).send, { ...send, text: undefined, media, format: undefined });
});

test("how a schedule repeats is shown in the form as it was filled in, or as the expression that it is", () => {
  const shown = [
    [{ cron: "30 8 * * *" }, ["eachDay", "08:30"]],
    [{ cron: "@daily" }, ["eachDay", "00:00"]],
    [{ cron: "5 18 * * mon-fri" }, ["workDays", "18:05"]],
    [{ cron: "5 18 * * 1-5" }, ["workDays", "18:05"]],
    [{ every_ms: 54e5 }, ["eachSpan", "90m"]],
    [{ every_ms: 1728e5 }, ["eachSpan", "2d"]],
    [{ cron: "0 8,18 * * *" }, ["eachDay", "08:00,18:00"]],
    ...["0 8-18 * * *", "0 8 * * mon", "0 8 5 * *", "*/5 * * * *", "0 8 * * sat-sun", "0 8 1 * mon"].map(cron => [{ cron }, ["byCron", cron]]),
  ];
  for (const [schedule, expected] of shown) assert.deepEqual(wayOf(schedule), expected);
  assert.ok(isPlain({ meta: { format: "markdown" } }) && !isPlain({ content: {} }) && !isPlain({ meta: { template: {} } }));
});

test("of a schedule that is changed stays what the form does not show", () => {
  const former = { channel: "telegram", peer: "42", text: "hi", cron: "0 8 * * *", zone: "Antarctica/Troll", until_ms: 5, count: 3, grace_ms: 60_000, state: "paused", reply_to: "m-1", meta: { urgent: true } };
  const filled = { name: "greeting", channel: "telegram", to: "42", text: "hello", way: "eachDay", value: "09:00" };
  const changed = more => scheduleOf({ ...filled, ...more }, "America/Sao_Paulo", former);
  const { send, zone, until, count, grace, paused } = changed({});
  assert.deepEqual([zone, until, count, grace, paused], ["Antarctica/Troll", 5, 3, "60000ms", true]);
  assert.deepEqual(send, { channel: "telegram", to: "42", text: "hello", media: undefined, format: undefined, reply_to: "m-1", urgent: true });
  // What it answered is in another conversation, and another channel writes in its own way.
  assert.equal(changed({ to: "43" }).send.reply_to, undefined);
  assert.equal(changed({ channel: "discord" }).send.format, "markdown");
  assert.equal(changed({ way: "eachSpan", value: "1h" }).zone, undefined);
});

test("a pause says of what it is, why and until when, in both languages", () => {
  const until_ms = at(new Date().getFullYear(), new Date().getMonth() === 5 ? 6 : 5, 7, 8);
  assert.equal(pauseText({ channel: "all" }), "Sending is paused");
  assert.equal(pauseText({ channel: "whatsapp", reason: "stock-taking", until_ms }), `Sending is paused on WhatsApp: stock-taking · until ${momentOf(until_ms)}`);
  assert.match(momentOf(at(new Date().getFullYear() + 1, 5, 7, 8)), new RegExp(new Date().getFullYear() + 1));
  speak("pt");
  assert.equal(pauseText({ channel: "all" }), "O envio está em pausa");
  speak("en");
});
