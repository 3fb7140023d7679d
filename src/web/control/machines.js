// The card of the machines of a cluster: which are there, what waits on them, who sends on which channel. It is drawn
// of what `status` tells, which has nothing of it where this machine is in no cluster, or for a key that may not see it.

import { ask, field, fill, select } from "../app/dialog.js";
import { channelTitle } from "../app/channels.js";
import { joined } from "../model/parts.js";
import { lasting, momentOf, words } from "../words.js";

const ago = ms => lasting(Date.now() - ms);
const some = (key, n) => (n ? words(key, { n }) : "");
const isThere = (cluster, name) => cluster.machines.some(({ node, there }) => node === name && there);
/** The machines that could send on a channel instead. */
const heirs = ({ stands, owner }, cluster) => stands.filter(name => name !== owner && isThere(cluster, name));

function machineRow({ node, there, seen_ms, ...one }, cluster) {
  const isHere = node === cluster.node;
  const isAway = isHere && cluster.away_since_ms;
  const waits = [some("eventsWait", one.to_publish), some("eventsBehind", one.behind), some("messagesToSend", one.unsettled)].filter(Boolean);
  return {
    key: `node/${node}`,
    title: node,
    note: joined([
      isHere && words("thisMachine"),
      !isHere && (there ? words("connectedNow") : seen_ms ? words("lastSeen", { time: ago(seen_ms) }) : words("neverSeen")),
      isHere && cluster.draining && words("machineDraining"),
    ]),
    counted: waits.length ? joined(waits) : there ? words("nothingWaits") : "",
    trouble: isAway ? words("busAway", { time: momentOf(isAway) }) : "",
    tone: isAway ? "bad" : !there || (isHere && cluster.draining) ? "warn" : "good",
    acts: [isHere && !cluster.draining && "drain"],
  };
}

function channelRow(one, cluster) {
  const { channel, owner, since_ms, stands, alone } = one;
  return {
    key: `channel/${channel}`,
    title: channelTitle(channel),
    note: owner ? joined([words("sentBy", { name: owner }), since_ms && words("since", { time: ago(since_ms) })]) : words("sentByNobody"),
    trouble: owner ? "" : words("couldSend", { names: stands.join(", ") }),
    counted: alone ? words("noOtherMachine") : "",
    tone: owner ? "good" : "bad",
    acts: [heirs(one, cluster).length > 0 && "handOver"],
  };
}

/** The rows of a cluster, machines before channels. */
export const machineRows = cluster => [...cluster.machines.map(one => machineRow(one, cluster)), ...cluster.channels.map(one => channelRow(one, cluster))];

/** Does what a button of a row says, once the user has agreed; a fault where that failed. */
export async function steer(session, act, { key }, cluster) {
  if (act === "drain") {
    const question = { title: words("drain"), text: words("drainText"), act: words("drain"), isGrave: true };
    if (await ask(question)) return session.ask("cluster.drain", {}).then(() => undefined, fault => fault);
    return undefined;
  }
  const one = cluster.channels.find(({ channel }) => key === `channel/${channel}`);
  const to = select(heirs(one, cluster).map(value => [value]));
  fill({
    title: `${words("handOver")}: ${channelTitle(one.channel)}`,
    fields: [field(words("toMachine"), to)],
    act: words("handOver"),
    submit: () => session.ask("cluster.hand_over", { channel: one.channel, node: to.value }),
  });
  return undefined;
}
