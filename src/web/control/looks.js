// How each row of the control view looks: its key, title, note, tone, and what can be done to it.

import { lineOf } from "../chat/card.js";
import { toneOf } from "../model/agents.js";
import { keyOf } from "../model/conversations.js";
import { shownPeer } from "../model/numbers.js";
import { joined, plain } from "../model/parts.js";
import { lasting, leftText, numberText, timeOf, whenOf, words } from "../words.js";

const TURNS = { running: "answering", waiting: "answersNext", failed: "unanswered" };
/** States in which an earlier error is over. */
const WELL = ["running", "stopped"];
/** What a key is for, in words. */
const ROLES = { read: "roleRead", send: "roleSend", operator: "roleOperator", owner: "roleOwner", bridge: "roleBridge", agent: "roleAgent" };
/** Roles that a person may give to a device. */
export const DEVICE_ROLES = ["operator", "send", "read", "owner"];

export const roleText = role => words(ROLES[role] ?? role);
const line = (...parts) => joined(parts);
const ago = ms => lasting(Date.now() - ms);
const placeOf = ({ channel, peer }) => ({ title: line(shownPeer(channel, peer), channel), hint: peer });
/** How it is and since when, and what is wrong. */
const condition = ({ state, since_ms, last_error, advice }) => line(`${words(state)} ${words("since", { time: ago(since_ms) })}`, !WELL.includes(state) && plain(last_error), plain(advice));
const startOrStop = state => (["stopped", "parked"].includes(state) ? "start" : "stop");

export const LOOKS = {
  integrations: ({ name, pairable, ...one }) => ({
    key: name,
    title: name,
    note: condition(one),
    tone: toneOf(one.state),
    acts: [startOrStop(one.state), "restart", pairable ? "connect" : ""],
  }),
  agents: ({ name, supervised, counters, ...one }) => ({
    key: name,
    title: name,
    note: line(condition(one), words("counted", counters)),
    tone: toneOf(one.state),
    acts: [supervised && startOrStop(one.state)],
  }),
  found: ({ name, title, version, model = version }) => ({ key: line(name, model), title: line(title, plain(model)), note: words("isHere"), acts: ["choose"] }),
  held: ({ until_ms, by, ...one }) => ({ key: keyOf(one), ...placeOf(one), note: line(words(by), leftText(until_ms)), tone: "warn", acts: ["open", "resume"] }),
  turns: ({ turn_id, agent, state, attempt, error, updated_ms, ...one }) => ({
    key: turn_id,
    ...placeOf(one),
    note: line(words(TURNS[state], { name: agent, why: plain(error) }), attempt > 1 && words("attempt", { n: attempt }), timeOf(updated_ms)),
    tone: toneOf(state),
    acts: ["open", state === "failed" ? "retry" : "abort"],
  }),
  pairing: ({ channel, sender, code, at_ms }) => ({
    key: channel + code,
    title: line(shownPeer(channel, sender), channel),
    hint: sender,
    note: line(words("code", { code }), timeOf(at_ms)),
    tone: "warn",
    acts: ["approve", "reject"],
  }),
  keys: ({ key_id, name, role, channels = [], peers = [], clients, last_seen_ms, last_address, expires_ms }) => ({
    key: key_id,
    title: name,
    hint: key_id,
    note: line(
      roleText(role),
      [...channels, ...peers].join(", "),
      clients ? words("connectedNow") : last_seen_ms ? words("lastSeen", { time: ago(last_seen_ms) }) : words("neverSeen"),
      last_address,
      expires_ms && words("until", { time: whenOf(expires_ms) }),
    ),
    tone: clients ? "good" : "",
    acts: ["rename", "revoke"],
  }),
  outbox: ({ message_id, state, error, due_ms, ...said }) => ({
    key: message_id,
    ...placeOf(said),
    note: line(words(state), due_ms > Date.now() && timeOf(due_ms), error, lineOf(said, 80)),
    tone: toneOf(state),
    acts: [{ failed: "retry", queued: "cancel" }[state]],
  }),
  clients: ({ id, name = id, kind, address, since_ms, sent, received }) => ({
    key: id,
    title: name,
    note: line(kind, address, ago(since_ms), `↓${numberText(received)} ↑${numberText(sent)}`),
    tone: "good",
  }),
  settings: ({ name, value, source, summary = "" }) => ({ key: name, title: name, note: line(value || "—", source), hint: summary }),
};
