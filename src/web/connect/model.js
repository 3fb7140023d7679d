// Letting a model answer: one that is on the gateway's machine, or a service with a key.

import { field, select } from "../app/dialog.js";
import { button, goTo, make } from "../dom.js";
import { joined, plain } from "../model/parts.js";
import { words } from "../words.js";
import { saveSettings } from "./settle.js";
import { Steps } from "./steps.js";

/** Services that are told by name, with the settings that each takes and the others must not have. One without a key is one's own. */
const SERVICES = {
  groq: { title: "Groq", key: "GROQ_API_KEY", model: "GROQ_MODEL", without: ["OPENAI_API_KEY", "OPENAI_BASE_URL"] },
  openai: { title: "OpenAI", key: "OPENAI_API_KEY", model: "OPENAI_MODEL", without: ["OPENAI_BASE_URL"] },
  ollama: { title: "Ollama", model: "OLLAMA_MODEL", address: "OLLAMA_HOST", without: ["OPENAI_API_KEY", "OPENAI_BASE_URL", "GROQ_API_KEY"] },
  other: { key: "OPENAI_API_KEY", model: "OPENAI_MODEL", address: "OPENAI_BASE_URL", without: [] },
};

/** `mine` is the conversation to try it in. */
export function connectModel(session, settings, mine) {
  const steps = new Steps(words("letModel"), { GROQ_API_KEY: words("modelKey"), OPENAI_API_KEY: words("modelKey"), OPENAI_BASE_URL: words("modelAddress"), OLLAMA_HOST: words("address") });
  let found;

  const first = () => {
    const place = make("div", { className: "ways", ariaBusy: "true" }, make("p", { className: "quiet", role: "status" }, words("modelLooking")));
    const other = button("way", "", service, { "data-do": "service" });
    other.append(make("b", {}, words("modelService")), make("span", { className: "quiet" }, words("modelServiceNote")));
    steps.show({ content: [place, other] });
    found ??= session.wish("agents.found");
    found.then(answer => place.isConnected && offer(place, answer?.found ?? []));
  };

  const offer = (place, all) => {
    const each = all.flatMap(one => (one.models.length ? one.models.map(model => ({ ...one, model })) : one));
    const rows = each.map(({ name, title, version, model }) => {
      const what = model ?? version;
      const row = button("way", "", () => choose(name, model, row), { "data-do": "choose", "data-key": joined([name, what]) });
      row.append(make("b", {}, joined([title, plain(what)])), make("span", { className: "quiet" }, words("modelHere")));
      return row;
    });
    place.ariaBusy = null;
    place.replaceChildren(...(rows.length ? rows : [make("p", { className: "quiet" }, words("modelNone"))]));
  };

  const choose = async (name, model, row) => {
    row.ariaDisabled = "true";
    const failed = await session.ask("agent.choose", { name, model }).then(() => undefined, fault => fault);
    row.ariaDisabled = null;
    if (!failed) return done(model ?? name);
    // As a step of its own, which says why and goes back.
    steps.show({ content: [make("p", { role: "alert" }, failed.message)], back: first });
  };

  const service = () => {
    const which = select(Object.entries(SERVICES).map(([value, { title }]) => [value, title ?? words("modelOther")]));
    const address = make("input", { spellcheck: false, autocapitalize: "none" });
    const key = make("input", { type: "password" });
    const [addressed, keyed] = [field(words("address"), address, words("modelAddressHint")), field(words("modelKey"), key, words("modelKeyHint"))];
    // What was typed for one service is not for another.
    const draw = () => {
      const { address: at, key: hasKey } = SERVICES[which.value];
      const isOwn = !hasKey;
      addressed.hidden = !at;
      keyed.hidden = addressed.lastChild.hidden = isOwn;
      addressed.firstChild.textContent = words(isOwn ? "address" : "modelAddress");
      Object.assign(address, { required: Boolean(at), type: isOwn ? "text" : "url", placeholder: isOwn ? "192.168.0.10:11434" : "http://127.0.0.1:1234/v1", value: settings.get(at)?.value ?? "" });
      key.required = !at;
      key.value = "";
    };
    which.onchange = draw;
    draw();
    const run = async () => {
      const { key: name, address: at, without } = SERVICES[which.value];
      steps.away = at ? "serviceAway" : "internetAway";
      const cleared = without.filter(one => settings.get(one)?.set).map(one => [one, null]);
      const place = address.value.trim();
      // The key of another address stays there.
      const isMoved = at && name && settings.get(name)?.set && place !== settings.get(at)?.value;
      const changes = { ...Object.fromEntries(cleared), ...(isMoved && { [name]: null }), ...(key.value && { [name]: key.value }), ...(at && { [at]: place }) };
      const answer = await session.ask("config.check", { changes, service: "model" });
      // Whatever speaks like OpenAI is called so by the gateway.
      const title = at && name ? new URL(place).host : answer.found.title;
      pick(changes, SERVICES[which.value].model, { ...answer.found, title });
    };
    steps.show({ content: [field(words("modelWhich"), which), addressed, keyed], act: words("check"), run, back: first });
  };

  const pick = (changes, setting, { title, models }) => {
    const model = select(models.map(one => [one]), { required: true });
    const typed = make("input", { required: true, spellcheck: false });
    const input = models.length ? model : typed;
    const run = async () => {
      await saveSettings(session, { ...changes, [setting]: input.value, AGENT: "openai" });
      done(input.value);
    };
    steps.show({ content: [field(words("modelOf", { title }), input)], act: words("choose"), run, back: service });
  };

  const done = name => {
    const heading = make("p", { className: "done", role: "status" }, words("modelAnswers", { name: plain(name) }));
    const go = mine && button("main", words("modelTry"), () => (steps.close(), goTo(mine)));
    steps.show({ content: [heading, go ?? ""] });
  };

  first();
  return steps;
}
