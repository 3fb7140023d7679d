// Adding this device: the code that another one showed is exchanged for a key of its own.

import { $, write } from "../dom.js";
import { words } from "../words.js";
import { broughtBy } from "./address.js";

/** Where the gateway does not say how long to wait. */
const WAIT_S = 60;

/** By what they call themselves; the first that fits. */
const SYSTEMS = [[/iPhone/, "iPhone"], [/iPad/, "iPad"], [/Android/, "Android"], [/CrOS/, "ChromeOS"], [/Windows/, "Windows"], [/Mac OS X/, "Mac"], [/Linux/, "Linux"]];
const BROWSERS = [[/Edg/, "Edge"], [/OPR|Opera/, "Opera"], [/SamsungBrowser/, "Samsung Internet"], [/Firefox|FxiOS/, "Firefox"], [/Chrome|CriOS|Chromium/, "Chrome"], [/Safari/, "Safari"]];

/** What to call this device, such as `Android, Chrome`. */
export function deviceName(agent = navigator.userAgent) {
  const named = list => list.find(([sign]) => sign.test(agent))?.[1];
  return [named(SYSTEMS), named(BROWSERS)].filter(Boolean).join(", ") || "Web";
}

export class Pairing {
  /** From the address; a code that the user types stands in its field. */
  #code;
  #reason;

  /** `on.paired(token)` and `on.given()`: the user would rather not. */
  constructor(identity, on) {
    Object.assign(this, { identity, on });
    $("join-form").onsubmit = event => this.#exchange(event);
    $("join-end").onclick = () => this.#end();
  }

  get isOpen() {
    return !$("join").hidden;
  }

  /** Shows the page; without a code it asks for one. */
  begin(code = "", name = "") {
    [this.#code, this.#reason] = [code, ""];
    $("join-name").value = name || deviceName();
    $("join-code").value = "";
    $("join").hidden = false;
    this.draw();
    (this.#code ? $("join-name") : $("join-code")).focus();
  }

  /** In the language of now. */
  draw() {
    write($("join-host"), location.host);
    const { key, token } = this.identity.told;
    $("join-replaces").hidden = !token;
    write($("join-replaces"), words("joinReplaces", { name: key?.name ?? words("ownersToken") }));
    $("join-code-field").hidden = Boolean(this.#code);
    $("join-code").required = !this.#code;
    write($("join-reason"), this.#reason && words(this.#reason.key, this.#reason));
    $("join-help").hidden = !this.#reason?.isOver;
    write($("join-end"), words(token ? "joinStay" : "joinByToken"));
  }

  close() {
    $("join").hidden = true;
  }

  #end() {
    this.close();
    this.on.given();
  }

  async #exchange(event) {
    event.preventDefault();
    const typed = $("join-code").value.trim();
    const code = this.#code || broughtBy(typed).pair || typed;
    $("join-go").ariaDisabled = true;
    this.#tell({ key: "connecting" });
    const answer = await exchange(code, $("join-name").value.trim());
    $("join-go").ariaDisabled = false;
    if (!answer.token) return this.#tell(answer);
    this.#code = "";
    this.close();
    this.on.paired(answer.token);
  }

  /** A code that is over is asked for anew. */
  #tell(reason) {
    this.#reason = reason;
    if (reason.isOver) this.#code = "";
    this.draw();
    if (reason.isOver) $("join-code").focus();
  }
}

/** The token; otherwise the words that say why there is none, and whether the code is over. */
async function exchange(code, name) {
  try {
    const body = JSON.stringify({ code, name: name || undefined });
    const answer = await fetch("pair", { method: "POST", body, headers: { "Content-Type": "application/json" } });
    if (answer.ok) return await answer.json();
    if (answer.status === 404) return { key: "joinWrong", isOver: true };
    if (answer.status === 429) return { key: "tokenLimited", seconds: answer.headers.get("Retry-After") ?? WAIT_S };
    const { message = answer.statusText } = await answer.json();
    return { key: message };
  } catch {
    return { key: "joinUnreached" };
  }
}
