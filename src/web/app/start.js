// The first minute: what is not connected yet, as cards that each end in a working channel. Their dialogs are
// loaded once one is wanted.

import { button, make } from "../dom.js";
import { botChannels, serviceOf } from "./channels.js";
import { words } from "../words.js";

export class Start {
  /** Names of the channels and whether anybody answers; undefined until the gateway has told. */
  #channels;
  #hasAgent;
  #places = [];

  /** `mine()` is the user's own conversation; `changed()` is called when a dialog was closed. */
  constructor(session, rights, { mine, changed }) {
    Object.assign(this, { session, rights, mine, changed });
  }

  /** Shows the cards in this element as well; it is hidden where there are none. */
  in(place) {
    place.classList.add("start-cards");
    this.#places.push(place);
    return place;
  }

  /** Asks what there is. */
  async load() {
    if (!this.rights.may("config.set")) return this.draw();
    const [there, agents] = await Promise.all([this.session.wish("integrations"), this.session.wish("agents")]);
    if (there) this.#channels = there.integrations.map(({ name }) => name);
    if (agents) this.#hasAgent = agents.agents.length > 0;
    this.draw();
  }

  /** What is missing. */
  get missing() {
    if (!this.#channels || !this.rights.may("config.set")) return [];
    const has = service => this.#channels.some(name => serviceOf(name) === service);
    return [
      !has("whatsapp") && !has("whatsapp-cloud") && "whatsapp",
      !has("telegram") && "telegram",
      this.#hasAgent === false && "model",
    ].filter(Boolean);
  }

  draw() {
    for (const place of this.#places) {
      const { missing } = this;
      place.hidden = !missing.length;
      if (place.parentElement.matches("section")) place.parentElement.hidden = place.hidden;
      if (place.dataset.missing === missing.join() && place.dataset.language === document.documentElement.lang) continue;
      Object.assign(place.dataset, { missing: missing.join(), language: document.documentElement.lang });
      place.replaceChildren(...missing.map(what => this.#card(what)));
    }
  }

  #card(what) {
    const [title, note] = { whatsapp: ["startWhatsapp", "startWhatsappNote"], telegram: ["startTelegram", "startTelegramNote"], model: ["letModel", "startModelNote"] }[what];
    const card = button("start-card", "", () => this.open(what), { "data-do": what });
    card.append(make("b", {}, words(title)), make("span", { className: "quiet" }, words(note)));
    return card;
  }

  /** Opens the dialog of a service; `channel` is the one to mend, else a further one. */
  async open(what, channel) {
    const { keys = [] } = (await this.session.wish("config")) ?? {};
    const settings = new Map(keys.map(row => [row.name, row]));
    const bot = async () => {
      const free = channel ?? botChannels(what).find(name => !this.#channels?.includes(name));
      return free && (await import("../connect/bot.js")).connectBot(this.session, free, settings);
    };
    const steps = await {
      whatsapp: async () => (await import("../connect/whatsapp.js")).connectWhatsapp(this.session, settings, channel && "phone"),
      "whatsapp-cloud": async () => (await import("../connect/whatsapp.js")).connectWhatsapp(this.session, settings, "cloud"),
      telegram: bot,
      discord: bot,
      model: async () => (await import("../connect/model.js")).connectModel(this.session, settings, this.mine()),
    }[what]?.();
    steps?.onClose(() => {
      this.load();
      this.changed();
    });
  }
}
