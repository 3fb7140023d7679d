// What channels are called, and which of them a service's name begins.

import { words } from "../words.js";

const TITLES = { webchat: "WebChat", telegram: "Telegram", discord: "Discord", whatsapp: "WhatsApp", "whatsapp-cloud": "WhatsApp Cloud" };

/** States in which an earlier error is over. */
const WELL = ["running", "stopped", "starting"];

/** Whether somebody should look after a channel or an agent. */
export const isTroubled = ({ state }) => !WELL.includes(state);

/** Channels of services with several bots, and the number of a further one. */
const BOT = /^(telegram|discord)(?:-(\d+))?$/;
const MOST_BOTS = 5;

/** The service that a channel is of: `telegram-2` is one of `telegram`. */
export const serviceOf = channel => channel.replace(BOT, "$1");

/** The names that the bots of a service can have. */
export const botChannels = service => Array.from({ length: MOST_BOTS }, (_, at) => (at ? `${service}-${at + 1}` : service));

/** `Telegram 2`; a bridge has the name it chose. */
export function channelTitle(channel) {
  if (channel === "webchat") return words("channelPage");
  const number = BOT.exec(channel)?.[2];
  return [TITLES[serviceOf(channel)] ?? channel, number].filter(Boolean).join(" ");
}

/** The key of the token of a bot: that of a further one ends in its number. */
export function tokenKey(channel) {
  const [, service, number] = BOT.exec(channel);
  return `${service.toUpperCase()}_BOT_TOKEN${number ? `_${number}` : ""}`;
}
