// What channels are called, and which of them a service's name begins.

import { words } from "../words.js";

const TITLES = { webchat: "WebChat", telegram: "Telegram", whatsapp: "WhatsApp", "whatsapp-cloud": "WhatsApp Cloud" };

/** The service that a channel is of: `telegram-2` is one of `telegram`. */
export const serviceOf = channel => channel.replace(/^telegram-\d+$/, "telegram");

/** `Telegram 2`; a bridge has the name it chose. */
export function channelTitle(channel) {
  if (channel === "webchat") return words("channelPage");
  const number = /^telegram-(\d+)$/.exec(channel)?.[1];
  return [TITLES[serviceOf(channel)] ?? channel, number].filter(Boolean).join(" ");
}

/** The key of the token of a bot: that of a further one ends in its number. */
export const telegramKey = channel => `TELEGRAM_BOT_TOKEN${channel.replace("telegram", "").replace("-", "_")}`;
