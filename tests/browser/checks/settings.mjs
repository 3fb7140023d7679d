// Settings in place: described, changed, refused, waiting for a restart, and what cannot be changed from here.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { assert, same, until } from "../until.mjs";

const written = (stage) => readFileSync(join(stage.daemon.home, ".env"), "utf8");
const row = (key) => `#settings [data-key="${key}"]`;
const told = (page, key) => page.textContent(row(key));

async function open(stage, group, page = stage.page) {
  await stage.open("control", page);
  await page.waitForSelector("#settings [data-key]", { state: "attached" });
  await page.click(`#settings [data-group="${group}"] summary`);
}

async function edit(page, key, value) {
  await page.click(`${row(key)} [data-do=edit]`);
  await page.fill(`#set-${key}`, value);
  await page.press(`#set-${key}`, "Enter");
}

/** Types into the form that is open. */
async function retype(page, key, value) {
  await page.fill(`#set-${key}`, value);
  await page.press(`#set-${key}`, "Enter");
}

export const checks = [
  {
    name: "a setting is changed in place, counts at once, and other pages are told",
    async run(stage) {
      const { page, context } = stage;
      await open(stage, "webchat");
      const second = await context.newPage();
      await second.goto(stage.daemon.origin);
      await stage.connected(second);
      await stage.go("control", second);
      await second.waitForSelector(row("WEBCHAT_RATE"), { state: "attached" });
      assert(/Messages a minute.*WEBCHAT_RATE 0 default/.test(await told(page, "WEBCHAT_RATE")), "what it is", await told(page, "WEBCHAT_RATE"));
      await edit(page, "WEBCHAT_RATE", "2000000");
      await until("why it is refused", async () => /from 0 to 1000000/.test(await page.textContent(`${row("WEBCHAT_RATE")} [role=alert]`)));
      assert(!written(stage).includes("WEBCHAT_RATE"), "a refused value is not written");
      await stage.accessible("a refused setting");
      await stage.shot("settings-refused");
      await retype(page, "WEBCHAT_RATE", "60");
      await until("it counts", async () => /WEBCHAT_RATE 60 \.env.*counts now/.test(await told(page, "WEBCHAT_RATE")));
      assert(/^WEBCHAT_RATE=60$/m.test(written(stage)), "it is written");
      await until("another page shows it", async () => /WEBCHAT_RATE 60/.test(await told(second, "WEBCHAT_RATE")));
      await page.click(`${row("WEBCHAT_RATE")} [data-do=edit]`);
      await page.click(`${row("WEBCHAT_RATE")} [data-do=reset]`);
      await until("it is the default again", async () => /WEBCHAT_RATE 0 default/.test(await told(page, "WEBCHAT_RATE")));
      assert(!written(stage).includes("WEBCHAT_RATE"), "it is taken out");
      same(await page.evaluate(() => document.activeElement.dataset.do), "edit", "where the keyboard is then");
    },
  },
  {
    name: "how many are set agrees with the words before it, in Portuguese too",
    async run(stage) {
      const { page, daemon } = stage;
      await daemon.rpc("config.set", { changes: { GROQ_MODEL: "llama", TELEGRAM_ALLOW_FROM: "77", TELEGRAM_RATE: "3" } });
      await stage.open("control");
      await page.selectOption("#language", "pt");
      const summary = (group) => page.textContent(`#settings [data-group="${group}"] summary`);
      await until("one", async () => (await summary("models")) === "Modelos 1 ajuste definido");
      await until("several", async () => /^Telegram 2 ajustes definidos$/.test(await summary("telegram")));
      await page.selectOption("#language", "en");
      await until("in English", async () => (await summary("models")) === "Models 1 set");
    },
  },
  {
    name: "what needs a restart says so until then, also after a reload of the page",
    async run(stage) {
      const { page, daemon } = stage;
      stage.tolerateOutage();
      await open(stage, "keeping");
      assert(await page.isHidden("#settings-waiting"), "nothing waits yet");
      await edit(page, "CLEUDOCODEBOT_HISTORY_DAYS", "30");
      await until("it waits", async () => /CLEUDOCODEBOT_HISTORY_DAYS/.test(await page.textContent("#settings-waiting")));
      assert(/from the next start/.test(await told(page, "CLEUDOCODEBOT_HISTORY_DAYS")), "the row says so");
      await stage.accessible("a setting that waits");
      await stage.shot("settings-restart");
      await page.reload();
      await stage.connected();
      await until("it still waits", () => page.isVisible("#settings-waiting"));
      assert((await page.textContent("#settings-waiting")).includes("cleudocodebot restart"), "how to restart what nobody starts again");
      await daemon.stop();
      await daemon.start();
      await until("nothing waits any more", () => page.isHidden("#settings-waiting"), 30_000);
    },
  },
  {
    name: "a daemon that comes back is restarted by the page",
    needs: { settings: { INVOCATION_ID: "of-the-test" } },
    async run(stage) {
      const { page, daemon } = stage;
      stage.tolerateOutage();
      await open(stage, "keeping");
      await edit(page, "CLEUDOCODEBOT_HISTORY_DAYS", "30");
      await page.click("[data-do=restart-gateway]");
      await until("it went", async () => (await page.getAttribute("body", "data-state")) === "waiting");
      await daemon.stop();
      await daemon.start();
      await until("nothing waits any more", () => page.isHidden("#settings-waiting"), 30_000);
    },
  },
  {
    name: "secrets are written and never read",
    async run(stage) {
      const { page } = stage;
      const secret = "gsk_a_secret_of_the_test_0123456789";
      await open(stage, "models");
      assert(/GROQ_API_KEY not set/.test(await told(page, "GROQ_API_KEY")), "it is not set", await told(page, "GROQ_API_KEY"));
      await edit(page, "GROQ_API_KEY", ` ${secret} `);
      await until("it is set", async () => /GROQ_API_KEY set \.env/.test(await told(page, "GROQ_API_KEY")));
      assert(written(stage).includes(secret), "it is written");
      assert(!(await page.content()).includes(secret.slice(0, 4)), "some of it is in the page");
      await page.click(`${row("GROQ_API_KEY")} [data-do=edit]`);
      same(await page.inputValue("#set-GROQ_API_KEY"), "", "the field of a secret");
      await page.press("#set-GROQ_API_KEY", "Enter");
      assert(written(stage).includes(secret), "an empty field leaves it");
      await page.click(`${row("GROQ_API_KEY")} [data-do=edit]`);
      await page.click(`${row("GROQ_API_KEY")} [data-do=reset]`);
      await until("it is gone", () => !written(stage).includes(secret));
    },
  },
  {
    name: "a page that changes the owner's token stays in",
    async run(stage) {
      const { page } = stage;
      // None where the daemon does not take the token yet.
      const pages = async () => ((await stage.daemon.rpc("clients"))?.clients ?? []).filter(({ kind }) => kind === "webchat").map(({ id }) => id);
      const other = await stage.context.newPage();
      await stage.open("", other);
      await open(stage, "gateway");
      await page.evaluate(() => localStorage.setItem("of the one who is here", "1"));
      const former = await pages();
      same(former.length, 2, "the pages");
      const token = "fedcba9876543210fedcba9876543210";
      await edit(page, "CLEUDOCODEBOT_TOKEN", token);
      await until("it is written", () => written(stage).includes(token));
      stage.daemon.token = token;
      await until("both tabs go on", async () => {
        const now = await pages();
        return now.length === 2 && !now.some((id) => former.includes(id));
      });
      await Promise.all([stage.connected(), stage.connected(other)]);
      same(await page.evaluate(() => [location.hash, localStorage.getItem("of the one who is here")]), ["#control", "1"], "where it is, and what it keeps");
      await page.reload();
      await stage.connected();
    },
  },
  {
    name: "what the environment decides, and what runs programs, is not offered for change",
    needs: { settings: { CLEUDOCODEBOT_LOG_LEVEL: "info" } },
    async run(stage) {
      const { page } = stage;
      await open(stage, "keeping");
      assert(/set by the environment/.test(await told(page, "CLEUDOCODEBOT_LOG_LEVEL")), "who decides it");
      assert(!(await page.$(`${row("CLEUDOCODEBOT_LOG_LEVEL")} button`)), "it has no button");
      for (const key of ["AGENT_EXEC", "AGENT_TOOLS", "TRANSCRIBE_COMMAND"]) {
        assert(/cleudocodebot config set/.test(await told(page, key)), "how it is changed", await told(page, key));
        assert(!(await page.$(`${row(key)} button`)), `${key} has a button`);
      }
    },
  },
  {
    name: "a setting is found by its name and by what it does, on a phone and by keyboard",
    needs: { context: { viewport: { width: 320, height: 640 } } },
    async run(stage) {
      const { page } = stage;
      await stage.open("control");
      await page.waitForSelector("#settings [data-key]", { state: "attached" });
      const shown = () => page.$$eval("#settings .setting", (all) => all.filter((one) => one.checkVisibility()).map((one) => one.dataset.key));
      same(await shown(), [], "what is folded");
      await page.fill("#settings-search", "notification shows");
      await until("it is found", async () => (await shown()).join() === "PUSH_PREVIEW");
      await page.focus(`${row("PUSH_PREVIEW")} [role=switch]`);
      await page.keyboard.press("Space");
      await until("it is off", async () => /PUSH_PREVIEW off/.test(await told(page, "PUSH_PREVIEW")));
      assert(/^PUSH_PREVIEW=0$/m.test(written(stage)), "it is written");
      same(await page.evaluate(() => document.activeElement.getAttribute("role")), "switch", "where the keyboard is then");
      const wide = await page.$$eval("#control *", (all) => all.filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 80)));
      same(wide, [], "what is over the edge");
      await stage.accessible("a setting that was found");
      await page.fill("#settings-search", "shows nótification");
      await until("in any order, with or without accents", async () => (await shown()).join() === "PUSH_PREVIEW");
      await page.fill("#settings-search", "no such words");
      await until("that nothing is found is told", async () => !(await shown()).length && /Nothing found/.test(await page.textContent("#settings-search + [role=status]")));
      await stage.shot("settings-nothing-found");
      await page.fill("#settings-search", "");
      same(await page.textContent("#settings-search + [role=status]"), "", "what is told then");
      await until("all is folded again", async () => !(await shown()).length);
    },
  },
];
