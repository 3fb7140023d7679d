// How each row of the control view looks: its key, title, note, tone, and what can be done to it.

import { daemonText } from "../app/said.js";
import { lineOf } from "../chat/card.js";
import { channelTitle, isTroubled, serviceOf } from "../app/channels.js";
import { isPlain } from "../later/repeating.js";
import { repeatText } from "../later/said.js";
import { toneOf } from "../model/agents.js";
import { keyOf } from "../model/conversations.js";
import { shownPeer } from "../model/numbers.js";
import { joined, plain } from "../model/parts.js";
import { lasting, leftText, momentOf, numberText, timeOf, whenOf, words } from "../words.js";

const TURNS = { running: "answering", waiting: "answersNext", failed: "unanswered" };
const SCHEDULE_STATES = { paused: "schedulePaused", over: "scheduleOver" };
/** The end of an advice, in either language: the command that does what a button here does. */
const COMMAND = /(?:; |, or |, ou )[^;]*: cleudocodebot integrations (?:restart|start|connect) [\w-]+/;
/** Services that a dialog can connect, and so mend. */
const CONNECTED = ["telegram", "discord", "whatsapp", "whatsapp-cloud"];
/** What a key is for, in words. */
const ROLES = { read: "roleRead", send: "roleSend", operator: "roleOperator", owner: "roleOwner", bridge: "roleBridge", agent: "roleAgent" };
/** Roles that a person may give to a device. */
export const DEVICE_ROLES = ["operator", "send", "read", "owner"];

export const roleText = role => words(ROLES[role] ?? role);
const line = (...parts) => joined(parts);
const ago = ms => lasting(Date.now() - ms);
const said = text => plain(daemonText(text));
/** By name where that is known, else by address. */
const personOf = ({ channel, sender, name }) => line(plain(name), shownPeer(channel, sender));
const placeOf = ({ channel, peer, name }) => ({ title: line(plain(name) || shownPeer(channel, peer), channelTitle(channel)), hint: peer });
/** How it is and since when. */
const standing = ({ state, since_ms }) => `${words(state)} ${words("since", { time: ago(since_ms) })}`;
/** What is wrong with it now, in the gateway's words. What a button here does, it need not tell for a terminal. */
function complaint({ state, last_error, advice }, mend) {
  if (!isTroubled({ state })) return "";
  const isDone = ["connect", "credentials", "unhook", "goOn"].includes(mend) && /cleudocodebot /.test(advice ?? "");
  return line(said(last_error), !isDone && said(advice).replace(COMMAND, ""));
}
const startOrStop = state => (["stopped", "parked"].includes(state) ? "start" : "stop");

/** The one thing that mends an integration, if anything does. */
export function mendOf({ name, state, pairable, advice }) {
  if (state === "stopped") return "start";
  if (!isTroubled({ state })) return undefined;
  if (/integrations connect/.test(advice ?? "")) return pairable ? "connect" : "unhook";
  if (state === "parked") return CONNECTED.includes(serviceOf(name)) ? "credentials" : "restart";
  if (pairable && ["impaired", "away"].includes(state)) return "connect";
  return ["backing_off", "impaired"].includes(state) ? "restart" : "showLog";
}

/** All that can be done to an integration, what mends it first. */
function actsOf(one) {
  const { name, state, pairable } = one;
  const usual = [startOrStop(state), state === "stopped" ? "" : "restart", pairable ? "connect" : "", CONNECTED.includes(serviceOf(name)) ? "configure" : "", isTroubled(one) ? "showLog" : ""];
  return [...new Set([mendOf(one), ...usual])].filter(Boolean);
}

