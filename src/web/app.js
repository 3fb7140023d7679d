// The page: which part of it is shown, and how the connection is.

import { backToList, brought, broughtBy, layList, moved, parts } from "./app/address.js";
import { Install } from "./app/install.js";
import { Notify } from "./app/notify.js";
import { Pairing } from "./app/pairing.js";
import { Pauses } from "./app/pauses.js";
import { Rights } from "./app/rights.js";
import "./app/viewport.js";
import { Chat } from "./chat/chat.js";
import { Start } from "./app/start.js";
import { $, icon, write } from "./dom.js";
import { showToken } from "./files/transfer.js";
import { numberOf } from "./model/messages.js";
import { Rate } from "./app/rate.js";
import { Session } from "./session.js";
import { Identity } from "./state/identity.js";
import { firstLanguage, onLanguage, speak, whenOf, words } from "./words.js";

/** A connection that takes longer than this is none yet: what was kept is shown. */
const LATE_MS = 1500;
const SETTLE_MS = 500;

const wide = matchMedia("(min-width: 720px)");
let state = "connecting";
let detail = {};
let unsent = 0;

const identity = new Identity();
await identity.load();
showToken(() => identity.token);
const rate = new Rate();
const rights = new Rights();
rights.take(identity.told);

const session = new Session(identity, rights, {
  state(name, more = {}) {
    [state, detail] = [name, more];
    if (name === "waiting") chat.restore().then(tell);
    tell();
    if (name === "token" && !pairing.isOpen) $("token").focus();
  },
  open(isFresh) {
    // What was said goes first.
    chat.start(isFresh).then(() => start.load());
    control?.begin();
    tell();
    install.begin();
    // What is seen goes first.
    setTimeout(() => {
      notify.begin();
      pauses.load();
    }, SETTLE_MS);
  },
  event(name, payload) {
    chat.hear(name, payload);
    pauses.hear(name, payload);
    // The event that made a message has its number.
    if (name.startsWith("message.") && numberOf(payload.message_id) === payload.seq) rate.add(Date.now());
    control?.hear(name, payload);
  },
});
session.follow("message.*", "conversation.read", "conversation.changed", "conversation.forgotten", "history.purged", "typing", "agent.state", "agent.status", "agent.handover", "gate.paused", "integration.state");
const pauses = new Pauses(session, () => chat.draw());
const chat = new Chat(session, pauses);
const pairing = new Pairing(identity, { paired: token => enter(token), given: tell });
const install = new Install({ changed: tellApp, isBusy });
const notify = new Notify(session, rights, tellApp);
const start = new Start(session, rights, { mine: () => chat.mine, changed: () => control?.refresh() });
/** Loaded once it is wanted: the first page has no need of it. */
let control;
let isControlAsked = false;
start.in($("start"));

identity.onChange((why, isHere) => {
  unsent = why ? chat.outbox.size : 0;
  rights.take(identity.told);
  chat.forget();
  pauses.forget();
  if (why) history.replaceState(null, "", "#chat");
  if (why || !isHere) session.end();
  if (why || !isHere) session.begin();
});

/** Comes in with this token. */
function enter(token, stays) {
  identity.try(token, stays);
  session.end();
  session.begin();
}

/** Takes what the address brought along; true where there was something. */
function arrive() {
  const { token, pair, name } = brought();
  if (pair !== undefined) pairing.begin(pair, name);
  const isOther = Boolean(token && identity.token && identity.token !== token && !identity.why && state !== "token");
  if (isOther) changeKey(token);
  else if (token) {
    pairing.close();
    identity.try(token);
    session.end();
  }
  return Boolean(token || pair !== undefined);
}

/** A link may come from anywhere: whoever is in here stays until they say otherwise. */
async function changeKey(token) {
  const { ask } = await import("./app/dialog.js");
  if (!(await ask({ title: words("changeKey"), text: words("changeKeyText"), act: words("changeKeyNow"), isGrave: true }))) return;
  pairing.close();
  identity.try(token);
  session.end();
  session.begin();
}

/** Whether something would be lost by a reload. */
function isBusy() {
  const isOpen = document.querySelector("dialog[open], :popover-open") !== null;
  const isPlaying = [...document.querySelectorAll("audio, video")].some(({ paused }) => !paused);
  return isOpen || isPlaying || chat.isBusy || pairing.isOpen;
}

