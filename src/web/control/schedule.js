// The dialog that adds what is sent again and again.

import { channelTitle } from "../app/channels.js";
import { field, fill } from "../app/dialog.js";
import { make } from "../dom.js";
import { Attached } from "../later/attached.js";
import { words } from "../words.js";

const LONGEST_NAME = 64;

/** By how it repeats: the field that says more, and what of it the gateway is asked. */
const WAYS = {
  eachDay: ["time", value => ({ cron: `${minuteAndHour(value)} * * *` })],
  workDays: ["time", value => ({ cron: `${minuteAndHour(value)} * * mon-fri` })],
  eachSpan: ["span", value => ({ every: value.trim() })],
  byCron: ["cron", value => ({ cron: value.trim() })],
};

/** Of `08:30`, as a cron expression begins. */
export const minuteAndHour = time => time.split(":").slice(0, 2).reverse().map(Number).join(" ");

/** What `schedule.add` takes, from what was filled in. Times are meant in the zone of this device. */
export function scheduleOf({ name, channel, to, text, media, way, value }, zone) {
  const repeat = WAYS[way][1](value);
  // WhatsApp's own signs are for people to write; elsewhere they write markdown.
  const format = !text.trim() || /^whatsapp/.test(channel) ? undefined : "markdown";
  return { name: name.trim(), ...repeat, zone: repeat.cron ? zone : undefined, send: { channel, to: to.trim(), text: text.trim() || undefined, media, format } };
}

/** `here` has the `session` and the `blobs`; `added` hears when there is one more. */
export function askSchedule(here, channels, added) {
  // One writes to others more often than to the page.
  const places = [...channels].sort((a, b) => Number(a === "webchat") - Number(b === "webchat"));
  const option = ([value, text]) => make("option", { value }, text);
  const name = make("input", { required: true, maxLength: LONGEST_NAME, autocomplete: "off" });
  const channel = make("select", {}, ...places.map(one => option([one, channelTitle(one)])));
  const to = make("input", { required: true, autocomplete: "off" });
  const text = make("textarea", { required: true, rows: 3 });
  const attached = new Attached(here, () => (text.required = !attached.any));
  const way = make("select", {}, ...Object.keys(WAYS).map(one => option([one, words(one)])));
  const inputs = {
    time: make("input", { type: "time", value: "08:00" }),
    span: make("input", { value: "2h", autocomplete: "off", autocapitalize: "none" }),
    cron: make("input", { value: "0 8 * * mon-fri", autocomplete: "off", autocapitalize: "none", spellcheck: false }),
  };
  const more = { time: field(words("timeOfDay"), inputs.time), span: field(words("span"), inputs.span, words("spanHint")), cron: field(words("cron"), inputs.cron, words("cronHint")) };
  const choose = () => {
    for (const [kind, element] of Object.entries(more)) {
      const isChosen = WAYS[way.value][0] === kind;
      element.hidden = !isChosen;
      inputs[kind].required = isChosen;
    }
  };
  way.onchange = choose;
  choose();
  const dialog = fill({
    title: words("addSchedule"),
    fields: [field(words("scheduleName"), name, words("scheduleNameHint")), field(words("channel"), channel), field(words("address"), to, words("addressHint")), field(words("scheduleText"), text), attached.element, field(words("howOften"), way), ...Object.values(more)],
    act: words("addScheduleAct"),
    async submit() {
      const media = await attached.media();
      const filled = { name: name.value, channel: channel.value, to: to.value, text: text.value, media, way: way.value, value: inputs[WAYS[way.value][0]].value };
      await here.session.ask("schedule.add", scheduleOf(filled, Intl.DateTimeFormat().resolvedOptions().timeZone));
      added();
    },
  });
  dialog.addEventListener("close", () => attached.end());
}
