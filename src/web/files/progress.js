// A file on its way out, as it looks: in the tray, and in the row of the message that waits for it.

import { daemonText } from "../app/said.js";
import { button, make, write } from "../dom.js";
import { percentText, sizeText, words } from "../words.js";

/** Its name, and its size or how much of it went out. */
export function progressOf(upload, hasAgain) {
  const bar = make("progress", { max: 1, ariaLabel: `${words("sending")} ${upload.name}` });
  const note = make("span");
  const again = hasAgain && button("plain", words("retry"), () => upload.again());
  const draw = () => {
    const { state, part, error, bytes } = upload;
    const isFailed = state === "failed";
    bar.hidden = isFailed || state === "kept";
    bar.value = part;
    // Read out is that it failed, not each step of the way.
    note.ariaLive = isFailed ? "polite" : "off";
    note.className = isFailed ? "trouble" : "quiet";
    write(note, isFailed ? daemonText(error) : part > 0 && part < 1 ? percentText(part) : bytes ? sizeText(bytes) : "");
    if (again) again.hidden = !isFailed;
  };
  upload.follow(draw);
  draw();
  return make("div", { className: "progress" }, make("b", { dir: "auto" }, upload.name), note, bar, again);
}
