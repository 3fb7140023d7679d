// The keys of other devices: adding one by a code to scan, renaming, revoking.

import { ask, field, select, sheet } from "../app/dialog.js";
import { daemonText, whyOf } from "../app/said.js";
import { $, button, make, write } from "../dom.js";
import { lengthText, words } from "../words.js";
import { DEVICE_ROLES, roleText } from "./looks.js";
import { codeOf } from "./pair.js";

const TICK_MS = 1000;
/** How long a code is good. Counted here: the clocks of browser and gateway may differ by more. */
const LIFE_MS = 300_000;
/** Hosts that only this machine reaches. */
const LOOPBACK = /^(localhost|127\.[\d.]+|\[::1\])$/;

export class Devices {
  /** The code that is shown: `{hear(key), dialog}`. */
  #shown;

  constructor(session, changed) {
    Object.assign(this, { session, changed });
    $("t-keys").after(button("add", "", () => this.add(), { id: "add-device", "data-say": "addDevice" }));
  }

  /** Asks what the device is for, and shows the code. */
  async add() {
    const name = make("input", { required: true, maxLength: 60 });
    const role = select(DEVICE_ROLES.map(one => [one, roleText(one)]));
    const fields = [field(words("deviceName"), name), field(words("deviceRole"), role, words("deviceRoleHint"))];
    if (await ask({ title: words("addDevice"), fields, act: words("showCode") })) this.#show({ name: name.value.trim(), role: role.value });
  }

  /** A key changed: it may be that of the device that was shown the code. */
  hear(key) {
    this.#shown?.hear(key);
  }

  async rename({ key_id, name }) {
    const input = make("input", { required: true, maxLength: 60, value: name });
    const isWanted = await ask({ title: words("rename"), fields: [field(words("deviceName"), input)], act: words("rename") });
    if (isWanted && input.value.trim() !== name) this.#do("key.rename", { key_id, name: input.value.trim() });
  }

  async revoke({ key_id, name }) {
    if (await ask({ title: words("revokeTitle", { name }), text: words("revokeText"), act: words("revoke"), isGrave: true })) this.#do("key.revoke", { key_id });
  }

  async #do(action, payload) {
    const failed = await this.session.ask(action, payload).then(() => "", whyOf);
    if (failed) sheet(words("failed"), () => {}, make("p", { role: "alert" }, failed), make("p", {}, button("", words("close"), ({ target }) => target.closest("dialog").close())));
    this.changed();
  }

  /** A code until it is used, is over, or nobody wants it any more. */
  async #show(wanted) {
    const [place, note, left] = [make("div", { className: "qr" }), make("p", { className: "where", role: "status" }), make("p", { className: "quiet left" })];
    const again = button("again main", words("newCode"), () => begin());
    const close = button("close", words("close"), () => dialog.close());
    let code, until_ms, timer;
    const end = () => {
      clearInterval(timer);
      if (code) this.session.wish("key.pair", { name: wanted.name, cancel: code });
      code = undefined;
    };
    const dialog = sheet(words("addDeviceTitle", wanted), () => (end(), (this.#shown = undefined)), make("p", {}, words("scanHint")), place, note, left, make("p", { className: "acts" }, again, " ", close));
    dialog.id = "device-dialog";
    const tick = () => {
      const seconds = Math.max(0, Math.round((until_ms - Date.now()) / 1000));
      write(left, seconds ? words("codeLeft", { time: lengthText(seconds) }) : words("codeOver"));
      if (seconds) return;
      end();
      place.replaceChildren();
      again.hidden = false;
    };
    const begin = async () => {
      end();
      again.hidden = true;
      try {
        const asked_ms = Date.now();
        const told = await this.session.ask("key.pair", wanted);
        if (!dialog.open) return this.session.wish("key.pair", { name: wanted.name, cancel: told.code });
        [code, until_ms] = [told.code, asked_ms + LIFE_MS];
        place.replaceChildren(codeOf(told.qr ?? []));
        note.replaceChildren(...whereOf(told));
        timer = setInterval(tick, TICK_MS);
        tick();
      } catch (fault) {
        write(note, whyOf(fault));
        again.hidden = false;
      }
    };
    // Codes are good once: the first new key is that of the device, whatever it called itself.
    const hear = ({ state, name }) => {
      if (state !== "active" || !code) return;
      code = undefined;
      clearInterval(timer);
      place.replaceChildren();
      write(left, "");
      write(note, words("deviceAdded", { name }));
    };
    this.#shown = { hear };
    begin();
  }
}

/** Where the code leads, as a link to copy, and why others may not get there. */
function whereOf({ url, warning }) {
  const { host, hostname } = new URL(url);
  const said = warning && (LOOPBACK.test(hostname) ? words("onlyHere") : daemonText(warning));
  const copy = button("plain copy", words("copyLink"), () => navigator.clipboard?.writeText(url).then(() => write(copy, words("copied"))));
  return [make("span", {}, words("leadsTo", { host }), " "), navigator.clipboard ? copy : "", said ? make("span", { className: "warning" }, said) : ""];
}
