// What every way of connecting ends with: the settings are written, the channel is watched until it works, and
// those who write are let in.

import { daemonText } from "../app/said.js";
import { field } from "../app/dialog.js";
import { button, keep, make, write } from "../dom.js";
import { shownPeer } from "../model/numbers.js";
import { plain } from "../model/parts.js";
import { words } from "../words.js";
import { choice } from "./steps.js";

const LOOK_MS = 700;
/** A channel that has not come up by then has its reason told. */
const PATIENCE_MS = 25_000;
const ASKERS_MS = 1500;

/** What to look at where a service is away, by the row of its address: one that somebody set may be a server of theirs. */
export const awayOf = row => (row && row.source !== "default" ? "serviceAway" : "internetAway");

const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

/** Writes these settings; fails where something else than `.env` decides one of them. */
export async function saveSettings(session, changes) {
  const done = await session.ask("config.set", { changes });
  const overruled = done.overruled.filter(key => changes[key] != null);
  if (overruled.length) throw { message: words("overruledBy", { keys: overruled.join(", ") }) };
  return done;
}

/** Waits until the channel works; fails with what is wrong. */
export async function untilRunning(session, name, isWanted) {
  const end = Date.now() + PATIENCE_MS;
  let one;
  while (isWanted()) {
    const { integrations = [] } = (await session.wish("integrations")) ?? {};
    one = integrations.find(it => it.name === name);
    if (one?.state === "running") return;
    if (["parked", "impaired"].includes(one?.state) || Date.now() > end) break;
    await pause(LOOK_MS);
  }
  if (!isWanted()) return;
  const why = [one?.last_error, one?.advice].map(daemonText).filter(Boolean).join(" · ");
  throw { message: why || words("notConnectedYet") };
}

/** Who may write: `{elements, changes(), isPairing()}`. What is set already is kept as it is unless it is changed. */
export function whoMayWrite(prefix, hint, now = "") {
  const key = `${prefix}_ALLOW_FROM`;
  const input = make("input", { spellcheck: false, value: now === "*" ? "" : now });
  const listed = field(words("whoListed"), input, hint);
  const options = [
    { value: "pair", title: words("whoPair"), note: words("whoPairNote") },
    { value: "list", title: words("whoList"), note: words("whoListNote") },
    { value: "all", title: words("whoAll"), note: words("whoAllNote") },
  ];
  const { element, value } = choice("who", words("whoMayWrite"), options, now === "*" ? "all" : now ? "list" : "pair");
  const draw = () => (listed.hidden = value() !== "list");
  element.addEventListener("change", draw);
  draw();
  const wanted = () => ({ all: "*", list: input.value.trim() })[value()] || null;
  return {
    elements: [element, listed],
    changes: () => (wanted() === (now || null) ? {} : { [key]: wanted() }),
    isPairing: () => value() !== "all",
  };
}

/** Those who ask on this channel, as they come, each to be let in. Ends with the dialog. */
export function askers(session, steps, channel) {
  const [rows, note] = [make("ul", { className: "askers" }), make("p", { role: "status", className: "quiet" }, words("askersWait"))];
  const decide = async (act, one) => {
    const failed = await session.ask(`pairing.${act}`, { channel, code: one.code }).then(() => "", ({ message }) => daemonText(message));
    write(note, failed || words(act === "approve" ? "askerIn" : "askerOut", { name: one.name ?? shownPeer(channel, one.sender) }));
    draw();
  };
  const build = one => make("li", {}, make("div", {}, make("b", { dir: "auto" }), make("p", { className: "quiet", dir: "auto" })), make("span", {}, button("main", words("approve"), () => decide("approve", one), { "data-do": "approve" }), " ", button("", words("reject"), () => decide("reject", one), { "data-do": "reject" })));
  const draw = async () => {
    const { pending = [] } = (await session.wish("pairing")) ?? {};
    const of = pending.filter(one => one.channel === channel);
    keep(rows, of, ({ code }) => code, build, (row, one) => {
      write(row.querySelector("b"), plain(one.name ?? shownPeer(channel, one.sender)));
      write(row.querySelector("p"), plain(one.words));
    });
    rows.hidden = !of.length;
  };
  const timer = setInterval(draw, ASKERS_MS);
  steps.onClose(() => clearInterval(timer));
  draw();
  return [rows, note];
}
