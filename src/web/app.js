// The page: which part of it is shown, and how the connection is.

import { Chat } from "./chat/chat.js";
import { Control } from "./control/control.js";
import { element, write } from "./dom.js";
import { Session, takeTokenFromAddress } from "./session.js";
import { firstLanguage, onLanguage, speak, words } from "./words.js";

const TOPICS = ["message.*", "integration.state"];
const MORE_TOPICS = ["typing", "conversation.read"];

let state = "connecting";
let detail = {};

const session = new Session({
  onState(name, more = {}) {
    [state, detail] = [name, more];
    tell();
    if (name === "token") element("token").focus();
  },
  onOpen(isFresh) {
    session.ask("subscribe", { topics: MORE_TOPICS }).catch(() => {});
    chat.start(isFresh);
    control.start();
  },
  onEvent(name, payload) {
    if (name === "shutdown") write(element("banner").firstElementChild, words("stopping"));
    chat.hear(name, payload);
    control.hear(name, payload);
  },
});

const chat = new Chat(session);
const control = new Control(session);

/** Says how the connection is. */
function tell() {
  document.body.dataset.state = state;
  const seconds = Math.ceil(detail.wait / 1000);
  const shown = { token: "connect", waiting: "waiting", connecting: "connecting", open: "connected" }[state];
  element("link").setAttribute("aria-label", words(shown, { seconds }));
  element("link").title = words(shown, { seconds });
  element("banner").hidden = state !== "waiting";
  if (state === "waiting") write(element("banner").firstElementChild, words("waiting", { seconds }));
  const why = { none: "tokenNone", refused: "tokenRefused", limited: "tokenLimited" }[detail.why];
  if (why) write(element("token-reason"), words(why, { seconds: detail.seconds, reason: detail.reason ?? "" }));
  route();
}

/** Shows what the address names. */
function route() {
  const [part, channel, peer] = location.hash.slice(1).split("/").map(decodeURIComponent);
  const needsToken = state === "token";
  const isControl = part === "control";
  element("login").hidden = !needsToken;
  element("chat").hidden = needsToken || isControl;
  element("control").hidden = needsToken || !isControl;
  element("nav-chat").ariaCurrent = isControl ? null : "page";
  element("nav-control").ariaCurrent = isControl ? "page" : null;
  control.show(!needsToken && isControl);
  if (isControl) return;
  const isWide = matchMedia("(min-width: 720px)").matches;
  const place = peer ? { channel, peer } : isWide ? chat.mine : null;
  document.body.classList.toggle("in-thread", Boolean(peer));
  if (JSON.stringify(place) !== JSON.stringify(chat.open)) chat.show(place);
  chat.draw();
}

function signIn(event) {
  event.preventDefault();
  sessionStorage.setItem("token", element("token").value.trim());
  element("token").value = "";
  session.begin();
}

element("login").addEventListener("submit", signIn);
element("retry-now").addEventListener("click", () => session.hurry());
element("language").addEventListener("change", ({ target }) => {
  localStorage.setItem("language", target.value);
  speak(target.value);
});
for (const button of document.querySelectorAll("dialog .close")) {
  button.addEventListener("click", () => button.closest("dialog").close(""));
}
for (const button of document.querySelectorAll("dialog .main")) button.value = "open";
addEventListener("hashchange", () => (takeTokenFromAddress() ? session.begin() : route()));
document.addEventListener("visibilitychange", () => chat.draw());
addEventListener("focus", () => chat.draw());
matchMedia("(min-width: 720px)").addEventListener("change", route);

onLanguage(tell);
element("language").value = firstLanguage();
speak(firstLanguage());
takeTokenFromAddress();
session.follow(TOPICS);
session.begin();
