// A file as a card: what it is, its name, type and size, and what can be done to have it.

import { button, icon, make, write } from "../dom.js";
import { openAddress } from "../model/files.js";
import { numberText, sizeText, words } from "../words.js";
import { save } from "./blobs.js";

/** What a file is called on the page. */
export const nameOf = ({ kind, name, about }) => [words(kind), name || about].filter(Boolean).join(": ");

/** What it is called where it is kept; no path, and never without a name. */
const savedName = ({ kind, name, mime }) => name.replace(/[/\\]/g, "_") || `${kind}${extensionOf(mime)}`;

function extensionOf(mime) {
  const [, sub = ""] = mime.split(/[/;]/);
  return { jpeg: ".jpg", plain: ".txt", mpeg: ".mp3" }[sub] ?? (/^[a-z0-9]{2,4}$/.test(sub) ? `.${sub}` : "");
}

/** The pieces of a card; `blobs` where the file can be downloaded, `lines` and `acts` to add. */
export function fileCard(file, { blobs, lines = [], acts = [] }) {
  const { kind, mime, bytes } = file;
  const name = file.name || file.about;
  const href = openAddress(file);
  const link = text => make("a", { href, target: "_blank", rel: "noopener noreferrer" }, text);
  const label = href && !name ? link(`${words(kind)}: ${href.slice(0, 60)}`) : words(kind);
  const facts = [mime, bytes && sizeText(bytes)].filter(Boolean).join(" · ");
  return make(
    "div",
    { className: `card ${kind}` },
    make("p", { className: "label", dir: "auto" }, icon(kind), label),
    name && make("p", { className: "title", dir: "auto" }, href ? link(name) : name),
    facts && make("p", { className: "quiet", dir: "auto" }, facts),
    ...lines,
    blobs && download(blobs, file),
    ...acts,
  );
}

/** A button that hands the file to the user, tells how much came, and by a second press stops. */
export function download(blobs, file, className = "plain") {
  let hold;
  const say = text => write(act.lastChild, text);
  const done = text => {
    hold?.leave();
    hold = undefined;
    act.classList.remove("busy");
    say(text);
  };
  const begin = async () => {
    act.classList.add("busy");
    hold = blobs.hold(file.id, part => say(words("downloading", { n: numberText(Math.floor(part * 100)) })));
    try {
      const { blob } = await hold.ready;
      save(blob, savedName(file));
      done(words("download"));
    } catch ({ code, message }) {
      done(code === "cancelled" ? words("download") : `${words("tryAgain")} (${message})`);
    }
  };
  const act = button(`download ${className}`, icon("keep"), () => (hold ? done(words("download")) : begin()));
  act.append(make("span", {}, words("download")));
  act.title = file.name;
  return act;
}

/** A file that the gateway does not have: it is on its way, could not be had, or nobody asked for it. */
export function absentFile(attachments, message, file) {
  const { state, error } = file;
  const note = make("p", { className: "quiet", role: "status", dir: "auto" });
  const act = button("plain", words(state === "failed" ? "fetchAgain" : "fetchFile"), async () => {
    act.hidden = true;
    note.className = "quiet";
    write(note, words("fetching"));
    try {
      await attachments.fetch(message);
    } catch (refused) {
      act.hidden = false;
      note.className = "trouble";
      write(note, refused.message);
    }
    attachments.chat.view.list.measure();
  });
  act.hidden = state === "fetching" || state === "named";
  if (state === "fetching") write(note, words("fetching"));
  if (state === "failed") {
    note.className = "trouble";
    write(note, words("fetchFailed", { why: error || "—" }));
  }
  const card = fileCard(file, { lines: [note], acts: [act] });
  card.classList.add(state);
  return card;
}
