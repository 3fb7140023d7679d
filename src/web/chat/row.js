// One message as it looks.

import { daemonText } from "../app/said.js";
import { LINK, button, card as box, icon, link, make, paragraph } from "../dom.js";
import { formatted } from "../model/markdown.js";
import { joined, partsOf, plain, seen } from "../model/parts.js";
import { spanned } from "../model/spans.js";
import { momentOf, timeOf, whenOf, words } from "../words.js";
import { authorOf, cardOf, dialectOf, wordsBeside } from "./card.js";
import { tick } from "./sidebar.js";

/** Longer texts are folded: a page of a million letters is slow and helps nobody. */
export const FOLDED = 3000;
/** Earlier texts of one message that are shown. */
const EARLIER = 20;

export function row(view, one, { own, day, follows, unfolded, poll, quoted, reactions = [], agent, failed, options, waits }) {
  const { key, sender } = one;
  const card = key ? undefined : cardOf(one, poll);
  const date = day && make("p", { className: "day" }, day);
  if (card?.isQuiet) return make("li", { className: "event" }, date, happened(one, card));
  const bubble = make("div", { className: `bubble${one.deleted_ms ? " gone" : ""}` });
  if (sender && !own && !follows) bubble.append(make("p", { className: "sender", dir: "auto", title: sender }, authorOf(one)));
  if (quoted) bubble.append(quote(view, quoted));
  if (key === "typing") bubble.append(one.text ? grown(one.text) : dots());
  else bubble.append(...contents(view, one, card, unfolded), about(one, own, agent ?? (one.meta?.guide ? words("guide") : undefined)), ...(waits ? waiting(view, one) : one.state === "scheduled" ? scheduled(view, one) : trouble(view, one)));
  if (!key) bubble.append(acts(view, one));
  const marks = reactions.length && make("p", { className: "reactions" }, ...reactions.map(mark));
  return make("li", { className: `${own ? "own" : "other"}${follows ? " follows" : ""}` }, date, bubble, marks, options && choices(view, options), failed && unanswered(view, failed));
}

/** What stands where a message cannot be shown. */
export const brokenRow = () => make("li", { className: "event" }, make("p", { className: "happened" }, words("cannotShow")));

const dots = () => make("p", { className: "dots", role: "img", ariaLabel: words("typing") }, make("i"), make("i"), make("i"));

/** Nobody's word: a line of its own. */
const happened = ({ created_ms }, { title }) => make("p", { className: "happened", dir: "auto", title: timeOf(created_ms) }, title);

/** An answer as far as it has grown; code in it may not have ended. */
const grown = text => said(text.split("```").length % 2 ? text : `${text}\n\`\`\``, "markdown");

/** What an agent offers to answer. */
const choices = ({ chat }, options) =>
  make("div", { className: "options", role: "group", ariaLabel: words("answers") }, ...options.map(({ shown, said }) => button("", shown, () => chat.composer.handOver(said, []), { dir: "auto" })));

/** Why an agent did not answer this. */
function unanswered({ chat }, { agent, error, turn_id }) {
  const told = words("unanswered", { name: agent, why: plain(daemonText(error)) || words("failed") });
  return make("p", { className: "trouble" }, make("bdi", {}, told), " ", button("plain again", words("retry"), () => chat.bar.act("retry", { turn_id })));
}

/** What can be done to a message. */
const acts = (view, one) =>
  button("round act", icon("more"), ({ target }) => view.menu.open(one, target.closest("button")), { tabIndex: -1, ariaLabel: words("acts"), title: words("acts"), ariaHasPopup: "menu" });

/** What this message answers, and the way there. */
function quote(view, { id, who, line }) {
  const made = button("quote", make("span", { className: "heard" }, words("answerTo"), " "), () => view.reveal(id), { dir: "auto", disabled: !id });
  made.append(who ? make("b", {}, who, " ") : "", make("span", {}, line));
  return made;
}

/** The files or the card, the words, and what they were before. */
function contents(view, one, card, unfolded) {
  const text = wordsBeside(one, card);
  const isFolded = text.length > FOLDED && !unfolded;
  return [
    view.attachments.sending(one) ?? view.attachments.draw(one) ?? (card && drawn(card)),
    text && said(isFolded ? text.slice(0, FOLDED) : text, dialectOf(one), one.text?.startsWith(text) && one.meta?.spans),
    isFolded && button("plain", words("showAll", { n: text.length }), () => view.unfold(one.message_id)),
    one.deleted_ms && make("p", { className: "mark" }, words("deletedByAuthor")),
    Array.isArray(one.edits) && one.edits.length && earlier(view, one),
  ].filter(Boolean);
}

