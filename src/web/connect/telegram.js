// Connecting a Telegram bot: its token, whose it is, who may write, and the first who do.

import { field } from "../app/dialog.js";
import { link, make, paragraph } from "../dom.js";
import { plain } from "../model/parts.js";
import { words } from "../words.js";
import { channelTitle, telegramKey } from "../app/channels.js";
import { askers, saveSettings, untilRunning, whoMayWrite } from "./settle.js";
import { Steps, list } from "./steps.js";

/** `settings` are the rows of `config`, by name. */
export function connectTelegram(session, channel, settings) {
  const key = telegramKey(channel);
  const steps = new Steps(words("connectTo", { name: channelTitle(channel) }), { [key]: words("botToken") });
  const token = make("input", { type: "password", required: true, autocomplete: "off", spellcheck: false, placeholder: "123456789:AA…" });

  const askToken = () => {
    const father = link("https://t.me/BotFather", "@BotFather");
    const content = [list([words("botOpen"), " ", father, "."], words("botNew"), words("botPaste")), field(words("botToken"), token, words("botTokenHint"))];
    steps.show({ content, act: words("check"), run: async () => confirm((await session.ask("config.check", { changes: { [key]: token.value }, service: channel })).found) });
  };

  const confirm = bot => {
    const who = whoMayWrite("TELEGRAM", words("whoTelegramHint"), settings.get("TELEGRAM_ALLOW_FROM")?.value);
    const content = [
      make("div", { className: "found" }, paragraph("title", plain(bot.title)), make("p", {}, link(bot.link, `@${bot.username}`))),
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
    const open = make("p", {}, words("botWrite"), " ", link(bot.link, `t.me/${bot.username}`));
    const heading = make("p", { className: "done", role: "status" }, words("connectedTo", { name: channelTitle(channel) }));
    steps.show({ content: [heading, open, ...(isPairing ? askers(session, steps, channel) : [])] });
  };

  askToken();
  return steps;
}
