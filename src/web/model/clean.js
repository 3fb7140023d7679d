// What came from anybody, as text that can be shown.

const LONGEST = 400;
/** Characters that steer what stands around them instead of being read. */
const STEERING = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** A string, cut and cleaned; of anything else, none. */
export const clean = value => (typeof value === "string" ? value.slice(0, LONGEST).replace(STEERING, "").trim() : "");
