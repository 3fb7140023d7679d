// Sounds and videos in the thread: a large one is only loaded when asked for, and one plays at a time.

import { whyOf } from "../app/said.js";
import { button, icon, make, paragraph, reserve, write } from "../dom.js";
import { boxOf } from "../model/files.js";
import { joined } from "../model/parts.js";
import { lengthText, percentText, sizeText, words } from "../words.js";
import { fileCard, nameOf } from "./document.js";

/** Bytes that are loaded without being asked for. */
const SMALL = 2_000_000;
let playing;

export function player({ blobs, near }, file) {
  const { shape, id, bytes, seconds } = file;
  const media = make(shape === "video" ? "video" : "audio", { controls: true, playsInline: true, hidden: true, ariaLabel: nameOf(file) });
  const about = joined([seconds && lengthText(seconds), bytes && sizeText(bytes)]);
  const note = make("span", {}, about);
  const ask = button("ask", icon("play"), () => load(true), { ariaLabel: `${words("play")} ${nameOf(file)} ${about}` });
  ask.append(note);
  const box = make("div", { className: `clip ${shape}` }, media, ask);
  if (shape === "video") reserve(box, boxOf(file));
  let hold, isWanted;

  const leave = () => {
    hold?.leave();
    hold = undefined;
  };
  async function load(plays) {
    isWanted ||= plays;
    const mine = (hold ??= blobs.hold(id, part => isWanted && write(note, percentText(part))));
    try {
      show(await mine.ready);
    } catch (fault) {
      if (hold === mine) leave();
      write(note, fault.code === "cancelled" ? about : whyOf(fault));
    }
  }
  function show({ url }) {
    if (media.src !== url) media.src = url;
    ask.hidden = true;
    media.hidden = false;
    if (!isWanted) return;
    isWanted = false;
    media.focus();
    media.play().catch(() => {});
  }
  media.onplay = () => {
    if (playing !== media) playing?.pause();
    playing = media;
  };
  media.onerror = () => {
    box.className = "";
    box.removeAttribute("style");
    box.replaceChildren(fileCard(file, blobs, paragraph("quiet", words("cannotPlay"))));
  };
  near.watch(box, () => {
    if (media.src || bytes <= SMALL) load(false);
    return leave;
  });
  return box;
}
