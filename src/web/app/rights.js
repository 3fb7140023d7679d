// What this key may do, as `describe` lists it, and from that which parts of the page there are. This is the
// one place that decides it: what is asked for without the right to is not even sent.

import { keyOf } from "../model/conversations.js";

/** Parts of the page, each with the actions of which it needs one. */
const PARTS = [
  ["#new-conversation", "send"],
  [".trouble .retry:not(.unsent)", "retry"],
  [".trouble .again", "agent.retry"],
  ["#agent-stop, [data-do=abort]", "agent.abort"],
  ["#agent-take, [data-do=takeover]", "agent.takeover"],
  ["[data-do=resume]", "agent.resume"],
  [".goes .another, #control [data-do=another]", "reschedule"],
  [".goes .call-off, #control #scheduled [data-do=cancel]", "cancel"],
  ["#pauses [data-do=resumeSending]", "resume"],
  ["#control #pause-sending", "pause"],
  ["#control .later", "scheduled", "schedules", "pause"],
  ["#control #add-schedule, #control [data-do=changeSchedule]", "schedule.add"],
  ["#control [data-do=holdSchedule], #control [data-do=goOnSchedule]", "schedule.pause"],
  ["#control [data-do=runNow]", "schedule.run"],
  ["#control [data-do=removeSchedule]", "schedule.remove"],
  [".fetch", "media.fetch"],
  ["#attach, #record", "send", "receive"],
  ["#control .integrations [data-do=start]", "integration.start"],
  ["#control .integrations [data-do=stop]", "integration.stop"],
  ["#control .integrations [data-do=restart]", "integration.restart"],
  ["#control .integrations [data-do=connect]", "integration.connect"],
  ["#control .agents [data-do=start]", "agent.start"],
  ["#control .agents [data-do=stop]", "agent.stop"],
  ["#choose-model, .start-cards [data-do=model]", "agent.choose"],
  ["#add-channel, .start-cards, #control .start, #control [data-do=configure], #control [data-do=credentials]", "config.set"],
  ["#control [data-do=unhook]", "integration.connect"],
  ["#control [data-do=showLog]", "logs"],
  ["#control .failures [data-do=retry]", "retry"],
  ["#control .outbox [data-do=cancel]", "cancel"],
  ["#control .pairing, #control .people", "pairing"],
  ["#control .people [data-do=revoke]", "pairing.revoke"],
  ["#control .push", "push.list"],
  ["#control .machines", "cluster"],
  ["[data-do=handOver]", "cluster.hand_over"],
  ["[data-do=drain]", "cluster.drain"],
  ["#control .keys", "keys"],
  ["#control .clients", "clients"],
  ["#control .log", "logs"],
  ["#control .settings", "config"],
];

export class Rights {
  /** Names of actions and of events; undefined until the gateway has told: then nothing is held back. */
  #actions;
  #events;
  #key;
  #sheet = new CSSStyleSheet();

  constructor() {
    document.adoptedStyleSheets.push(this.#sheet);
  }

  /** Takes what an identity was told. */
  take({ actions, events, key }) {
    this.#actions = actions && new Set(actions);
    this.#events = events;
    this.#key = key;
    const missing = PARTS.filter(([, ...needed]) => !needed.some(action => this.may(action)));
    this.#sheet.replaceSync(missing.map(([part]) => `:is(${part}) { display: none !important; }`).join("\n"));
  }

  may(action) {
    return this.#actions?.has(action) ?? true;
  }

  /** Whether anything of this topic can come to it. */
  hears(topic) {
    const [pattern] = topic.split("@");
    const names = pattern.endsWith("*") ? name => name.startsWith(pattern.slice(0, -1)) : name => name === pattern;
    return this.#events?.some(names) ?? true;
  }

  /** Whether this conversation is among those it is limited to. */
  covers(place) {
    const { channels = [], peers = [] } = this.#key ?? {};
    const matches = pattern => glob(pattern).test(keyOf(place));
    return (!channels.length || channels.includes(place.channel)) && (!peers.length || peers.some(matches));
  }
}

/** A pattern of the gateway: `*` stands for any characters. */
const glob = pattern => new RegExp(`^${pattern.split("*").map(part => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`, "s");
