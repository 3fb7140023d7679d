// The card of what goes out later: messages that wait for their time, page by page, and what is sent again and
// again; and the button that pauses sending.

import { ask } from "../app/dialog.js";
import { whyOf } from "../app/said.js";
import { $, button, goTo, make } from "../dom.js";
import { anotherTime } from "../later/choose.js";
import "../later/table.js";
import { isGroup } from "../model/finding.js";
import { words } from "../words.js";
import { LOOKS } from "./looks.js";
import { askPause } from "./pausing.js";
import { drawRows } from "./rows.js";
import { askSchedule } from "./schedule.js";

/** Messages of a page. */
const PAGE = 50;

/** By list: what stands there while it is empty. */
const NONE = { scheduled: "scheduledNone", schedules: "schedulesNone" };

const heading = (card, ...more) => make("div", { className: "heading" }, make("h3", { "data-say": card }), ...more);

export class Later {
  /** Where each page that was shown begins; the last is shown. */
  #pages = [undefined];
  #next;
  /** By list, as soon as it was told. */
  #items = {};
  /** The number of the last question: only its answer counts. */
  #asked = 0;

  /** `here` has the `blobs` and `places` of this page; `channels()`: those there are. */
  constructor(session, here, channels) {
    Object.assign(this, { session, here, channels });
    const pause = button("add", "", () => askPause(session, channels()), { id: "pause-sending", "data-say": "pauseSending" });
    const add = button("", "", () => this.#askSchedule(), { id: "add-schedule", "data-say": "addSchedule" });
    const turn = (card, step) => button("", "", () => this.#turn(step), { id: card, "data-say": card, hidden: true });
    const pages = make("p", { className: "acts" }, turn("pageBefore", -1), " ", turn("pageNext", 1));
    const trouble = make("p", { role: "alert", id: "later-trouble" });
    $("later").append(trouble, heading("once"), make("ul", { id: "scheduled" }), pages, heading("repeated", add), make("ul", { id: "schedules" }));
    $("t-later").after(pause);
  }

  /** Asks for both lists. */
  load() {
    this.#loadScheduled();
    this.#loadSchedules();
  }

  async #loadScheduled() {
    const asked = ++this.#asked;
    const page = await this.session.wish("scheduled", { limit: PAGE, after: this.#pages.at(-1) });
    if (!page || asked !== this.#asked) return;
    // What was on the last page is gone meanwhile.
    if (!page.messages.length && this.#pages.length > 1) return this.#turn(-1);
    this.#next = page.next;
    this.#take("scheduled", page.messages);
    $("pageBefore").hidden = this.#pages.length < 2;
    $("pageNext").hidden = !page.next;
  }

  async #loadSchedules() {
    const answer = await this.session.wish("schedules");
    if (answer) this.#take("schedules", answer.schedules.map(({ to, ...one }) => ({ ...one, peer: to })));
  }

  /** Asks for one more, or for what is to be another in this one. */
  #askSchedule(former) {
    const { session, here: { blobs, places } } = this;
    const { timeZone: zone } = Intl.DateTimeFormat().resolvedOptions();
    askSchedule({ session, blobs, places, zone }, this.channels(), () => this.load(), former);
  }

  /** Shows the page before or after. */
  #turn(step) {
    if (step < 0) this.#pages.pop();
    else if (this.#next) this.#pages.push(this.#next);
    if (!this.#pages.length) this.#pages = [undefined];
    this.#loadScheduled();
  }

  /** Shows these, and those of groups by their names once their service has told them. */
  #take(what, items) {
    this.#items[what] = items;
    this.draw();
    const { places } = this.here;
    for (const channel of new Set(items.filter(one => isGroup(one) && !places.nameOf(one)).map(({ channel }) => channel))) places.learn(channel).then(() => this.draw());
  }

  /** Shows both lists, each conversation as it is called by now. */
  draw() {
    for (const [what, items] of Object.entries(this.#items)) this.#rows(what, items.map(one => ({ ...one, called: this.here.places.nameOf(one) })));
  }

  #rows(what, items) {
    const list = $(what);
    drawRows(list, items, LOOKS[what], (act, item) => this.#do(act, item));
    const empty = list.querySelector(":scope > .nothing");
    if (items.length) empty?.remove();
    else if (!empty) list.append(make("li", { className: "nothing" }, make("p", { className: "quiet", "data-say": NONE[what] }, words(NONE[what]))));
  }

  async #do(act, item) {
    const { channel, peer, message_id, name } = item;
    if (act === "open") return goTo({ channel, peer });
    if (act === "another") return anotherTime(this.session, item);
    if (act === "changeSchedule") return this.#askSchedule(item);
    if (act === "removeSchedule" && !(await ask({ title: words("revokeTitle", { name }), text: words("scheduleRemoveText"), act: words("settingRemove"), isGrave: true }))) return;
    const [action, payload] = {
      cancel: ["cancel", { message_id }],
      holdSchedule: ["schedule.pause", { name }],
      goOnSchedule: ["schedule.pause", { name, paused: false }],
      runNow: ["schedule.run", { name }],
      removeSchedule: ["schedule.remove", { name }],
    }[act];
    $("later-trouble").textContent = await this.session.ask(action, payload).then(() => "", whyOf);
    this.load();
  }
}
