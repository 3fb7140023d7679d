// Files that were chosen to be sent: which of them a message takes, and how each looks until it is sent.

import { button, icon, make } from "../dom.js";
import { MOST_FILES, isPictureType, kindOf } from "../model/files.js";
import { sizeText, words } from "../words.js";
import { progressOf } from "./progress.js";

/** A larger picture is only named: a browser would hold all of its points. */
const PREVIEW = 30_000_000;

/** `{fit, wrong}`: those that a message takes besides so many, and in words why it does not take all. */
export function fitting(files, there, limits) {
  const most = limits?.max_media_bytes ?? Infinity;
  const fit = files.filter(({ size }) => size > 0 && size <= most).slice(0, MOST_FILES - there);
  const odd = files.find(({ size }) => !size || size > most);
  if (odd) return { fit, wrong: words(odd.size ? "fileTooLarge" : "fileEmpty", { name: odd.name, most: sizeText(most) }) };
  return { fit, wrong: fit.length < files.length ? words("filesTooMany", { n: MOST_FILES }) : "" };
}

/** One of them, and the way to take it away. */
export function chosenItem(upload, remove, preview = previewOf(upload)) {
  const cross = button("round", icon("cross"), remove, { ariaLabel: `${words("discard")} ${upload.name}` });
  return make("li", {}, preview, progressOf(upload, true), cross);
}

/** A small picture of it, or what kind of file it is. */
function previewOf({ file }) {
  if (!isPictureType(file.type) || file.size > PREVIEW) return icon(kindOf(file.type));
  const src = URL.createObjectURL(file);
  const revoke = () => URL.revokeObjectURL(src);
  return make("img", { src, alt: "", onload: revoke, onerror: revoke });
}
