// Pairing a device: the code to scan, renewed until the device is paired or the user has enough.

import { $, drawing, write } from "../dom.js";
import { words } from "../words.js";

const AGAIN_MS = 3000;
/** White around the code, in modules: scanners look for it. */
const QUIET_ZONE = 4;

export async function pair(session, name) {
  const dialog = $("pair-dialog");
  $("qr").replaceChildren();
  write($("pair-note"), words("pairWaiting"));
  dialog.showModal();
  let shown = "";
  while (dialog.open) {
    const { state, qr = [], code, pairing_code, message } = await session.ask("integration.connect", { name }).catch(fault => fault);
    if (state === "connected") return write($("pair-note"), words("pairDone")), $("qr").replaceChildren();
    if (qr.length && shown !== (shown = qr.join())) $("qr").replaceChildren(codeOf(qr));
    const said = pairing_code ? words("pairCode", { code: pairing_code }) : qr.length ? "" : (code ?? words("pairWaiting"));
    write($("pair-note"), message ?? said);
    await new Promise(resolve => setTimeout(resolve, AGAIN_MS));
  }
}

/** Rows of `0` and `1` as a picture. */
export function codeOf(rows) {
  const size = rows.length + 2 * QUIET_ZONE;
  const dark = rows.flatMap((row, y) => [...row].map((bit, x) => (bit === "1" ? `M${x + QUIET_ZONE} ${y + QUIET_ZONE}h1v1h-1z` : "")));
  return drawing({ viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": "QR", "shape-rendering": "crispEdges" }, "path", { d: dark.join("") });
}
