// Notifications on this device (Web Push): the switch, and that the gateway knows where they go.

import * as database from "../state/database.js";
import { words } from "../words.js";

/** What the worker says of a message whose words are not to be shown, by kind. */
const KINDS = ["image", "video", "audio", "voice", "document", "sticker", "location", "contact", "poll", "call"];

export class Notify {
  /** Whether this device has a subscription that the gateway knows. */
  isOn = false;
  /** What went wrong when it was switched, as words. */
  trouble = "";
  /** When and of what it is told: `{quiet: {from, until}, topics}`; what is left out is always, and everything. */
  wanted = {};
  /** The subscription of this device, as the gateway calls it. */
  id;
  #last;

  constructor(session, rights, changed) {
    Object.assign(this, { session, rights, changed });
  }

  /** The words that say why it cannot be; nothing where it can. */
  get obstacle() {
    if (!globalThis.isSecureContext) return "notifyInsecure";
    if (!this.rights.may("push.subscribe")) return "notifyNotHere";
    if (database.keepsBriefly()) return "notifyBrief";
    // Safari on iOS offers it to pages on the home screen only.
    if (!("PushManager" in globalThis)) return /iPhone|iPad/.test(navigator.userAgent) ? "notifyInstall" : "notifyBrowser";
    return Notification.permission === "denied" ? "notifyDenied" : "";
  }

  /** One after the other: what a new connection tells again must not come behind what switches it off. */
  #inTurn(act) {
    return (this.#last = Promise.resolve(this.#last).then(act, act));
  }

  /** A connection stands: tells the gateway again where it may have forgotten, and the worker its words. */
  begin() {
    return this.#inTurn(() => this.#begin());
  }

  async #begin() {
    await this.#keepWords();
    this.wanted = (await database.get("state", "push").catch(() => undefined)) ?? {};
    const subscription = this.obstacle ? undefined : await this.#existing();
    if (subscription && Notification.permission === "granted") await this.#tell(subscription).catch(() => {});
    else this.#set(false);
  }

  /** On the press of the user, since that is when a browser lets one ask. */
  async switch() {
    this.trouble = "";
    try {
      if (this.isOn) await this.turnOff();
      else if ((await Notification.requestPermission()) === "granted") await this.#inTurn(() => this.#turnOn());
    } catch ({ message }) {
      this.trouble = message;
    }
    this.changed();
  }

  async #turnOn() {
    const { public_key } = await this.session.ask("push.key");
    const registration = await navigator.serviceWorker.ready;
    const options = { userVisibleOnly: true, applicationServerKey: public_key };
    let subscription = await registration.pushManager.getSubscription();
    if (subscription && keyOf(subscription) !== public_key) {
      await subscription.unsubscribe();
      subscription = undefined;
    }
    await this.#tell(subscription ?? (await registration.pushManager.subscribe(options)));
  }

  /** Has this device told of this from now on. */
  async want(wanted) {
    this.trouble = "";
    await this.#inTurn(() => this.#keep(wanted)).catch(({ message }) => (this.trouble = message));
    this.changed();
  }

  async #keep(wanted) {
    this.wanted = wanted;
    await database.put("state", "push", wanted).catch(() => {});
    const subscription = this.isOn && (await this.#existing());
    if (subscription) await this.#tell(subscription);
  }

  turnOff() {
    return this.#inTurn(() => this.#turnOff());
  }

  async #turnOff() {
    const subscription = await this.#existing();
    this.#set(false);
    if (!subscription) return;
    await this.session.wish("push.unsubscribe", { endpoint: subscription.endpoint });
    await subscription.unsubscribe();
  }

  async #tell(subscription) {
    const { quiet, topics } = this.wanted;
    // How far the clock of this device is ahead of UTC: summer time moves it.
    const hours = quiet && { ...quiet, offset_minutes: -new Date().getTimezoneOffset() };
    const told = await this.session.ask("push.subscribe", { ...subscription.toJSON(), language: document.documentElement.lang, topics, quiet: hours });
    this.id = told.subscription?.id;
    this.#set(true);
  }

  /** That somebody reads here matters to the gateway only where it would push. */
  #set(isOn) {
    if (this.isOn === isOn) return;
    this.isOn = isOn;
    this.changed();
  }

  async #existing() {
    const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
    return registration?.pushManager?.getSubscription();
  }

  #keepWords() {
    const kinds = Object.fromEntries(KINDS.map(kind => [kind, words(kind)]));
    return database.put("state", "words", { kinds, message: words("notifyMessage") }).catch(() => {});
  }
}

/** The key of the gateway that a subscription was made with, as `push.key` spells it. */
function keyOf({ options }) {
  const bytes = options?.applicationServerKey;
  if (!bytes) return "";
  return btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** Takes away what was shown of a conversation that is being read. */
export async function hush({ channel, peer }) {
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  const shown = (await registration?.getNotifications?.({ tag: `${channel}/${peer}` })) ?? [];
  for (const notification of shown) notification.close();
}
