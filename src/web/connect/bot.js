// Connecting a bot of Telegram or Discord: its token, whose it is, who may write, and the first who do.

import { field } from "../app/dialog.js";
import { link, make, paragraph } from "../dom.js";
import { plain } from "../model/parts.js";
import { words } from "../words.js";
import { channelTitle, serviceOf, tokenKey } from "../app/channels.js";
import { askers, awayOf, saveSettings, untilRunning, whoMayWrite } from "./settle.js";
import { Steps, list } from "./steps.js";

/** How a token is had, what it looks like, who may be listed, and what to do once it is connected. */
const SERVICES = {
  telegram: {
    how: () => [[words("botOpen"), " ", link("https://t.me/BotFather", "@BotFather"), "."], words("botNew"), words("botPaste")],
    token: "123456789:AA…",
    // Digits, a colon, and 35 characters today (https://core.telegram.org/bots/api#authorizing-your-bot). Of “bot” before
    // it the gateway has more to say.
    looks: /^\s*(bot\d|\d+:[\w-]{20,}\s*$)/i,
    who: "whoTelegramHint",
    found: bot => link(bot.link, `@${bot.username}`),
    done: bot => [words("botWrite"), " ", link(bot.link, `t.me/${bot.username}`)],
  },
  discord: {
    how: () => [[words("discordOpen"), " ", link("https://discord.com/developers/applications", "discord.com/developers"), "."], words("discordIntent"), words("discordPaste")],
    token: "MTIz….….…",
    who: "whoDiscordHint",
    found: bot => plain(bot.username),
    done: bot => [words("discordInvite"), " ", link(bot.link, words("discordInviteLink"))],
  },
};

/** `settings` are the rows of `config`, by name. */
export function connectBot(session, channel, settings) {
  const key = tokenKey(channel);
  const steps = new Steps(words("connectTo", { name: channelTitle(channel) }), { [key]: words("botToken") });
  const service = SERVICES[serviceOf(channel)];
  const prefix = serviceOf(channel).toUpperCase();
  steps.away = awayOf(settings.get(`${prefix}_BASE_URL`));
  const token = make("input", { type: "password", required: true, spellcheck: false, placeholder: service.token });

  const askToken = () => {
    const content = [list(...service.how()), field(words("botToken"), token, words("botTokenHint"))];
    const run = async () => {
      if (service.looks?.test(token.value) === false) throw { message: words("botTokenWrong") };
      confirm((await session.ask("config.check", { changes: { [key]: token.value }, service: channel })).found);
    };
    steps.show({ content, act: words("check"), run });
  };

  const confirm = bot => {
    const who = whoMayWrite(prefix, words(service.who), settings.get(`${prefix}_ALLOW_FROM`)?.value);
    const content = [
      make("div", { className: "found" }, paragraph("title", plain(bot.title)), make("p", {}, service.found(bot))),
      bot.webhook && make("p", { className: "warning" }, words("botElsewhere", { host: plain(bot.webhook) })),
      ...who.elements,
    ];
    const run = async () => {
      await saveSettings(session, { [key]: token.value, ...who.changes() });
      if (bot.webhook) {
        await session.ask("integration.connect", { name: channel });
        await session.ask("integration.restart", { name: channel });
      }
      await untilRunning(session, channel, () => steps.isOpen);
      if (steps.isOpen) done(bot, who.isPairing());
    };
    steps.show({ content: content.filter(Boolean), act: words("connect"), run, back: askToken });
  };

  const done = (bot, isPairing) => {
    const heading = make("p", { className: "done", role: "status" }, words("connectedTo", { name: channelTitle(channel) }));
    steps.show({ content: [heading, make("p", {}, ...service.done(bot)), ...(isPairing ? askers(session, steps, channel) : [])] });
  };

  askToken();
  return steps;
}
