// The first minute: from an empty page to a channel that works, without touching a file.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { META_TOKEN, PHONE_ID } from "../graph.mjs";
import { BOT_TOKEN } from "../telegram.mjs";
import { assert, same, until } from "../until.mjs";

const PHONE = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const NOTHING = { AGENT_PI: "/no/such/pi", OLLAMA_HOST: "127.0.0.1:1" };
const WRONG = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaX";

const written = (stage) => readFileSync(join(stage.daemon.home, ".env"), "utf8");
const cards = (page, where = "#start") => page.$$eval(`${where} [data-do]`, (all) => all.filter((one) => one.checkVisibility()).map((one) => one.dataset.do));
const trouble = (page) => page.textContent(".steps .step-trouble");
const next = (page) => page.click(".steps .main");
const state = async (stage, name) => (await stage.daemon.rpc("integrations")).integrations.find((one) => one.name === name)?.state;

/** Fails where something reaches over the edge, or is too small for a thumb. */
async function fits(page, what) {
  const over = await page.$$eval(".steps *", (all) => all.filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 80)));
  same(over, [], `what is over the edge of ${what}`);
  const small = await page.$$eval(".steps button, .steps input:not([type=radio]), .steps .option", (all) => all.filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 43).map((one) => one.outerHTML.slice(0, 80)));
  same(small, [], `what is too small for a thumb in ${what}`);
}