export const LOOKS = {
  integrations: ({ name, ...one }) => ({
    key: name,
    title: channelTitle(name),
    note: line(standing(one), said(one.held)),
    trouble: complaint(one, mendOf({ name, ...one })),
    counted: one.counters?.sent ? words("channelCounted", one.counters) : "",
    tone: toneOf(one.state),
    main: isTroubled(one) || one.state === "stopped" ? mendOf({ name, ...one }) : undefined,
    acts: actsOf({ name, ...one }),
  }),
  agents: ({ name, supervised, counters, ...one }) => ({
    key: name,
    title: name,
    note: line(standing(one), words("counted", counters)),
    trouble: complaint(one),
    tone: toneOf(one.state),
    acts: [supervised && startOrStop(one.state), isTroubled(one) && "showLog"],
  }),
  held: ({ until_ms, by, ...one }) => ({ key: keyOf(one), ...placeOf(one), note: line(words(by), leftText(until_ms)), tone: "warn", acts: ["open", "resume"] }),
  turns: ({ turn_id, agent, state, attempt, error, updated_ms, ...one }) => ({
    key: turn_id,
    ...placeOf(one),
    note: line(words(TURNS[state], { name: agent, why: said(error) }), attempt > 1 && words("attempt", { n: attempt }), timeOf(updated_ms)),
    tone: toneOf(state),
    acts: ["open", state === "failed" ? "retry" : "abort"],
  }),
  pairing: one => ({
    key: one.channel + one.code,
    title: line(personOf(one), channelTitle(one.channel)),
    hint: one.sender,
    note: line(words("code", { code: one.code }), timeOf(one.at_ms)),
    quote: plain(one.words),
    tone: "warn",
    main: "approve",
    acts: ["approve", "reject"],
  }),
  people: one => ({
    key: `${one.channel}/${one.sender}`,
    title: line(personOf(one), channelTitle(one.channel)),
    hint: one.sender,
    note: one.since_ms ? words("personSince", { time: whenOf(one.since_ms) }) : "",
    acts: ["open", "revoke"],
  }),
  keys: ({ key_id, name, role, channels = [], peers = [], clients, last_seen_ms, last_address, expires_ms }) => ({
    key: key_id,
    title: name,
    hint: key_id,
    note: line(
      roleText(role),
      [...channels.map(channelTitle), ...peers].join(", "),
      clients ? words("connectedNow") : last_seen_ms ? words("lastSeen", { time: ago(last_seen_ms) }) : words("neverSeen"),
      last_address,
      expires_ms && words("until", { time: whenOf(expires_ms) }),
    ),
    tone: clients ? "good" : "",
    acts: ["rename", "revoke"],
  }),
  outbox: ({ message_id, state, error, due_ms, ...one }) => ({
    key: message_id,
    ...placeOf(one),
    note: line(words(state), due_ms > Date.now() && timeOf(due_ms), said(error)),
    quote: lineOf(one, 80),
    tone: toneOf(state),
    // Between two attempts it has a reason why it did not go.
    acts: [state === "failed" ? "retry" : (state === "queued" || error) && "cancel"],
  }),
  scheduled: ({ message_id, at_ms, called, ...one }) => ({ key: message_id, ...placeOf({ ...one, name: called }), note: words("goesOut", { time: momentOf(at_ms) }), quote: lineOf(one, 80), acts: ["open", "another", "cancel"] }),
  schedules: ({ name, channel, peer, called, text, media, state, next_ms, until_ms, count, last, ...one }) => ({
    key: name,
    title: name,
    hint: peer,
    note: line(channelTitle(channel), plain(called) || shownPeer(channel, peer), repeatText(one), until_ms && words("until", { time: momentOf(until_ms) }), count > 0 && words("timesLeft", { n: count }), state !== "active" && words(SCHEDULE_STATES[state] ?? state), state === "active" && next_ms && words("nextAt", { time: momentOf(next_ms) })),
    quote: lineOf({ channel, text, media }, 80),
    counted: last ? words("lastAt", { time: momentOf(last.at_ms) }) : "",
    trouble: said(last?.error),
    tone: state === "active" ? (last?.error ? "bad" : "good") : "",
    acts: [state !== "over" && (state === "paused" ? "goOnSchedule" : "holdSchedule"), "runNow", state !== "over" && isPlain(one) && "changeSchedule", "removeSchedule"],
  }),
  clients: ({ id, name = id, kind, address, since_ms, sent, received }) => ({
    key: id,
    title: name,
    note: line(kind, address, ago(since_ms), `↓${numberText(received)} ↑${numberText(sent)}`),
    tone: "good",
  }),
  webhooks: ({ name, url, topics, lag, signed, missed, ...one }) => ({
    key: name,
    title: url,
    hint: name,
    note: line(standing(one), lag ? words("webhookBehind", { n: lag }) : words("webhookUpToDate"), topics.join(", "), !signed && words("webhookUnsigned")),
    trouble: line(complaint(one, "goOn"), missed > 0 && words("webhookMissed", { n: missed })),
    tone: toneOf(one.state),
    main: one.state === "running" ? undefined : "goOn",
    acts: [one.state !== "running" && "goOn", "test", !["paused", "parked"].includes(one.state) && "pause"],
  }),
  notes: text => ({ key: text, title: said(text), tone: "warn", acts: [] }),
};
