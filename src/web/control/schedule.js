// The dialog of what is sent again and again.

import { channelTitle } from "../app/channels.js";
import { field, fill, select } from "../app/dialog.js";
import { make } from "../dom.js";
import { Attached } from "../later/attached.js";
import { Hours } from "../later/hours.js";
import { WAYS, scheduleOf, wayOf } from "../later/repeating.js";
import { Address } from "../places/address.js";
import { words } from "../words.js";

const LONGEST_NAME = 64;

/** `here` has the `session`, the `blobs`, the `places` and the `zone`; `done` hears when there is one more. Where there is a `former` one, that is changed. */
export function askSchedule(here, channels, done, former) {
  // One writes to others more often than to the page.
  const places = [...new Set(channels).add(former?.channel ?? "webchat")].sort((a, b) => Number(a === "webchat") - Number(b === "webchat"));
  const name = make("input", { required: true, maxLength: LONGEST_NAME, value: former?.name ?? "", readOnly: Boolean(former) });
  const channel = select(places.map(one => [one, channelTitle(one)]));
  const text = make("textarea", { rows: 3, value: former?.text ?? "", autofocus: Boolean(former) });
  if (former) channel.value = former.channel;
  const address = new Address(here.places, channel, "goesTo", former);
  const draw = () => (text.required = !attached.any);
  const attached = new Attached(here, draw, former);
  draw();
  const way = select(Object.keys(WAYS).map(one => [one, words(one)]));
  const inputs = {
    time: new Hours(),
    span: make("input", { value: "2h", autocapitalize: "none" }),
    cron: make("input", { value: "0 8 * * mon-fri", autocapitalize: "none", spellcheck: false }),
  };
  const input = () => inputs[WAYS[way.value][0]];
  if (former) {
    let value;
    [way.value, value] = wayOf(former);
    input().value = value;
  }
  const zone = former?.cron && former.zone !== here.zone && former.zone;
  const inZone = zone && words("inZone", { zone });
  const more = { time: field(words("timeOfDay"), inputs.time.first, inZone), span: field(words("span"), inputs.span, words("spanHint")), cron: field(words("cron"), inputs.cron, [words("cronHint"), inZone].filter(Boolean).join(" ")) };
  more.time.append(inputs.time.element);
  const choose = () => {
    for (const [kind, element] of Object.entries(more)) {
      element.hidden = inputs[kind] !== input();
      inputs[kind].required = !element.hidden;
    }
  };
  way.onchange = choose;
  choose();
  const dialog = fill({
    title: words(former ? "changeRepeated" : "addSchedule"),
    fields: [field(words("scheduleName"), name, !former && words("scheduleNameHint")), field(words("channel"), channel), address.element, field(words("scheduleText"), text), attached.element, field(words("howOften"), way), ...Object.values(more)],
    act: words(former ? "settingSave" : "joinGo"),
    async submit() {
      const [to, media] = [await address.peer(), await attached.media()];
      // Whoever closed it meanwhile wants none.
      if (!dialog.open) return;
      const filled = { name: name.value, channel: channel.value, to, text: text.value, media, way: way.value, value: input().value };
      await here.session.ask("schedule.add", scheduleOf(filled, here.zone, former));
      done();
    },
  });
  dialog.addEventListener("close", () => attached.end());
}
