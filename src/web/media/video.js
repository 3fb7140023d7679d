// A video in the thread. A small one is there to be played; a large one is only loaded when asked for.

import { button, icon, make, reserve, write } from "../dom.js";
import { boxOf } from "../model/files.js";
import { lengthText, numberText, sizeText, words } from "../words.js";
import { download, nameOf } from "./document.js";

/** Bytes that are loaded without being asked for. */
const SMALL = 2_000_000;

export function videoBox(attachments, file) {
  const { blobs, near } = attachments;
  const { id, bytes, seconds } = file;
  const video = make("video", { controls: true, playsInline: true, preload: "metadata", hidden: true, ariaLabel: nameOf(file) });
  const about = [seconds && lengthText(seconds), bytes && sizeText(bytes)].filter(Boolean).join(" · ");
  const note = make("span", {}, about);
  const ask = button("ask", icon("play", `${words("play")} ${nameOf(file)}`), () => load(true));
  ask.append(note);
  const box = make("div", { className: "video" }, video, ask);
  reserve(box, boxOf(file));
  let hold, isWanted;

  const leave = () => {
    hold?.leave();
    hold = undefined;
  };
  async function load(plays) {
    isWanted ||= plays;
    const mine = (hold ??= blobs.hold(id, part => isWanted && write(note, `${numberText(Math.floor(part * 100))} %`)));
    try {
      show(await mine.ready);
    } catch ({ code, message }) {
      if (hold === mine) leave();
      write(note, code === "cancelled" ? about : message);
    }
  }
  function show({ url }) {
    if (video.src !== url) video.src = url;
    ask.hidden = true;
    video.hidden = false;
    if (!isWanted) return;
    isWanted = false;
    video.focus();
    video.play().catch(() => {});
  }
  // A format this browser does not know can still be kept.
  video.onerror = () => {
    if (!video.src) return;
    box.replaceChildren(make("p", { className: "quiet" }, words("cannotPlay")), download(blobs, file));
    leave();
  };
  near.watch(box, () => {
    if (video.src || (bytes && bytes <= SMALL)) load(false);
    return leave;
  });
  return box;
}
