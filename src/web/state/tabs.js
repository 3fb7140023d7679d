// What the tabs of one browser tell each other, and work that one of them does at a time.

import { BASE, keepsBriefly } from "./database.js";

const channel = new BroadcastChannel(`cleudocodebot${BASE}`);
const hearers = new Map();
// Who is here only as long as the tab has nothing in common with the others.
channel.onmessage = ({ data: { what, told } }) => keepsBriefly() || hearers.get(what)?.(told);

/** Tells the other tabs. */
export const tell = (what, told) => keepsBriefly() || channel.postMessage({ what, told });

/** Calls `hear` with what another tab told. */
export const onTold = (what, hear) => hearers.set(what, hear);

/** Runs `work` while no other tab runs any of this name. Over plain http a browser has no locks: then it only runs. */
export const alone = (name, work) => (navigator.locks ? navigator.locks.request(`${name}${BASE}`, work) : work());
