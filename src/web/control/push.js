// Devices that are told of new messages while their page is closed: this one with its hours and conversations,
// and the others, which can be taken out.

import { ask, field } from "../app/dialog.js";
import { daemonText } from "../app/said.js";
import { channelTitle } from "../app/channels.js";
import { make } from "../dom.js";
import { joined, plain } from "../model/parts.js";
import { lasting, whenOf, words } from "../words.js";

/** Hours without notifications, where none were chosen before. */
const NIGHT = { from: "22:00", until: "07:00" };

/** Asks when and of what this device is told; true where that was changed. */
export async function choose(notify, channels) {
  const { quiet, topics = [] } = notify.wanted;
  const isQuiet = make("input", { type: "checkbox", checked: Boolean(quiet) });
  const from = make("input", { type: "time", required: true, value: (quiet ?? NIGHT).from });
  const until = make("input", { type: "time", required: true, value: (quiet ?? NIGHT).until });
  const hours = make("div", { className: "hours" }, field(words("quietFrom"), from), field(words("quietUntil"), until));
  const draw = () => (hours.hidden = !isQuiet.checked);
  isQuiet.onchange = draw;
  draw();
  const boxes = channels.map(name => make("input", { type: "checkbox", value: name, checked: !topics.length || topics.includes(`${name}/*`) }));
  // None at all would be all again.
  const count = () => boxes[0]?.setCustomValidity(boxes.some(box => box.checked) ? "" : words("pushOne"));
  for (const box of boxes) box.onchange = count;
  const each = boxes.map(box => make("label", { className: "check" }, box, " ", channelTitle(box.value)));
  const fields = [
    make("label", { className: "check" }, isQuiet, " ", words("quietHours")),
    hours,
    make("fieldset", { className: "choice" }, make("legend", {}, words("pushWhich")), ...each),
  ];
  if (!(await ask({ title: words("pushChoose"), fields, act: words("settingSave") }))) return false;
  const chosen = boxes.filter(box => box.checked).map(box => `${box.value}/*`);
  // Patterns that were set elsewhere than here stay.
  const others = topics.filter(topic => !channels.includes(topic.replace(/\/\*$/, "")));
  const isAll = !others.length && chosen.length === boxes.length;
  await notify.want({
    quiet: isQuiet.checked ? { from: from.value, until: until.value } : undefined,
    topics: isAll ? undefined : [...chosen, ...others],
  });
  return true;
}

/** What this device is told, in words. */
export function wantedText({ quiet, topics }) {
  return joined([
    topics?.length ? topics.map(topic => (topic.endsWith("/*") ? channelTitle(topic.slice(0, -2)) : topic)).join(", ") : words("pushAll"),
    quiet && words("quietNow", quiet),
  ]);
}

/** How a subscription looks in the list; `names` are those of keys by id, `here` the id of this device's own. */
export const subscriptionLook = (names, here) => ({ id, host, key_id, created_ms, sent, last_ok_ms, failures, last_error, topics, quiet }) => ({
  key: id,
  title: names.get(key_id) ?? (key_id ? key_id : words("ownersToken")),
  note: joined([
    id === here && words("device"),
    host,
    words("personSince", { time: whenOf(created_ms) }),
    sent ? words("pushSent", { n: sent }) : "",
    last_ok_ms && words("pushLast", { time: lasting(Date.now() - last_ok_ms) }),
    wantedText({ topics, quiet }),
    failures ? plain(daemonText(last_error)) : "",
  ]),
  tone: failures ? "warn" : "good",
  acts: ["unsubscribe"],
});

