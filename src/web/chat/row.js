// One message as it looks.

import { make } from "../dom.js";
import { partsOf, webAddress } from "../model/parts.js";
import { momentOf, timeOf, words, wordsOr } from "../words.js";
import { tick } from "./sidebar.js";

/** Longer texts are folded: a page of a million letters is slow and helps nobody. */
const FOLDED = 3000;

/** `around` is what the thread knows about it. */
export function row(one, around) {
  const { own, day, follows, isExpanded, answered, expand, retry, reveal } = around;
  const item = make("li", { className: `${own ? "own" : "other"}${follows ? " follows" : ""}` });
  item.dataset.key = one.message_id ?? one.key;
  if (day) item.append(make("p", { className: "day" }, day));
  const bubble = make("div", { className: "bubble" });
  item.append(bubble);
  if (one.key === "typing") {
    bubble.append(one.text ? said(one.text.slice(-FOLDED)) : make("p", { className: "dots", role: "img", "aria-label": words("typing") }, make("i"), make("i"), make("i")));
    return item;
  }
  const { text, media, sender, meta, reply_to } = one;
  if (sender && !own && !follows) bubble.append(make("p", { className: "sender", dir: "auto" }, meta?.name ?? sender));
  if (answered) bubble.append(make("button", { type: "button", className: "quote", onclick: () => reveal(reply_to) }, answered.text.slice(0, 90)));
  if (text) bubble.append(said(isExpanded ? text : text.slice(0, FOLDED)));
  if (text.length > FOLDED && !isExpanded) {
    bubble.append(make("button", { type: "button", className: "plain", onclick: expand }, words("showAll", { n: text.length })));
  }
  if (media) bubble.append(attached(media));
  bubble.append(about(one, own));
  const failed = one.state === "failed" || (one.key && one.error);
  if (failed) {
    const again = make("button", { type: "button", className: "plain retry", onclick: retry }, words("tryAgain"));
    bubble.append(make("p", { className: "trouble" }, one.error ?? words("failed"), " ", again));
  }
  return item;
}

function about(one, own) {
  const time = make("time", { dateTime: new Date(one.created_ms).toISOString(), title: momentOf(one.created_ms) }, timeOf(one.created_ms));
  const state = one.key ? (one.error ? "failed" : "sending") : one.state;
  return make("p", { className: "about" }, time, own ? tick({ state }) : "");
}

function said(text) {
  const paragraph = make("div", { className: "text", dir: "auto" });
  for (const { kind, text: words } of partsOf(text)) {
    if (kind === "link") paragraph.append(link(words, words));
    else if (kind === "code") paragraph.append(make("pre", { tabIndex: 0 }, words));
    else paragraph.append(words);
  }
  return paragraph;
}

function link(address, text) {
  return make("a", { href: address, target: "_blank", rel: "noopener noreferrer", referrerPolicy: "no-referrer" }, text);
}

/** By reference: an image of this house or in the message itself is shown, all else is a link. */
function attached({ kind, url, name }) {
  const text = name || `${wordsOr(kind, kind)}: ${url.slice(0, 60)}`;
  const isNear = /^data:image\/(png|jpeg|gif|webp);/.test(url) || url.startsWith(`${location.origin}/`);
  if (kind === "image" && isNear) return make("img", { src: url, alt: name ?? wordsOr(kind, kind), loading: "lazy" });
  return make("p", { className: "media" }, webAddress(url) ? link(url, text) : text);
}
