// Who one is: the token, and what the gateway told of its key. All tabs of the browser share it, unless it was
// not to stay: then it is this tab's alone and ends with it. Whatever else the page keeps belongs to it, and
// goes with it.

import * as database from "./database.js";
import { onTold, tell } from "./tabs.js";

/** What of `localStorage` outlives the one who set it. */
const OUTLIVES = ["language"];
/** Where a tab keeps one that is not to stay. */
const BRIEF = "identity";

export class Identity {
  /** `{token, role, key, actions, events, next}`, as far as they are known. */
  #kept = {};
  /** A token that the gateway has not taken yet: until it does, what is kept belongs to the former. */
  #tried;
  #stays = true;
  #hear;
  /** Why there is no token, where one went. */
  why;

  async load() {
    const brief = sessionStorage.getItem(BRIEF);
    database.keepBriefly(Boolean(brief));
    this.#kept = brief ? JSON.parse(brief) : (await database.get("state", "identity").catch(() => undefined)) ?? {};
  }

  /** Calls `hear(why, isHere)` when this tab or another came in as somebody else, or (with why) went out. */
  onChange(hear) {
    this.#hear = hear;
    onTold("identity", async why => {
      this.#tried = undefined;
      // This tab may have kept something just now.
      if (why) await wipe();
      await this.load();
      this.why = why;
      hear(why);
    });
  }

  get token() {
    return this.#tried ?? this.#kept.token;
  }

  /** Whether what is kept is of the one who would come in now. */
  get isKnown() {
    return Boolean(this.#kept.token && this.token === this.#kept.token);
  }

  /** The role, the key, and what `describe` lists for it. */
  get told() {
    return this.isKnown ? this.#kept : {};
  }

  /** Comes in with this token next, for longer than the tab is open where it `stays`. */
  try(token, stays = true) {
    this.#tried = token;
    this.#stays = stays;
    this.why = undefined;
  }

  /** The gateway took the token: `told` is what it said. Of somebody else nothing stays. */
  async take(told) {
    const { token } = this;
    const isOther = this.#kept.token !== token;
    if (isOther && this.#kept.token) await wipe();
    if (isOther) database.keepBriefly(!this.#stays);
    this.#kept = { ...(isOther ? {} : this.#kept), ...told, token };
    this.#tried = undefined;
    const stored = this.#keep();
    // What the page does next waits for it only where others read it.
    if (!isOther) return;
    await stored;
    tell("identity", undefined);
    this.#hear?.(undefined, true);
  }

  /** The owner's token is about to be this one: where the present one is refused, this tab and every other goes on with it. */
  async expect(token) {
    if (!this.isKnown || this.#kept.key) return;
    this.#kept = { ...this.#kept, next: token };
    await this.#keep();
  }

  async #keep() {
    if (database.keepsBriefly()) sessionStorage.setItem(BRIEF, JSON.stringify(this.#kept));
    else await database.put("state", "identity", this.#kept).catch(() => {});
  }

  /** The gateway refused the token: `again` where there is another one to come in by, `gone` where it had taken it before, so that all that was kept went with it. */
  async refused(why) {
    const { token, isKnown } = this;
    const expected = this.#kept.next;
    this.#tried = undefined;
    if (!isKnown) return "unknown";
    // Another tab may have been first.
    await this.load();
    const { next = expected, ...kept } = this.#kept;
    if (kept.token === token && next && next !== token) {
      this.#kept = { ...kept, token: next };
      await this.#keep();
    }
    if (this.isKnown && this.token !== token) return "again";
    await this.leave(why);
    return "gone";
  }

  /** Removes the token and everything that was kept with it, in all tabs. */
  async leave(why) {
    this.#kept = {};
    this.why = why;
    await wipe();
    tell("identity", why);
    this.#hear?.(why, true);
  }
}

/** Nothing of what was said or written stays readable in this browser. */
async function wipe() {
  if (database.keepsBriefly()) {
    sessionStorage.clear();
    return database.empty();
  }
  for (const name of Object.keys(localStorage)) if (!OUTLIVES.includes(name)) localStorage.removeItem(name);
  sessionStorage.clear();
  await database.empty().catch(() => {});
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  const shown = (await registration?.getNotifications?.()) ?? [];
  for (const notification of shown) notification.close();
  await registration?.pushManager?.getSubscription().then(subscription => subscription?.unsubscribe()).catch(() => {});
}
