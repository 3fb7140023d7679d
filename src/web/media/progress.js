// A file on its way out, as it looks: in the tray, and in the row of the message that waits for it.

import { make, write } from "../dom.js";
import { numberText, sizeText, words } from "../words.js";

/** Its name, how large it is, and how much of it went out, kept up to date. */
export function progressOf(upload, again) {
  const bar = make("progress", { max: 1, ariaLabel: `${words("uploading")} ${upload.name}` });
  const note = make("span", { className: "quiet", role: "status" });
  const draw = () => {
    const { state, part, error, bytes } = upload;
    bar.hidden = state === "kept" || state === "failed";
    bar.value = part;
    note.className = state === "failed" ? "trouble" : "quiet";
    const isMoving = state === "running" && part > 0 && part < 1;
    write(note, state === "failed" ? error : isMoving ? `${numberText(Math.floor(part * 100))} %` : sizeText(bytes));
    if (again) again.hidden = state !== "failed";
  };
  upload.follow(draw);
  draw();
  return make("div", {}, make("b", { dir: "auto" }, upload.name), note, bar);
}
