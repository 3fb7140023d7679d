// One request for bytes, with the token, told how far it came. Not `fetch`: that cannot tell how much of
// a body has gone out.

import { words } from "../words.js";

/**
 * The promise of an answer's body as a `Blob`. `part(n)` hears from 0 to 1 how much went out, or came in
 * where nothing goes out; a rejection is `{code, message}`, `code: "cancelled"` after `signal`.
 */
export function transfer(path, { method = "GET", body, headers = {}, signal, part } = {}) {
  const request = new XMLHttpRequest();
  // Where this page came from, so that it works below a path.
  request.open(method, new URL(path, location.href.split("#")[0]));
  request.responseType = "blob";
  for (const [name, value] of Object.entries({ Authorization: `Bearer ${sessionStorage.token}`, ...headers })) request.setRequestHeader(name, value);
  (body ? request.upload : request).onprogress = ({ loaded, total }) => total && part?.(Math.min(loaded / total, 1));
  return new Promise((resolve, reject) => {
    request.onload = async () => (request.status < 300 ? resolve(request.response) : reject(await refusal(request)));
    request.onerror = () => reject({ code: "disconnected", message: words("transferLost") });
    request.onabort = () => reject({ code: "cancelled", message: words("cancelled") });
    if (signal?.aborted) return request.onabort();
    signal?.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

/** What the gateway says to it; a proxy in between may say it in another way. */
async function refusal({ response, status }) {
  try {
    const { code, message } = JSON.parse(await response.text());
    return { code, message: String(message) };
  } catch {
    return { code: status, message: words("transferRefused", { status }) };
  }
}
