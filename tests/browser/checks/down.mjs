// A channel whose service is away: each view says so, what waits says for what, and what can be done is at hand.

import { assert, same, until } from "../until.mjs";

const ANA = "5511987650077";
const ROW = `#conversations [data-key="whatsapp/${ANA}"]`;
const CARD = '#integrations [data-key="whatsapp"]';
const NARROW = { viewport: { width: 320, height: 640 }, locale: "pt-BR", colorScheme: "dark", hasTouch: true, isMobile: true };

/** A server of WhatsApp that refuses connections, and a message on its way to it. */
async function cutOff(stage) {
  const { daemon, evolution } = stage;
  await daemon.rpc("config.set", { changes: { WHATSAPP_BASE_URL: "http://127.0.0.1:1", WHATSAPP_API_TOKEN_INSTANCE: evolution.key, WHATSAPP_RATE: "0" } });
  await until("it is tried again", async () => (await daemon.rpc("integrations")).integrations.find(({ name }) => name === "whatsapp")?.state === "backing_off");
  await daemon.rpc("send", { channel: "whatsapp", to: ANA, text: "at four, as always, at the corner of the two streets" });
  await until("it is on its way", async () => (await daemon.rpc("history", { channel: "whatsapp", peer: ANA })).messages[0]?.state === "sending");
}

/** The row is two lines: the name and the time, then the channel, how far it came and its words. */
async function isInLine(page) {
  await page.waitForSelector(`${ROW} .icon.sending`);
  const [row, name, badge, clock, words] = await page.$eval(ROW, (row) => [row, ...["b", "small", ".icon.sending", "span > bdi"].map((one) => row.querySelector(one))].map((one) => one.getBoundingClientRect().toJSON()));
  const middle = ({ top, bottom }) => (top + bottom) / 2;
  assert(name.bottom <= clock.top + 2, "the clock is below the name", [name, clock]);
  assert(Math.abs(middle(badge) - middle(clock)) < 4 && Math.abs(middle(badge) - middle(words)) < 4, "the badge, the clock and the words are in a line", [badge, clock, words]);
  assert(words.height < 24 && words.bottom <= row.bottom, "the words are one line of the row", [words, row]);
}

export const checks = [
  {
    name: "the list keeps its lines, the conversation says why its messages wait, and no longer once it runs",
    needs: { evolution: "away" },
    async run(stage) {
      const { page, daemon, evolution } = stage;
      await cutOff(stage);
      await stage.open(`chat/whatsapp/${ANA}`);
      const told = () => page.textContent("#held-back");
      await until("what is down, since when and why", async () => /^WhatsApp: trying again since \d.* · .*cannot be reached: .*\. What you send here waits\.$/.test(await told())).catch(async () => assert(false, "what is told", await told()));
      await isInLine(page);
      await stage.accessible("a conversation whose channel is down");
      await stage.shot("down");
      await page.emulateMedia({ colorScheme: "dark" });
      await isInLine(page);
      await page.selectOption("#language", "pt");
      await until("in Portuguese", async () => /^WhatsApp: tentando de novo desde \d.*\. O que você enviar aqui espera\.$/.test(await told()));
      await stage.shot("down-dark-portuguese");
      await page.selectOption("#language", "en");
      await daemon.rpc("integration.stop", { name: "whatsapp" });
      await until("what is stopped says so", async () => /^WhatsApp: stopped since \d[^·]*\. What you send here waits\.$/.test(await told()));
      await daemon.rpc("config.set", { changes: { WHATSAPP_BASE_URL: evolution.url } });
      await daemon.rpc("integration.start", { name: "whatsapp" });
      await page.waitForSelector("#held-back", { state: "hidden" });
    },
  },
  {
    name: "so it does on a phone, in Portuguese and in the dark",
    needs: { evolution: "away", context: NARROW },
    async run(stage) {
      const { page } = stage;
      await cutOff(stage);
      await stage.open();
      await isInLine(page);
      await stage.shot("down-phone-list");
      await page.tap(ROW);
      await page.waitForSelector("#held-back:not([hidden])");
      const over = await page.$eval("#held-back", (one) => one.getBoundingClientRect().right > innerWidth || one.scrollWidth > one.clientWidth);
      assert(!over, "it is over the edge");
      await stage.accessible("the conversation");
      await stage.shot("down-phone-thread");
    },
  },
  {
    name: "its card restarts it by the main button and tells no command for a terminal, and its dialog what to look at",
    needs: { evolution: "away" },
    async run(stage) {
      const { page, evolution, daemon } = stage;
      await cutOff(stage);
      await stage.open("control");
      await page.waitForSelector(`${CARD} .main`);
      same(await page.getAttribute(`${CARD} .main`, "data-do"), "restart", "the main button");
      same(await page.$$eval(`${CARD} [data-do=showLog]`, (all) => all.length), 1, "the log is at hand as well");
      const trouble = () => page.textContent(`${CARD} .trouble-line`);
      assert(/cannot be reached.*tried again by itself.*address in \.env is right$/.test(await trouble()), "what is wrong", await trouble());
      same(await page.getAttribute(CARD, "title"), "", "no other name of it");
      await stage.shot("down-control");
      await page.selectOption("#language", "pt");
      await until("in Portuguese", async () => /a nova tentativa é automática.*está certo$/.test(await trouble()));
      await page.selectOption("#language", "en");
      await page.click(`${CARD} [data-do=connect]`);
      const note = () => page.textContent("#pair-note");
      await until("what to look at", async () => /cannot be reached.* – See whether it runs, and whether the address is right\. It is tried again/.test(await note()));
      assert(await page.isHidden("#pair-hint"), "how to scan a code that is not there");
      await stage.accessible("no code to scan");
      await stage.shot("down-pair");
      evolution.state = "close";
      await daemon.rpc("config.set", { changes: { WHATSAPP_BASE_URL: evolution.url } });
      await page.waitForSelector("#qr svg");
      assert(await page.isVisible("#pair-hint"), "how to scan it");
      assert(!/cannot be reached/.test(await note()), "what was wrong is over", await note());
    },
  },
  {
    name: "a service on the internet that cannot be reached asks for the internet",
    async run(stage) {
      const { page } = stage;
      // The gateway's answer where its machine is cut off.
      await page.routeWebSocket(/./, (socket) => {
        const gateway = socket.connectToServer();
        socket.onMessage((text) => {
          const { action, id } = JSON.parse(text);
          const payload = { code: "channel_unavailable", message: "api.telegram.org cannot be reached: failed to lookup address information: Name or service not known" };
          if (action === "config.check") socket.send(JSON.stringify({ type: "error", action, id, payload }));
          else gateway.send(text);
        });
      });
      await stage.open("control");
      await page.click("#add-channel");
      await page.click("dialog [data-do=telegram]");
      await page.fill(".steps input", "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw");
      await page.click(".steps .main");
      const trouble = () => page.textContent(".steps .step-trouble");
      await until("it is told", async () => /cannot be reached.* – See whether the gateway’s machine has internet\.$/.test(await trouble()));
      await page.fill(".steps input", "lixo");
      await page.click(".steps .main");
      await until("what is no token needs no question", async () => /^This is no token of a bot/.test(await trouble()));
    },
  },
];
