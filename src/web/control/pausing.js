// The dialog that pauses sending: of all channels or one, for how long, and why.

import { channelTitle } from "../app/channels.js";
import { field, fill, select } from "../app/dialog.js";
import { make } from "../dom.js";
import { quickTimes } from "../later/times.js";
import { words } from "../words.js";

const ALL = "all";
/** What the gateway takes as a reason. */
const LONGEST = 200;
const MINUTE_MS = 6e4;

/** `[what is asked, its words]` of the spans to choose from; an empty one has no end. */
function spans() {
  const tomorrow = quickTimes(Date.now()).find(([word]) => word === "onTomorrow")[1];
  return [
    ["", words("untilResumed")],
    ["1h", words("forSpan", { span: "1 h" })],
    ["4h", words("forSpan", { span: "4 h" })],
    ["morning", words("until", { time: words("onTomorrow").toLowerCase() }), tomorrow],
    ["7d", words("forSpan", { span: "7 d" })],
  ];
}

/** How long it is until then, in minutes: the last one counts in full. */
const minutesTo = ms => `${Math.max(1, Math.ceil((ms - Date.now()) / MINUTE_MS))}m`;

export function askPause(session, channels) {
  const all = spans();
  const which = select([[ALL, words("allChannels")], ...channels.map(name => [name, channelTitle(name)])]);
  const long = select(all);
  const why = make("input", { maxLength: LONGEST });
  fill({
    title: words("pauseSending"),
    text: words("pauseText"),
    fields: [field(words("channel"), which), field(words("howLong"), long), field(words("reason"), why)],
    act: words("pause"),
    submit() {
      const morning = all.find(([value]) => value === long.value)[2];
      return session.ask("pause", { channel: which.value === ALL ? undefined : which.value, for: morning ? minutesTo(morning) : long.value || undefined, reason: why.value.trim() || undefined });
    },
  });
}
