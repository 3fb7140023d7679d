// The page: which part of it is shown, and how the connection is.

import { Chat } from "./chat/chat.js";
import { Control } from "./control/control.js";
import { $, icon, write } from "./dom.js";
import { Session, takeToken } from "./session.js";
import { firstLanguage, onLanguage, speak, words } from "./words.js";

const wide = matchMedia("(min-width: 720px)");
let state = "connecting";
let detail = {};

const session = new Session({
  state(name, more = {}) {
    [state, detail] = [name, more];
    tell();
    if (name === "token") $("token").focus();
  },
  open(isFresh) {
    chat.start(isFresh);
    control.start();
  },
  event(name, payload) {
    chat.hear(name, payload);
    control.hear(name, payload);
  },
});
session.follow("message.*", "conversation.read", "typing", "agent.state", "agent.status", "agent.handover");
const chat = new Chat(session);
const control = new Control(session);

/** Says how the connection is. */
function tell() {
  const { why, ...values } = detail;
  document.body.dataset.state = state;
  $("link").title = $("link").ariaLabel = words({ open: "connected" }[state] ?? state, values);
  $("banner").hidden = state !== "waiting";
  if (state === "waiting") write($("banner").firstChild, words(state, values));
  write($("token-reason"), why ? words(why, values) : "");
  route();
}

/** The parts of the address behind `#`; nonsense is no part. */
function parts() {
  try {
    return location.hash.slice(1).split("/").map(decodeURIComponent);
  } catch {
    return [];
  }
}

/** Shows what the address names. */
function route() {
  const [part, channel, peer] = parts();
  const isKnown = state !== "token";
  const isControl = part === "control";
  $("login").hidden = isKnown;
  $("chat").hidden = !isKnown || isControl;
  $("control").hidden = !isKnown || !isControl;
  $("nav-chat").ariaCurrent = isControl ? null : "page";
  $("nav-control").ariaCurrent = isControl ? "page" : null;
  control.show(isKnown && isControl);
  if (isControl) return;
  const place = peer ? { channel, peer } : wide.matches ? chat.mine : null;
  document.body.classList.toggle("in-thread", Boolean(peer));
  if (JSON.stringify(place) !== JSON.stringify(chat.open)) chat.show(place);
  chat.draw();
}

$("login").onsubmit = event => {
  event.preventDefault();
  sessionStorage.token = $("token").value.trim();
  $("token").value = "";
  session.begin();
};
$("retry-now").onclick = () => session.hurry();
$("language").onchange = ({ target }) => {
  localStorage.language = target.value;
  speak(target.value);
};
for (const button of document.querySelectorAll(".close")) button.onclick = () => button.closest("dialog").close("");
for (const button of document.querySelectorAll("[data-icon]")) {
  button.classList.add("round");
  button.prepend(icon(button.dataset.icon));
}
addEventListener("hashchange", () => (takeToken() ? session.begin() : route()));
addEventListener("focus", chat.draw);
wide.addEventListener("change", route);

takeToken();
$("language").value = firstLanguage();
onLanguage(tell);
speak(firstLanguage());
session.begin();