/** That it was edited; opened, what it said before. */
function earlier(view, one) {
  const old = ({ text, until_ms }) => make("li", {}, make("time", {}, whenOf(until_ms)), said(String(text).slice(0, FOLDED), dialectOf(one)));
  const texts = one.edits.slice(-EARLIER).map(old);
  return make("details", { className: "earlier", ontoggle: () => view.list.measure() }, make("summary", {}, words("edited")), make("ol", {}, ...texts));
}

/** Which agent wrote it, when, and how far one's own came. */
function about({ key, error, state, created_ms }, own, agent) {
  const time = make("time", { dateTime: new Date(created_ms).toISOString() }, timeOf(created_ms));
  return make("p", { className: "about" }, agent && make("span", { className: "agent" }, agent), time, own && state !== "scheduled" && tick(key ? (error ? "failed" : "sending") : state));
}

/** It goes out with the next connection, unless it is taken back before. */
const waiting = ({ chat }, one) => [make("p", { className: "waits" }, joined([words("waitsHere"), one.at && words("goesOut", { time: momentOf(one.at) })]), " ", button("plain withdraw", words("withdraw"), () => chat.drop(one)))];

/** When it goes out, and what can be done about that. */
function scheduled({ chat }, one) {
  const another = button("plain another", words("another"), async () => (await import("../later/choose.js")).anotherTime(chat.session, one));
  const cancel = button("plain call-off", words("cancel"), () => chat.cancel(one.message_id));
  return [make("p", { className: "goes" }, icon("scheduled"), make("span", {}, words("goesOut", { time: momentOf(one.at_ms) })), another, cancel)];
}

function trouble(view, one) {
  const { key, error, state } = one;
  if (key ? !error : state !== "failed") return [];
  const again = button(`plain retry${key ? " unsent" : ""}`, words("retry"), () => view.chat.retry(one));
  // What the gateway does not take can only be given up by its author.
  const drop = key && button("plain", words("discard"), () => view.chat.drop(one));
  return [make("p", { className: "trouble" }, make("bdi", {}, daemonText(error) || words("failed")), " ", again, drop && " ", drop)];
}

/** An emoji and how many put it there. */
const mark = ({ emoji, by }) => make("span", { dir: "auto", title: by.map(authorOf).join(", ") }, emoji, by.length > 1 && ` ${by.length}`);

/** The words, formatted as their dialect or their service says; without one, only addresses and blocks of code stand out. */
function said(text, dialect, spans) {
  const parts = dialect ? formatted(text, dialect) : spans ? spanned(text, spans) : partsOf(text);
  return make("div", { className: "text", dir: "auto" }, ...parts.map(part => piece(part)));
}

const TAGS = { bold: "strong", italic: "i", strike: "s", quote: "blockquote", heading: "p" };

function piece({ kind, text, href, parts, items }) {
  if (kind === "text") return seen(text);
  if (kind === "link") return make("a", { ...LINK, href: href ?? text, title: href === text ? "" : (href ?? "") }, seen(text));
  if (kind === "mono") return make("code", {}, seen(text));
  if (kind === "code" || kind === "table") return make("pre", { className: kind, tabIndex: 0 }, seen(text));
  if (kind === "list") return make("ul", {}, ...items.map(item));
  return make(TAGS[kind], kind === "heading" ? { className: kind } : {}, ...parts.map(piece));
}

/** An entry; its number is as it was written. */
const item = ({ level, number, parts }) =>
  make("li", { className: `${number ? "numbered" : ""} level-${level}` }, number && `${number} `, ...parts.map(piece));

/** The pieces of a card, each with a direction of its own. */
function drawn(card) {
  const { kind, lines, list, numbered, pairs, link: way } = card;
  const [label, title] = card.isWhole ? [card.title, ""] : [card.label, card.title];
  const pair = ([key, value]) => [make("dt", { dir: "auto" }, key), make("dd", { dir: "auto" }, value)];
  return box(
    kind,
    label,
    title,
    ...lines.map(text => paragraph("", text)),
    list.length && make(numbered ? "ol" : "ul", {}, ...list.map(text => make("li", { dir: "auto" }, text))),
    pairs.length && make("dl", {}, ...pairs.flatMap(pair)),
    way && make("p", {}, link(way.href, way.text)),
  );
}