export const checks = [
  {
    name: "a bot is connected by its token, and the first who writes is let in",
    needs: { telegram: true, settings: NOTHING },
    async run(stage) {
      const { page, telegram, daemon } = stage;
      await stage.open();
      await until("three cards", async () => (await cards(page)).join() === "whatsapp,telegram,model");
      await stage.accessible("the first page");
      await stage.shot("first-page");
      await page.click("#start [data-do=telegram]");
      await stage.accessible("asking for the token");
      for (const [token, words] of [
        ["lixo", /^This is no token of a bot/],
        [WRONG, /Unauthorized.*copy it anew from @BotFather/],
        ["bot12:ab", /leave it out/],
      ]) {
        await page.fill(".steps input", token);
        await next(page);
        await until(`${token} is refused`, async () => words.test(await trouble(page)));
      }
      assert(!written(stage).includes("TELEGRAM"), "a refused token is not written");
      await stage.shot("first-telegram-refused");
      await page.fill(".steps input", `  ${BOT_TOKEN} `);
      await page.press(".steps input", "Enter");
      await page.waitForSelector(".steps .found");
      same(await page.textContent(".steps .found .title"), "The Shop <b>", "whose bot it is");
      same(await page.getAttribute(".steps .found a", "href"), "https://t.me/the_shop_bot", "the link of the bot");
      assert(await page.isChecked(".steps [value=pair]"), "pairing is the default");
      await stage.accessible("who may write");
      await next(page);
      await page.waitForSelector(".steps .done");
      same(await state(stage, "telegram"), "running", "the channel");
      same(/^TELEGRAM_BOT_TOKEN=["']?([^"'\n]+)/m.exec(written(stage))?.[1], BOT_TOKEN, "what is written");
      assert(!(await page.content()).includes(BOT_TOKEN), "the token is in the page");
      telegram.say(77, "Ana <i>", "May I come in?");
      await page.waitForSelector(".askers [data-do=approve]");
      assert(/Ana <i>.*May I come in\?/.test(await page.textContent(".askers")), "who asks, and their first words", await page.textContent(".askers"));
      await stage.shot("first-telegram-asked");
      await page.click(".askers [data-do=approve]");
      await until("she is told", () => telegram.sent.some(({ chat_id, text }) => chat_id === 77 && /let in/.test(text)));
      await page.click(".steps .close");
      await until("the card is gone", async () => (await cards(page)).join() === "whatsapp,model");
      telegram.say(77, "Ana <i>", "Thank you");
      await until("she is heard", async () => (await daemon.rpc("history", { channel: "telegram" })).messages.some(({ text }) => text === "Thank you"));
      await stage.go("control");
      await page.waitForSelector('#people [data-key="telegram/77"]');
      await page.click('#people [data-key="telegram/77"] [data-do=revoke]');
      await page.click("dialog.sheet .grave");
      await until("she is let in no more", async () => !(await daemon.rpc("pairing")).approved.length);
      await until("nobody is listed", async () => await page.isHidden("section.people"));
    },
  },
  {
    name: "a bot that another program listens to is taken over only where one says so",
    needs: { telegram: true, settings: NOTHING },
    async run(stage) {
      const { page, telegram } = stage;
      telegram.webhook = "https://elsewhere.example/secret-path";
      await stage.open("control");
      await page.click("#start-cards [data-do=telegram]");
      await page.fill(".steps input", BOT_TOKEN);
      await next(page);
      await page.waitForSelector(".steps .warning");
      const told = await page.textContent(".steps .warning");
      assert(told.includes("elsewhere.example") && !told.includes("secret-path"), "who has it", told);
      assert(telegram.webhook, "nothing is taken over yet");
      await page.check(".steps [value=list]");
      await page.fill(".steps .field:not([hidden]) input", "77");
      await next(page);
      await page.waitForSelector(".steps .done");
      same(telegram.webhook, "", "the webhook");
      assert(/^TELEGRAM_ALLOW_FROM=["']?77/m.test(written(stage)), "who may write is written", written(stage));
    },
  },
  {
    name: "WhatsApp is connected by thumb in Portuguese: the server checked, an instance chosen, a phone paired",
    needs: { evolution: "away", settings: NOTHING, context: PHONE },
    async run(stage) {
      const { page, evolution } = stage;
      evolution.state = "close";
      await stage.open();
      await page.selectOption("#language", "pt");
      await stage.go("chat/webchat/visitor");
      await page.tap("#start [data-do=whatsapp]");
      await fits(page, "the two ways");
      await page.tap(".steps [data-do=phone]");
      await fits(page, "asking for the server");
      await page.fill(".steps input[type=url]", "http://127.0.0.1:1");
      await page.fill(".steps input[type=password]", "a-wrong-key-of-the-server");
      await page.tap(".steps .main");
      await until("nobody is there", async () => /Veja se ele está rodando/.test(await trouble(page)));
      await page.fill(".steps input[type=url]", evolution.url);
      await page.tap(".steps .main");
      await until("the key is refused", async () => /401/.test(await trouble(page)));
      await stage.accessible("a refused key");
      await stage.shot("first-whatsapp-refused");
      await page.fill(".steps input[type=password]", evolution.key);
      await page.tap(".steps .main");
      await page.waitForSelector(".steps [value=Cleudocode]");
      assert(!(await page.content()).includes("secret-of-the-instance"), "the key of the instance is in the page");
      await fits(page, "the instances");
      await page.tap(".steps .main");
      await page.waitForSelector(".steps .qr svg");
      await until("the code to type is told", async () => (await page.textContent(".steps")).includes("WZYEH1YY"));
      await fits(page, "the code");
      await stage.shot("first-whatsapp-code");
      await evolution.pair();
      await page.waitForSelector(".steps .done", { timeout: 20_000 });
      await evolution.say("5511777", "Bia", "posso entrar?");
      await page.waitForSelector(".askers [data-do=approve]");
      await page.tap(".askers [data-do=approve]");
      await until("she is told", () => evolution.sent.some(({ number, text }) => number.includes("5511777") && text.length > 10 && !/Your code is|Seu código é/.test(text)));
      await until("the channel works", async () => (await state(stage, "whatsapp")) === "running");
    },
  },
  {
    name: "what is there to answer with is offered, and answers once it is chosen",
    needs: { ollama: true },
    async run(stage) {
      const { page, daemon } = stage;
      await stage.open();
      await page.click("#start [data-do=model]");
      await page.waitForSelector(".steps [data-do=choose]");
      const offered = await page.$$eval(".steps [data-do=choose] b", (all) => all.map((one) => one.textContent));
      same(offered, ["pi · 1.5.2", "Ollama · llama3:latest", "Ollama · r1:8b"], "what is offered");
      await stage.accessible("what could answer");
      await stage.shot("first-models");
      await page.press('.steps [data-key="openai · r1:8b"]', "Enter");
      await page.waitForSelector(".steps .done");
      assert(/^AGENT=openai$/m.test(written(stage)) && /^OLLAMA_MODEL=["']?r1:8b/m.test(written(stage)), "it is in .env", written(stage));
      await until("it runs", async () => (await daemon.rpc("agents")).agents.some(({ name, state }) => name === "openai" && state === "running"));
      await page.click(".steps .main");
      await stage.say("hello");
      await stage.shows(["hello", "r1:8b heard: hello"]);
      await stage.go("control");
      await page.waitForSelector('#agents [data-key="openai"] [data-do=stop]');
      same(await cards(page, "#start-cards"), ["whatsapp", "telegram"], "what is left to do");
    },
  },
  {
    name: "a service with the API of OpenAI is asked for its models before it is written",
    needs: { ollama: true, settings: { AGENT_GATHER: "10ms" } },
    async run(stage) {
      const { page, ollama } = stage;
      await stage.open();
      await page.click("#start [data-do=model]");
      await page.click(".steps [data-do=service]");
      await page.selectOption(".steps select", "other");
      await page.fill(".steps input[type=url]", "http://127.0.0.1:1/v1");
      await next(page);
      await until("it is told", async () => /See whether it runs/.test(await trouble(page)));
      assert(!written(stage).includes("OPENAI"), "nothing is written");
      await page.fill(".steps input[type=password]", "key of one");
      await page.selectOption(".steps select", "groq");
      same([await page.inputValue(".steps input[type=password]"), await trouble(page)], ["", ""], "what is kept for another service");
      await page.selectOption(".steps select", "other");
      await page.fill(".steps input[type=url]", `http://${ollama.settings.OLLAMA_HOST}/v1`);
      await next(page);
      await until("its models are listed", async () => (await page.$$eval(".steps option", (all) => all.map((one) => one.textContent))).join() === "llama3:latest,r1:8b");
      assert((await page.textContent(".steps form")).includes(`Model of ${ollama.settings.OLLAMA_HOST}`), "whose they are");
      await next(page);
      await page.waitForSelector(".steps .done");
      await page.click(".steps .main");
      await stage.say("hello");
      await stage.shows(["hello", "llama3:latest heard: hello"]);
    },
  },
  {
    name: "an Ollama at another address is chosen by that",
    needs: { ollama: "away", settings: { AGENT_GATHER: "10ms" } },
    async run(stage) {
      const { page, ollama } = stage;
      await stage.open();
      await page.click("#start [data-do=model]");
      await page.click(".steps [data-do=service]");
      await page.selectOption(".steps select", "ollama");
      same(await page.$$eval(".steps input", (all) => all.filter((one) => one.checkVisibility()).length), 1, "it wants no key");
      await page.fill(".steps input[type=text]", ollama.settings.OLLAMA_HOST);
      await stage.accessible("the address of Ollama");
      await stage.shot("first-ollama");
      await next(page);
      await until("its models are listed", async () => /Model of Ollama/.test(await page.textContent(".steps form")));
      await next(page);
      await page.waitForSelector(".steps .done");
      assert(written(stage).includes(ollama.settings.OLLAMA_HOST), "what is written", written(stage));
    },
  },
  {
    name: "a bot whose token was revoked says so, and is mended by the one button",
    needs: { telegram: true, settings: NOTHING },
    async run(stage) {
      const { page, daemon } = stage;
      await daemon.rpc("config.set", { changes: { TELEGRAM_BOT_TOKEN: WRONG } });
      await until("it is refused", async () => (await state(stage, "telegram")) === "parked");
      // The words of the gateway in the language of the page, whatever its own table says.
      const sentences = { "{key} is unknown there or was revoked: copy it anew from @BotFather": "{key} foi revogado. Copie de novo do @BotFather" };
      await page.route("**/language/pt-BR.json", (route) => route.fulfill({ json: sentences }));
      await stage.open("control");
      const card = '#integrations [data-key="telegram"]';
      await until("it says why", async () => /parked for.*copy it anew from @BotFather/.test(await page.textContent(card).catch(() => "")));
      assert(!/cleudocodebot/.test(await page.textContent(card)), "what the button does is told for a terminal", await page.textContent(card));
      same(await page.textContent(`${card} .main`), "Sign in again", "what mends it");
      await stage.accessible("a channel that was refused");
      await stage.shot("control-parked");
      await page.selectOption("#language", "pt");
      await until("in Portuguese as well", async () => /em suspenso.*Copie de novo/.test(await page.textContent(card)));
      await page.selectOption("#language", "en");
      await page.click(`${card} .main`);
      await page.fill(".steps input", BOT_TOKEN);
      await next(page);
      await page.waitForSelector(".steps .found");
      await next(page);
      await page.waitForSelector(".steps .done");
      await page.click(".steps .close");
      await until("what was wrong is not told any more", async () => !/BotFather/.test(await page.textContent(card)) && /running/.test(await page.textContent(card)));
      assert(!(await page.$(`${card} .main`)), "there is nothing to mend");
    },
  },
  {
    name: "the Cloud API asks for three values and gives two in return",
    needs: { graph: true, settings: NOTHING },
    async run(stage) {
      const { page, daemon } = stage;
      await stage.open();
      await page.click("#start [data-do=whatsapp]");
      await page.click(".steps [data-do=cloud]");
      await stage.accessible("the three values");
      await next(page);
      same(await page.evaluate(() => document.activeElement.type), "password", "what is missing is asked for");
      const [token, phone, app] = await page.$$(".steps input");
      await phone.fill("1");
      await app.fill("0123456789abcdef");
      await token.fill("EAAwrong");
      await next(page);
      await until("the token is refused", async () => /190|access token/i.test(await trouble(page)));
      await token.fill(META_TOKEN);
      await next(page);
      await until("the number is unknown", async () => /does not exist/.test(await trouble(page)));
      await stage.shot("first-cloud-refused");
      assert(!written(stage).includes("WHATSAPP_CLOUD"), "nothing is written yet");
      await phone.fill(PHONE_ID);
      await next(page);
      await page.waitForSelector(".steps .found");
      assert(/The Shop.*98765-4321/.test(await page.textContent(".steps .found")), "whose number it is");
      await next(page);
      await page.waitForSelector(".steps .to-copy");
      const [address, word] = await page.$$eval(".steps .to-copy code", (all) => all.map((one) => one.textContent));
      same(address, `${daemon.origin}/webhooks/whatsapp-cloud`, "where Meta posts to");
      assert(/onboard --reach/.test(await page.textContent(".steps .warning")), "that Meta does not reach this machine");
      const asked = await fetch(`${address}?hub.mode=subscribe&hub.verify_token=${word}&hub.challenge=42`);
      same(await asked.text(), "42", "what Meta is answered with that word");
      same(await state(stage, "whatsapp-cloud"), "running", "the channel");
      await stage.accessible("what Meta is told");
      await stage.shot("first-cloud-done");
    },
  },
  {
    name: "whoever may not change settings is offered nothing",
    needs: { settings: NOTHING },
    async run(stage) {
      const { daemon } = stage;
      const { code } = await daemon.rpc("key.pair", { name: "helper", role: "operator" });
      const page = await (await stage.visitor()).newPage();
      await page.goto(`${daemon.origin}/#pair=${code}`);
      await page.click("#join-go");
      await stage.connected(page);
      await stage.go("control", page);
      await page.waitForSelector("#integrations [data-key]");
      same(await cards(page, "#start-cards"), [], "the cards");
      same(await page.isVisible("#add-channel"), false, "the way to add a channel");
      same(await page.isVisible("section.settings"), false, "the settings");
    },
  },
];
