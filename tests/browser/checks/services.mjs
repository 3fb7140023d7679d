// Discord, and WhatsApp by another server than the usual, connected from the page.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { DISCORD_TOKEN } from "../discord.mjs";
import { GOWA_CODE, GOWA_KEY } from "../gowa.mjs";
import { assert, same, until } from "../until.mjs";

const PHONE = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const NOTHING = { AGENT_PI: "/no/such/pi", OLLAMA_HOST: "127.0.0.1:1" };

const written = (stage) => readFileSync(join(stage.daemon.home, ".env"), "utf8");
const next = (page) => page.click(".steps .main");
const trouble = (page) => page.textContent(".steps .step-trouble");
const state = async (stage, name) => (await stage.daemon.rpc("integrations")).integrations.find((one) => one.name === name)?.state;

/** Lets the one in who asks. */
async function letIn(page, first) {
  await page.waitForSelector(".askers [data-do=approve]");
  assert(first.test(await page.textContent(".askers")), "who asks, and their first words", await page.textContent(".askers"));
  await page.click(".askers [data-do=approve]");
}

export const checks = [
  {
    name: "a bot of Discord is connected by its token, told what to switch on, and heard",
    needs: { discord: true, settings: NOTHING },
    async run(stage) {
      const { page, discord, daemon } = stage;
      discord.readsContent = false;
      await stage.open("control");
      await page.click("#add-channel");
      await page.click("dialog [data-do=discord]");
      await stage.accessible("asking for the token");
      await stage.shot("discord-token");
      await page.fill(".steps input", "MTA4.wrong.token-of-the-test");
      await next(page);
      await until("a wrong token is refused", async () => /401|Unauthorized|reset/i.test(await trouble(page)));
      await page.fill(".steps input", ` ${DISCORD_TOKEN} `);
      await next(page);
      await until("the intent is asked for", async () => /Message Content Intent/.test(await trouble(page)));
      await stage.shot("discord-intent");
      assert(!written(stage).includes("DISCORD"), "nothing is written yet");
      discord.readsContent = true;
      await next(page);
      await page.waitForSelector(".steps .found");
      assert(/The Shop <b>/.test(await page.textContent(".steps .found")), "whose bot it is", await page.textContent(".steps .found"));
      await stage.accessible("who may write");
      await next(page);
      await page.waitForSelector(".steps .done");
      same(await state(stage, "discord"), "running", "the channel");
      const invitation = new URL(await page.getAttribute(".steps a", "href"));
      same([invitation.host, invitation.searchParams.get("client_id")], ["discord.com", "1087965432109876543"], "the invitation");
      assert(!(await page.content()).includes(DISCORD_TOKEN), "the token is in the page");
      await stage.accessible("a bot that is connected");
      await stage.shot("discord-done");
      discord.say("80351110224678912", "Ana <i>", "May I come in?");
      await letIn(page, /Ana <i>.*May I come in\?/);
      await until("she is told", () => discord.sent.some(({ channel, content }) => channel === "980351110224678912" && /You were let in/.test(content)));
      await page.click(".steps .close");
      discord.say("80351110224678912", "Ana <i>", "Thank you");
      await until("she is heard", async () => (await daemon.rpc("history", { channel: "discord" })).messages.some(({ text }) => text === "Thank you"));
      await stage.go("chat/discord/user:80351110224678912");
      await until("her words are there", async () => (await stage.texts()).at(-1) === "Thank you");
      await stage.say("At *four*");
      await until("she is answered", () => discord.sent.some(({ content }) => content.replaceAll("\\", "") === "At *four*"));
      await stage.shot("discord-chat");
    },
  },
  {
    name: "WhatsApp by a server that draws its code is paired by thumb, in Portuguese",
    needs: { gowa: "away", settings: NOTHING, context: PHONE },
    async run(stage) {
      const { page, gowa, daemon } = stage;
      await stage.open();
      await page.selectOption("#language", "pt");
      await stage.go("chat/webchat/visitor");
      await page.tap("#start [data-do=whatsapp]");
      await page.tap(".steps [data-do=phone]");
      await page.selectOption(".steps select", "gowa");
      await until("where it is described", async () => (await page.getAttribute(".steps a", "href")).includes("go-whatsapp-web-multidevice"));
      await stage.accessible("which server");
      await stage.shot("gowa-server");
      await page.fill(".steps input[type=url]", gowa.url);
      await page.fill(".steps input[type=password]", "ana:wrong");
      await page.tap(".steps .main");
      await until("the key is refused", async () => /401/.test(await trouble(page)));
      await page.fill(".steps input[type=password]", GOWA_KEY);
      await page.tap(".steps .main");
      await page.waitForSelector(".steps [name=instance]", { state: "attached" });
      await page.tap(".steps .main");
      await page.waitForSelector(".steps .qr img");
      same(await stage.scanned(".steps .qr"), GOWA_CODE, "what the picture says");
      const over = await page.$eval(".steps .qr img", (one) => one.getBoundingClientRect().right > innerWidth);
      assert(!over, "the picture is over the edge");
      await stage.accessible("the picture of the code");
      await stage.shot("gowa-code");
      gowa.isConnected = true;
      await page.waitForSelector(".steps .done", { timeout: 20_000 });
      same(/^WHATSAPP_SERVER=["']?(\w+)/m.exec(written(stage))?.[1], "gowa", "what is written");
      await gowa.say("5511987650077", "Bia", "posso entrar?");
      await letIn(page, /Bia.*posso entrar\?/);
      await until("she is told", () => gowa.sent.some(({ phone, message }) => phone.includes("5511987650077") && !/código/.test(message)));
      await page.tap(".steps .close");
      await daemon.rpc("send", { channel: "whatsapp", to: "5511987650077", text: "às quatro" });
      await until("she is answered", () => gowa.sent.some(({ message }) => message === "às quatro"));
    },
  },
];
