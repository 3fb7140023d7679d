// Connecting WhatsApp by Meta's Cloud API: the three values of the app, and what Meta is told in return.

import { field } from "../app/dialog.js";
import { link, make, paragraph } from "../dom.js";
import { plain } from "../model/parts.js";
import { words } from "../words.js";
import { askers, awayOf, saveSettings, untilRunning, whoMayWrite } from "./settle.js";
import { copied, list } from "./steps.js";

const CHANNEL = "whatsapp-cloud";
const VERIFY_BYTES = 16;

export function connectCloud(session, steps, settings, back) {
  const now = name => settings.get(name);
  steps.away = awayOf(now("WHATSAPP_CLOUD_BASE_URL"));
  const secret = (name, more) => make("input", { type: "password", required: !now(name)?.set, placeholder: now(name)?.set ? words("secretKept") : "", ...more });
  const token = secret("WHATSAPP_CLOUD_TOKEN");
  const phone = make("input", { required: true, inputMode: "numeric", value: now("WHATSAPP_CLOUD_PHONE_ID")?.value ?? "" });
  const app = secret("WHATSAPP_CLOUD_APP_SECRET");
  const verify = freshWord();
  const changes = () => ({
    ...(token.value && { WHATSAPP_CLOUD_TOKEN: token.value }),
    WHATSAPP_CLOUD_PHONE_ID: phone.value.trim(),
    ...(app.value && { WHATSAPP_CLOUD_APP_SECRET: app.value }),
  });

  const askValues = () => {
    const content = [
      list([words("cloudOpen"), " ", link("https://developers.facebook.com/apps", "developers.facebook.com/apps")], words("cloudFind")),
      field(words("cloudToken"), token, words("cloudTokenHint")),
      field(words("cloudPhone"), phone, words("cloudPhoneHint")),
      field(words("cloudApp"), app, words("cloudAppHint")),
    ];
    const run = async () => confirm((await session.ask("config.check", { changes: changes(), service: CHANNEL })).found);
    steps.show({ content, act: words("check"), run, back });
  };

  const confirm = found => {
    const who = whoMayWrite("WHATSAPP_CLOUD", words("whoPhoneHint"), now("WHATSAPP_CLOUD_ALLOW_FROM")?.value);
    const shown = make("div", { className: "found" }, paragraph("title", plain(found.title)), paragraph("", plain(found.number)));
    const run = async () => {
      await saveSettings(session, { ...changes(), WHATSAPP_CLOUD_VERIFY_TOKEN: verify, ...who.changes() });
      await untilRunning(session, CHANNEL, () => steps.isOpen);
      if (steps.isOpen) tellMeta(who.isPairing());
    };
    steps.show({ content: [shown, ...who.elements], act: words("connect"), run, back: askValues });
  };

  const tellMeta = async isPairing => {
    const { public_url } = (await session.wish("status")) ?? {};
    const base = (public_url ?? location.origin).replace(/\/$/, "");
    const isReached = base.startsWith("https:");
    const content = [
      make("p", { className: "done", role: "status" }, words("cloudSends")),
      list(words("cloudHook"), words("cloudFields")),
      copied(words("cloudHookAddress"), `${base}/webhooks/${CHANNEL}`),
      copied(words("cloudVerify"), verify),
      isReached ? "" : make("p", { className: "warning" }, words("cloudNeedsHttps")),
      ...(isPairing ? askers(session, steps, CHANNEL) : []),
    ];
    steps.show({ content });
  };

  askValues();
}

/** A word that nobody guesses. */
function freshWord() {
  const bytes = crypto.getRandomValues(new Uint8Array(VERIFY_BYTES));
  return [...bytes].map(byte => byte.toString(16).padStart(2, "0")).join("");
}