/** Says how the connection is. */
function tell() {
  const { why, ...values } = detail;
  document.body.dataset.state = state;
  $("link").title = $("link").ariaLabel = words({ open: "connected" }[state] ?? state, values);
  const isKept = chat.isArchived && state !== "token";
  $("banner").hidden = state !== "waiting" && !isKept;
  $("banner").classList.toggle("kept", Boolean(isKept));
  write($("banner").firstChild, words(isKept ? "offline" : state, { ...values, time: isKept && whenOf(chat.isArchived) }));
  write($("token-reason"), [why && words(why, values), why && unsent && words("unsentGone", { n: unsent })].filter(Boolean).join(" "));
  write($("token-host"), location.host);
  pairing.draw();
  tellApp();
  route();
}

/** Says what there is to say of the page as an app. */
function tellApp() {
  $("newer").hidden = !install.isNewer;
  chat.isNotified = notify.isOn;
  chat.attend();
  control?.tellDevice();
}

/** Loads the control view, and shows it where it is still wanted then. */
async function askControl() {
  if (isControlAsked) return;
  isControlAsked = true;
  const { Control } = await import("./control/control.js");
  control = new Control(session, { identity, notify, install, rate, pauses, blobs: chat.blobs, places: chat.places, unsent: () => chat.outbox.size }, start);
  route();
}

/** Shows what the address names. */
function route() {
  const [part, channel, peer] = parts();
  const isKnown = state !== "token" && !pairing.isOpen;
  const isControl = part === "control";
  $("login").hidden = state !== "token" || pairing.isOpen;
  $("chat").hidden = !isKnown || isControl;
  $("control").hidden = !isKnown || !isControl;
  document.body.classList.toggle("stranger", !isKnown);
  $("nav-chat").ariaCurrent = isControl ? null : "page";
  $("nav-control").ariaCurrent = isControl ? "page" : null;
  if (isKnown && isControl) askControl();
  control?.show(isKnown && isControl);
  document.body.classList.toggle("in-thread", isKnown && Boolean(peer));
  if (isControl || !isKnown) return;
  const place = peer ? { channel, peer } : wide.matches ? chat.mine : null;
  if (JSON.stringify(place) !== JSON.stringify(chat.open)) chat.show(place);
  chat.draw();
}

$("login-form").onsubmit = event => {
  event.preventDefault();
  const typed = $("token").value.trim();
  $("token").value = "";
  const { token = typed, pair } = broughtBy(typed);
  if (pair) pairing.begin(pair);
  else enter(token, $("token-stay").ariaChecked === "true");
  tell();
};
$("token-stay").onclick = ({ currentTarget: stay }) => {
  stay.ariaChecked = String(stay.ariaChecked !== "true");
};
$("login-pair").onclick = () => {
  pairing.begin();
  tell();
};
$("retry-now").onclick = () => session.hurry();
$("newer-now").onclick = () => install.takeOver();
$("back").onclick = event => {
  event.preventDefault();
  backToList();
};
$("language").onchange = ({ target }) => {
  localStorage.language = target.value;
  speak(target.value);
};
for (const button of document.querySelectorAll(".close")) button.onclick = () => button.closest("dialog").close("");
for (const button of document.querySelectorAll("[data-icon]")) {
  button.classList.add("round");
  button.prepend(icon(button.dataset.icon));
}
addEventListener("hashchange", () => {
  if (arrive()) return session.begin();
  moved();
  route();
});
addEventListener("popstate", route);
addEventListener("focus", chat.draw);
wide.addEventListener("change", route);
navigator.serviceWorker?.addEventListener("message", ({ data, ports: [port] }) => {
  if (data.open) location.hash = data.open;
  if (data.shows) port?.postMessage(chat.isShowing(data.shows));
});
navigator.serviceWorker?.startMessages?.();

$("language").value = firstLanguage();
speak(firstLanguage());
onLanguage(tell);
arrive();
if (!wide.matches) layList();
setTimeout(() => state === "connecting" && chat.restore().then(tell), LATE_MS);
chat.outbox.load();
session.begin();
