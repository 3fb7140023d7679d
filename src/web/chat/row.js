// One message as it looks.

import { button, make } from "../dom.js";
import { partsOf, webAddress } from "../model/parts.js";
import { timeOf, words } from "../words.js";
import { tick } from "./sidebar.js";

/** Longer texts are folded: a page of a million letters is slow and helps nobody. */
export const FOLDED = 3000;

export function row(view, one, { own, day, follows, unfolded }) {
  const { key, message_id, text = "", media, sender, meta, state, error, created_ms } = one;
  const bubble = make("div", { className: "bubble" });
  if (sender && !own && !follows) bubble.append(make("p", { className: "sender", dir: "auto" }, meta?.name ?? sender));
  if (key === "typing") bubble.append(text ? said(text.slice(-FOLDED)) : dots());
  else {
    if (text) bubble.append(said(unfolded ? text : text.slice(0, FOLDED)));
    if (text.length > FOLDED && !unfolded) bubble.append(button("plain", words("showAll", { n: text.length }), () => view.unfold(message_id)));
    if (media) bubble.append(attached(media));
    const far = key ? (error ? "failed" : "sending") : state;
    const time = make("time", { dateTime: new Date(created_ms).toISOString() }, timeOf(created_ms));
    bubble.append(make("p", { className: "about" }, time, own && tick(far)));
    if (far === "failed") {
      const again = button("plain retry", words("tryAgain"), () => view.chat.retry(one));
      bubble.append(make("p", { className: "trouble" }, error ?? words("failed"), " ", again));
    }
  }
  const className = `${own ? "own" : "other"}${follows ? " follows" : ""}`;
  return make("li", { className }, day && make("p", { className: "day" }, day), bubble);
}

const dots = () => make("p", { className: "dots", role: "img", ariaLabel: words("typing") }, make("i"), make("i"), make("i"));

function said(text) {
  const parts = partsOf(text).map(({ kind, text }) => {
    if (kind === "link") return link(text, text);
    return kind === "code" ? make("pre", { tabIndex: 0 }, text) : text;
  });
  return make("div", { className: "text", dir: "auto" }, ...parts);
}

const link = (href, text) => make("a", { href, target: "_blank", rel: "noopener noreferrer" }, text);

/** By reference: an image of this house or in the address itself is shown, all else is a link. */
function attached({ kind, url, name }) {
  const isNear = url.startsWith(`${location.origin}/`) || /^data:image\/(png|jpeg|gif|webp);/.test(url);
  if (kind === "image" && isNear) return make("img", { src: url, alt: name ?? words(kind) });
  const text = name || `${words(kind)}: ${url.slice(0, 60)}`;
  return make("p", { className: "media" }, webAddress(url) ? link(url, text) : text);
}
