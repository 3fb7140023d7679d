// A file as a card: what it is, its name, type and size, and what can be done to have it.

import { daemonText, whyOf } from "../app/said.js";
import { button, card, icon, link, make, paragraph, write } from "../dom.js";
import { openAddress } from "../model/files.js";
import { joined } from "../model/parts.js";
import { percentText, sizeText, words } from "../words.js";
import { save } from "./blobs.js";

/** What a file is called on the page. */
export const nameOf = ({ kind, name, about }) => joined([words(kind), name || about], ": ");

/** No path, and never no name. */
const savedName = ({ kind, name, mime }) => name.replace(/[/\\]/g, "_") || `${kind}.${/\/([a-z0-9]{2,4})$/.exec(mime.split(";")[0])?.[1] ?? "bin"}`;

/** Hands a file to the user. */
export async function handOver(blobs, file) {
  const { ready, leave } = blobs.hold(file.id);
  await ready.then(({ blob }) => save(blob, savedName(file))).finally(leave);
}

/** With `blobs` it can be downloaded; `more` goes below. */
export function fileCard(file, blobs, ...more) {
  const { kind, mime, bytes } = file;
  const name = file.name || file.about;
  const href = openAddress(file);
  const label = href && !name ? link(href, `${words(kind)}: ${href.slice(0, 60)}`) : words(kind);
  const facts = joined([mime, bytes && sizeText(bytes)]);
  return card(kind, label, href && name ? link(href, name) : name, facts && paragraph("quiet", facts), blobs && download(blobs, file), ...more);
}

/** A button that hands the file to the user; a second press stops it. */
export function download(blobs, file, className = "plain") {
  let hold;
  const note = make("span", {}, words("download"));
  const act = button(`download ${className}`, icon("keep"), () => (hold ? done() : begin()), { title: file.name });
  const done = (text = words("download")) => {
    hold?.leave();
    hold = undefined;
    write(note, text);
  };
  const begin = async () => {
    hold = blobs.hold(file.id, part => write(note, words("downloading", { part: percentText(part) })));
    try {
      save((await hold.ready).blob, savedName(file));
      done();
    } catch (fault) {
      if (fault.code !== "cancelled") done(`${words("retry")} (${whyOf(fault)})`);
    }
  };
  act.append(note);
  return act;
}

/** A file that the gateway does not have, or not yet. */
export function absentFile(chat, message, { state, error, ...file }) {
  const note = make("p", { role: "status", dir: "auto" });
  const act = button("plain fetch", words("fetchFile"), async () => {
    // Not hidden: it has the focus. What becomes of the file an event tells.
    write(act, words("fetching"));
    const asked = chat.session.ask("media.fetch", { message_id: message.message_id });
    const why = await asked.then(({ fetching }) => !fetching && words("nothing"), whyOf);
    if (why) fail(why);
    chat.view.list.measure();
  });
  const fail = why => {
    note.className = "trouble";
    write(note, words("fetchFailed", { why }));
    write(act, words("fetchAgain"));
  };
  if (state === "failed") fail(daemonText(error) || "—");
  if (state === "fetching") write(note, words("fetching"));
  return fileCard(file, undefined, note, (state === "failed" || state === "absent") && act);
}
