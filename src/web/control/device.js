// This device: as whom it is here, its notifications, installing the page, and going out.

import { ask } from "../app/dialog.js";
import { daemonText } from "../app/said.js";
import { $, button, make, paragraph } from "../dom.js";
import { onLanguage, words } from "../words.js";
import { roleText } from "./looks.js";
import { choose, wantedText } from "./push.js";

export class Device {
  /**
   * `here`: `identity`, `notify`, `install`, and `unsent()`, how many messages would be lost by going out;
   * `channels()` names those of the gateway.
   */
  constructor(here, channels) {
    Object.assign(this, { here, channels });
    onLanguage(() => this.draw());
  }

  draw() {
    const { notify, install } = this.here;
    const rows = [this.#who(), this.#notices(notify), notify.isOn && this.#when(notify), install.canInstall && this.#row(words("installApp"), words("installHint"), button("", words("install"), () => install.install(), { "data-do": "install" }))];
    const list = make("ul", {}, ...rows.filter(Boolean));
    // What is pressed right now would not be there when it is released.
    if ($("device").firstElementChild?.isEqualNode(list)) return;
    const focused = document.activeElement?.dataset?.do;
    $("device").replaceChildren(list);
    if (focused) $("device").querySelector(`[data-do=${focused}]`)?.focus();
  }

  #row(title, note, ...acts) {
    return make("li", {}, make("div", {}, make("b", { dir: "auto" }, title), paragraph("quiet", note)), make("span", {}, ...acts));
  }

  #who() {
    const { key, role } = this.here.identity.told;
    const leave = button("", words("logOut"), () => this.#leave(), { "data-do": "leave" });
    return this.#row(key?.name ?? words("ownersToken"), `${roleText(role ?? "owner")} · ${location.host}`, leave);
  }

  #notices(notify) {
    const { obstacle, isOn, trouble } = notify;
    const change = button("switch", "", () => notify.switch(), { role: "switch", ariaChecked: isOn, "data-do": "notify", ariaLabel: words("notify"), disabled: Boolean(obstacle) });
    return this.#row(words("notify"), daemonText(trouble) || words(obstacle || (isOn ? "notifyOn" : "notifyOff")), change);
  }

  /** When and of what it is told. */
  #when(notify) {
    return this.#row(words("pushChoose"), wantedText(notify.wanted), button("", words("settingChange"), () => choose(notify, this.channels()), { "data-do": "choose-push" }));
  }

  async #leave() {
    const { identity, notify, unsent } = this.here;
    const n = unsent();
    const text = [words("logOutText"), n && words("unsentGoes", { n })].filter(Boolean).join(" ");
    if (!(await ask({ title: words("logOut"), text, act: words("logOut"), isGrave: true }))) return;
    await notify.turnOff().catch(() => {});
    identity.leave("loggedOut");
  }
}
