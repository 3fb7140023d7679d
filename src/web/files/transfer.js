// One request for bytes, with the token, told how far it came. Not `fetch`: that cannot tell how much of
// a body has gone out.

import { words } from "../words.js";

/** Says the token of now; the page sets it (app.js). */
let token = () => "";
export const showToken = read => (token = read);

/**
 * The promise of an answer's body. `part(n)` hears from 0 to 1 how much went out, or came in where nothing
 * goes out; a rejection is `{code, message}`, `cancelled` after `signal`.
 */
export function transfer(path, { method = "GET", body, headers = {}, signal, part } = {}) {
  const request = new XMLHttpRequest();
  // Where this page came from, so that it works below a path.
  request.open(method, new URL(path, location.href.split("#")[0]));
  request.responseType = "blob";
  for (const [name, value] of Object.entries({ Authorization: `Bearer ${token()}`, ...headers })) request.setRequestHeader(name, value);
  (body ? request.upload : request).onprogress = ({ loaded, total }) => total && part?.(Math.min(loaded / total, 1));
  return new Promise((resolve, reject) => {
    request.onload = async () => (request.status < 300 ? resolve(request.response) : reject(await refusal(request)));
    request.onerror = () => reject({ code: "disconnected", message: words("transferLost") });
    request.onabort = () => reject({ code: "cancelled", message: words("cancelled") });
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

/** What the gateway says; a proxy in between says it in another way. */
async function refusal({ response, status }) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return { code: status, message: `${status} ${text.slice(0, 100)}` };
  }
}
