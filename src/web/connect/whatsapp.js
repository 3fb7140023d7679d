// Connecting WhatsApp: with a phone's own number by a server of one's own, or with a business number by Meta's Cloud API.

import { field, select } from "../app/dialog.js";
import { pairInto } from "../control/pair.js";
import { button, link, make, paragraph } from "../dom.js";
import { shownPeer } from "../model/numbers.js";
import { joined, plain } from "../model/parts.js";
import { words } from "../words.js";
import { connectCloud } from "./cloud.js";
import { askers, saveSettings, whoMayWrite } from "./settle.js";
import { Steps, choice, list } from "./steps.js";

const CHANNEL = "whatsapp";
const NEW = "\n";
/** Each with where it is described, and where its key is found. */
const SERVERS = {
  evolution: ["Evolution API 2", "https://doc.evolution-api.com", "keyEvolution"],
  "evolution-go": ["Evolution Go", "https://docs.evolutionfoundation.com.br/evolution-go", "keyEvolutionGo"],
  gowa: ["GOWA", "https://github.com/aldinokemal/go-whatsapp-web-multidevice", "keyGowa"],
  waha: ["WAHA", "https://waha.devlike.pro", "keyWaha"],
  wuzapi: ["wuzapi", "https://github.com/asternic/wuzapi", "keyWuzapi"],
};
const LOCAL = /^https?:\/\/(localhost|127\.|\[::1\])/;

/** Asks which way first, unless it is known. */
export function connectWhatsapp(session, settings, way) {
  const steps = new Steps(words("connectTo", { name: "WhatsApp" }), {
    WHATSAPP_BASE_URL: words("evolutionAddress"),
    WHATSAPP_API_TOKEN_INSTANCE: words("evolutionKey"),
    WHATSAPP_INSTANCE_NAME: words("instanceName"),
    WHATSAPP_CLOUD_TOKEN: words("cloudToken"),
    WHATSAPP_CLOUD_PHONE_ID: words("cloudPhone"),
    WHATSAPP_CLOUD_APP_SECRET: words("cloudApp"),
  });
  const phone = () => connectPhone(session, steps, settings, way ? undefined : ways);
  const cloud = () => connectCloud(session, steps, settings, way ? undefined : ways);
  const ways = () => {
    const one = (title, note, act, go) => button("way", "", go, { "data-do": act });
    const rows = [
      [words("wayPhone"), words("wayPhoneNote"), "phone", phone],
      [words("wayCloud"), words("wayCloudNote"), "cloud", cloud],
    ].map(([title, note, act, go]) => {
      const row = one(title, note, act, go);
      row.append(make("b", {}, title), make("span", { className: "quiet" }, note));
      return row;
    });
    steps.show({ content: rows });
  };
  ({ phone, cloud })[way]?.() ?? (way || ways());
  return steps;
}

function connectPhone(session, steps, settings, back) {
  steps.away = "serviceAway";
  const now = name => settings.get(name)?.value ?? "";
  const server = select(Object.entries(SERVERS).map(([value, [title]]) => [value, title]));
  server.value = now("WHATSAPP_SERVER") || "evolution";
  const address = make("input", { type: "url", required: true, value: now("WHATSAPP_BASE_URL") });
  const isSet = settings.get("WHATSAPP_API_TOKEN_INSTANCE")?.set;
  const key = make("input", { type: "password", required: !isSet, placeholder: isSet ? words("secretKept") : "" });
  const hook = make("input", { type: "url", value: now("WHATSAPP_WEBHOOK_URL"), placeholder: `${location.origin}/webhooks/whatsapp` });
  const changes = () => ({
    ...(server.value !== (now("WHATSAPP_SERVER") || "evolution") && { WHATSAPP_SERVER: server.value }),
    WHATSAPP_BASE_URL: address.value.trim(),
    ...(key.value && { WHATSAPP_API_TOKEN_INSTANCE: key.value }),
    ...(hook.value.trim() !== now("WHATSAPP_WEBHOOK_URL") && { WHATSAPP_WEBHOOK_URL: hook.value.trim() || null }),
  });

  const askServer = () => {
    const more = make("details", { open: Boolean(hook.value) }, make("summary", {}, words("evolutionElsewhere")), field(words("evolutionHook"), hook, words("evolutionHookHint")));
    address.onchange = () => (more.open ||= !LOCAL.test(address.value));
    const how = make("div");
    server.onchange = () => {
      const [title, url, keyHow] = SERVERS[server.value];
      how.replaceChildren(list([words("serverRun", { name: title }), " ", link(url, new URL(url).host)], words(keyHow)));
    };
    server.onchange();
    const content = [
      field(words("serverWhich"), server),
      how,
      field(words("evolutionAddress"), address),
      field(words("evolutionKey"), key),
      more,
    ];
    const run = async () => chooseInstance((await session.ask("config.check", { changes: changes(), service: CHANNEL })).found.instances);
    steps.show({ content, act: words("check"), run, back });
  };

  const chooseInstance = instances => {
    const name = make("input", { spellcheck: false, pattern: "[\\w\\-]+", maxLength: 60, value: instances.some(one => one.name === "Cleudocode") ? "" : "Cleudocode" });
    const named = field(words("instanceName"), name, words("instanceNameHint"));
    const options = instances.map(one => ({
      value: one.name,
      title: plain(one.name),
      note: joined([words(one.state === "open" ? "instanceOpen" : "instanceClosed"), one.number && shownPeer(CHANNEL, one.number), plain(one.title)]),
    }));
    options.push({ value: NEW, title: words("instanceNew"), note: words("instanceNewNote") });
    const picked = choice("instance", words("instanceWhich"), options);
    const draw = () => {
      named.hidden = picked.value() !== NEW;
      name.required = !named.hidden;
    };
    picked.element.addEventListener("change", draw);
    draw();
    const who = whoMayWrite("WHATSAPP", words("whoPhoneHint"), now("WHATSAPP_ALLOW_FROM"));
    const run = async () => {
      const instance = picked.value() === NEW ? name.value.trim() : picked.value();
      await saveSettings(session, { ...changes(), WHATSAPP_INSTANCE_NAME: instance, ...who.changes() });
      pairPhone(who.isPairing());
    };
    steps.show({ content: [picked.element, named, ...who.elements], act: words("connect"), run, back: askServer });
  };

  const pairPhone = isPairing => {
    const [place, note] = [make("div", { className: "qr" }), make("p", { role: "status" })];
    const hint = make("p", {}, words("pairHint"));
    // What was written may be what is wrong.
    steps.show({ content: [hint, place, note], back: askServer });
    pairInto({ session, name: CHANNEL, hint, place, note, isOpen: () => steps.isOpen && place.isConnected }).then(isDone => isDone && done(isPairing));
  };

  const done = isPairing => {
    const heading = make("p", { className: "done", role: "status" }, words("connectedTo", { name: "WhatsApp" }));
    const rest = isPairing ? askers(session, steps, CHANNEL) : [];
    steps.show({ content: [heading, paragraph("quiet", words("whatsappWrite")), ...rest] });
  };

  askServer();
}

