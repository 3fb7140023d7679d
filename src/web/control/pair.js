// Pairing a device: the code to scan, renewed until the device is paired or the user has enough.

import { sheet } from "../app/dialog.js";
import { daemonText } from "../app/said.js";
import { button, drawing, make, write } from "../dom.js";
import { words } from "../words.js";

const AGAIN_MS = 3000;
/** White around the code, in modules: scanners look for it. */
const QUIET_ZONE = 4;

/** What the gateway says of a service that is not there. A service that answers may itself say “Not Found”. */
const AWAY = /cannot be reached|did not answer|no such host|host not found/i;

/** Whether it failed because the service is not there. */
export const isAway = fault => fault?.code === "channel_unavailable" && AWAY.test(fault.message);

/** In a dialog of its own. */
export async function pair(session, name) {
  const [hint, place, note] = [make("p", { id: "pair-hint" }, words("pairHint")), make("div", { id: "qr", className: "qr" }), make("p", { id: "pair-note", role: "status" })];
  const dialog = sheet(words("pairTitle"), () => {}, hint, place, note, make("p", { className: "acts" }, button("close", words("close"), () => dialog.close())));
  dialog.id = "pair-dialog";
  await pairInto({ session, name, hint, place, note, isOpen: () => dialog.open });
}

/** Draws the code in `place`, says in `hint` what to do with it and in `note` how it stands, for as long as `isOpen()`; true once it is paired. */
export async function pairInto({ session, name, hint, place, note, isOpen }) {
  place.replaceChildren();
  hint.hidden = true;
  write(note, words("pairWaiting"));
  let shown = "";
  while (isOpen()) {
    const answer = await session.ask("integration.connect", { name }).catch(fault => fault);
    const { state, qr = [], code, pairing_code, image, why, message } = answer;
    if (!isOpen()) return false;
    if (state === "connected") {
      write(note, words("pairDone"));
      place.replaceChildren();
      hint.hidden = true;
      return true;
    }
    if (qr.length && shown !== (shown = qr.join())) place.replaceChildren(codeOf(qr));
    const isPicture = image?.startsWith("data:image/png;base64,");
    if (isPicture && shown !== (shown = image)) place.replaceChildren(make("img", { src: image, alt: "QR" }));
    const waits = code ?? (why ? daemonText(why) : words("pairWaiting"));
    const said = pairing_code ? words("pairCode", { code: pairing_code }) : qr.length || isPicture ? "" : waits;
    hint.hidden = !place.childElementCount && !pairing_code;
    const lost = message && [daemonText(message), isAway(answer) && `${words("serviceAway")} ${words("pairAgain")}`];
    write(note, lost ? lost.filter(Boolean).join(" – ") : said);
    await new Promise(resolve => setTimeout(resolve, AGAIN_MS));
  }
  return false;
}

/** Rows of `0` and `1` as a picture. */
export function codeOf(rows) {
  const size = rows.length + 2 * QUIET_ZONE;
  const dark = rows.flatMap((row, y) => [...row].map((bit, x) => (bit === "1" ? `M${x + QUIET_ZONE} ${y + QUIET_ZONE}h1v1h-1z` : "")));
  return drawing({ viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": "QR", "shape-rendering": "crispEdges" }, "path", { d: dark.join("") });
}
