// The control view: what is shown is so, and what is pressed is done.

import { assert, same, until } from "../until.mjs";

const row = (part, key) => `#${part} [data-key="${key}"]`;
const action = (part, key, what) => `${row(part, key)} [data-do=${what}]`;

const channel = (stage, name) => stage.daemon.rpc("integrations").then(({ integrations }) => integrations.find((one) => one.name === name));

async function open(stage) {
  await stage.open("control");
  await stage.page.waitForSelector("#control:not([hidden]) #integrations [data-key]");
}

export const checks = [
  {
    name: "an integration is stopped, started and restarted",
    needs: { evolution: true },
    async run(stage) {
      const { page } = stage;
      await open(stage);
      await stage.shot("control");
      await page.click(action("integrations", "whatsapp", "stop"));
      await until("it is stopped", async () => (await channel(stage, "whatsapp")).state === "stopped");
      await page.click(action("integrations", "whatsapp", "start"));
      await until("it runs", async () => (await channel(stage, "whatsapp")).state === "running");
      const { since_ms: since } = await channel(stage, "whatsapp");
      await page.click(action("integrations", "whatsapp", "restart"));
      await until("it runs since later", async () => {
        const now = await channel(stage, "whatsapp");
        return now.state === "running" && now.since_ms > since;
      });
    },
  },
  {
    name: "a phone is paired by the code on the screen",
    needs: { evolution: true },
    async run(stage) {
      const { page, evolution } = stage;
      evolution.state = "close";
      await open(stage);
      await page.click(action("integrations", "whatsapp", "connect"));
      await page.waitForSelector("#pair-dialog[open] #qr svg, #pair-dialog[open] #qr canvas, #pair-dialog[open] #qr img");
      await until("the code to type is told", async () => (await page.textContent("#pair-dialog")).includes("WZYEH1YY"));
      const [width, height] = await page.$eval("#qr > *", (one) => [one.getBoundingClientRect().width, one.getBoundingClientRect().height]);
      assert(width > 150 && Math.abs(width - height) < 2, "the code is square and large enough for a camera", [width, height]);
      const { qr } = await stage.daemon.rpc("integration.connect", { name: "whatsapp" });
      assert(await sameCode(stage, qr), "what is drawn is the code");
      await stage.accessible("the code");
      await stage.shot("qr");
      await page.emulateMedia({ colorScheme: "dark" });
      assert(await sameCode(stage, qr), "the code is dark on light in the dark as well");
      await stage.shot("qr-dark");
      await evolution.pair();
      await until("it says that it is paired", async () => /paired/i.test(await page.textContent("#pair-dialog")), 30_000);
    },
  },
  {
    name: "a channel that cannot send says so until that is over, and only one with a phone is paired",
    needs: { evolution: true },
    async run(stage) {
      const { page, evolution } = stage;
      evolution.state = "close";
      await stage.daemon.rpc("integration.restart", { name: "whatsapp" });
      await open(stage);
      const told = () => page.textContent(row("integrations", "whatsapp"));
      await until("it says that it cannot send", async () => /cannot send now.*not connected \(close\)/.test(await told()));
      const tones = await page.$$eval("#integrations > li", (all) => all.map((one) => [one.dataset.key, one.className]));
      same(tones, [["whatsapp", "warn"], ["webchat", "good"]], "the tones, what is in trouble first");
      same(await page.textContent(`${row("integrations", "whatsapp")} .main`), "Connect", "what mends it");
      same(await page.$$eval("#integrations [data-do=connect]", (all) => all.map((one) => one.closest("li").dataset.key)), ["whatsapp"], "which is paired");
      await stage.accessible("an impaired channel");
      await stage.shot("control-impaired");
      await page.selectOption("#language", "pt");
      await until("in Portuguese as well", async () => (await told()).includes("sem conseguir enviar agora"));
      await page.selectOption("#language", "en");
      await evolution.pair();
      await until("it runs, and what was wrong is not told any more", async () => /running/.test(await told()) && !/close/.test(await told()), 30_000);
    },
  },
  {
    name: "another language leaves no word of the one before, in either view",
    needs: { evolution: true },
    async run(stage) {
      const { page, daemon } = stage;
      await daemon.rpc("receive", { channel: "webchat", peer: "ana", text: "1" });
      await daemon.rpc("pause", { channel: "whatsapp" });
      await daemon.rpc("send", { channel: "whatsapp", to: "5511987650077", text: "2" });
      for (const view of ["control", "chat/webchat/ana"]) {
        await stage.open(view);
        const said = () => page.evaluate(() => [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility() && one.id !== "language").flatMap((one) => [...one.childNodes]).filter(({ nodeType, textContent }) => nodeType === 3 && /\p{L}/u.test(textContent)).map(({ textContent }) => textContent.replace(/\d+/g, "0").trim()));
        await page.selectOption("#language", "pt");
        await page.reload();
        await stage.connected();
        await page.waitForSelector("#pauses li");
        if (view === "control") await page.waitForSelector("#settings [data-key]", { state: "attached" });
        const expected = new Set(await said());
        await page.selectOption("#language", "en");
        await until("in English", async () => !(await said()).every((text) => expected.has(text)));
        await page.selectOption("#language", "pt");
        const left = async () => (await said()).filter((text) => !expected.has(text));
        await until("as if it had begun so", async () => !(await left()).length).catch(async () => same(await left(), [], `what was left in ${view}`));
        await page.selectOption("#language", "en");
      }
    },
  },
  {
    name: "who asks to be let in is approved and turned away",
    needs: { evolution: true },
    async run(stage) {
      const { page, evolution, daemon } = stage;
      await open(stage);
      await evolution.say("5511777", "Bia", "let me in");
      await evolution.say("5511888", "Caio", "me too");
      await page.waitForSelector("#pairing [data-do=approve]");
      const pending = async () => (await daemon.rpc("pairing")).pending;
      await until("both ask", async () => (await pending()).length === 2);
      await until("both are shown", async () => (await page.$$("#pairing [data-do=approve]")).length === 2);
      assert(/Bia.*let me in/.test(await page.textContent("#pairing")), "their names and first words", await page.textContent("#pairing"));
      const rowOf = (who) => page.locator("#pairing [data-key]", { hasText: who });
      await rowOf("5511777").locator("[data-do=approve]").click();
      await until("one is let in", async () => (await daemon.rpc("pairing")).approved.some(({ sender }) => sender.includes("5511777")));
      await rowOf("5511888").locator("[data-do=reject]").click();
      await until("nobody asks any more", async () => !(await pending()).length);
      await evolution.say("5511777", "Bia", "thank you");
      await until("she is heard", async () => (await daemon.rpc("history", { channel: "whatsapp" })).messages.some(({ text }) => text === "thank you"));
    },
  },
  {
    name: "what waits is withdrawn and what failed goes out again",
    needs: { evolution: true },
    async run(stage) {
      const { page, daemon, evolution } = stage;
      const send = (text) => daemon.rpc("send", { channel: "whatsapp", to: "551133334444", text });
      await send("please refuse");
      await until("it failed", async () => (await daemon.rpc("outbox")).failed.length === 1);
      await daemon.rpc("integration.stop", { name: "whatsapp" });
      const { message_id: waiting } = await send("waits");
      await open(stage);
      await stage.shot("control-outbox");
      await page.click(action("outbox", waiting, "cancel"));
      await until("it is withdrawn", async () => (await daemon.rpc("message", { message_id: waiting })).message.state === "cancelled");
      evolution.refuses = "nothing any more";
      await daemon.rpc("integration.start", { name: "whatsapp" });
      await page.click("#failures [data-do=retry]");
      await until("it went out", () => evolution.sent.some(({ text }) => text === "please refuse"));
      await until("nothing failed any more", () => page.isHidden("section.failures"));
    },
  },
  {
    name: "settings are shown with their source and no secret",
    needs: { evolution: true },
    async run(stage) {
      const { page, daemon } = stage;
      await open(stage);
      await page.waitForSelector(row("settings", "CLEUDOCODEBOT_TOKEN"), { state: "attached" });
      const text = await page.textContent("#settings");
      assert(!text.includes(daemon.token) && !text.includes("evolution-key-of-the-test"), "a secret is shown");
      const html = await page.content();
      assert(!html.includes(daemon.token) && !html.includes("evolution-key-of-the-test"), "a secret is in the page");
      const token = await page.textContent(row("settings", "CLEUDOCODEBOT_TOKEN"));
      assert(/ set /.test(token) && token.includes(".env"), "that the token is set, with its source", token);
      assert(!html.includes(daemon.token.slice(0, 4) + "…"), "some of the token is shown");
      const url = await page.textContent(row("settings", "WHATSAPP_BASE_URL"));
      assert(url.includes(stage.evolution.settings.WHATSAPP_BASE_URL), "an address in full", url);
    },
  },
  {
    name: "log lines come as they are written and are filtered by level",
    needs: { evolution: true, settings: { CLEUDOCODEBOT_LOG_LEVEL: "debug" } },
    async run(stage) {
      const { page, daemon } = stage;
      await open(stage);
      const lines = () => page.$eval("#lines", (one) => one.innerText);
      await until("earlier lines are there", async () => (await lines()).includes("ready"));
      await daemon.rpc("reload");
      await until("a new line comes", async () => (await lines()).includes("reloaded"));
      await page.selectOption("#level", "error");
      await until("graver ones only", async () => !(await lines()).includes("reloaded"));
      await page.selectOption("#level", "info");
      await page.fill("#log-search", "RELOADED");
      await until("only those lines", async () => (await lines()).includes("reloaded") && !(await lines()).includes("ready"));
      await page.fill("#log-search", "no such words");
      await until("that there is none", async () => /Nothing found/.test(await page.textContent("#log-none")));
      await page.fill("#log-search", "");
      await until("and back", async () => (await lines()).includes("reloaded"));
    },
  },
  {
    name: "who is connected comes and goes",
    async run(stage) {
      const { page } = stage;
      await open(stage);
      const other = await stage.client();
      await other.ask("auth", { client: { name: "a script", kind: "mobile" } });
      await until("it is there", async () => (await page.textContent("#clients")).includes("a script"));
      other.close();
      await until("it is gone", async () => !(await page.textContent("#clients")).includes("a script"));
    },
  },
];

/** Reads what is drawn back from a picture of it and compares it with the rows of the code. */
async function sameCode({ page }, rows) {
  const picture = (await page.locator("#qr > *").screenshot()).toString("base64");
  return page.evaluate(async ([picture, rows]) => {
    const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const isDark = (x, y) => data[4 * (Math.round(y) * image.width + Math.round(x))] < 128;
    // The outermost strip may be round and show what is behind; the code has white around it.
    const strip = Math.round(image.width / 25);
    let [left, right, top, bottom] = [image.width, 0, image.height, 0];
    for (let y = strip; y < image.height - strip; y++) {
      for (let x = strip; x < image.width - strip; x++) {
        if (!isDark(x, y)) continue;
        [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x + 1), Math.min(top, y), Math.max(bottom, y + 1)];
      }
    }
    const [wide, high] = [(right - left) / rows[0].length, (bottom - top) / rows.length];
    return rows.every((row, j) => [...row].every((cell, i) => isDark(left + (i + 0.5) * wide - 0.5, top + (j + 0.5) * high - 0.5) === (cell === "1")));
  }, [picture, rows]);
}
