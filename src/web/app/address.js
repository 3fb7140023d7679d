// The address: what it shows, what it brings along once, and the way back.

/** The parts behind `#`; nonsense is no part. */
export function parts() {
  try {
    return location.hash.slice(1).split("/").map(decodeURIComponent);
  } catch {
    return [];
  }
}

/**
 * What the address brought, as `{token}` or `{pair, name}`, taken out of it: there it would stay in the
 * history and in screenshots.
 */
export function brought() {
  const found = broughtBy(location.hash);
  if (found.token || found.pair !== undefined) history.replaceState(null, "", location.pathname + location.search);
  return found;
}

/** The same of a text, such as a link that somebody pasted. */
export function broughtBy(text) {
  // A plus sign in a fragment is a plus sign, not a blank.
  const values = new URLSearchParams(text.slice(text.indexOf("#") + 1).replaceAll("+", "%2B"));
  const [token, pair, name] = ["token", "pair", "name"].map(key => values.get(key) ?? undefined);
  return { token, pair, name };
}

const isThread = hash => /^#chat\/[^/]+\/[^/]/.test(hash);
let before = location.hash;

/**
 * On a small screen the list and a thread are two screens, and the way back from a thread is the list: it
 * is put below a thread that was opened by an address, and a thread above it is marked.
 */
export function layList() {
  if (!isThread(location.hash) || history.state?.isAboveList) return;
  const here = location.hash;
  history.replaceState(null, "", "#chat");
  history.pushState({ isAboveList: true }, "", here);
}

/** The address changed: notes what this thread was opened from. */
export function moved() {
  if (isThread(location.hash) && !history.state && !isThread(before) && !before.startsWith("#control")) history.replaceState({ isAboveList: true }, "");
  before = location.hash;
}

/** From a thread to the list, as the system's own back button does where that leads there. */
export function backToList() {
  if (history.state?.isAboveList) history.back();
  else location.replace("#chat");
}
