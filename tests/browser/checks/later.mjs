// What goes out later, what is sent again and again, and what is paused: said where it is, and changed there.

import { FILES } from "../samples.mjs";
import { assert, same, until } from "../until.mjs";

const DAY_MS = 864e5;
const NUMBER = "5511912345678";
const PLACE = `#chat/whatsapp/${NUMBER}`;

const scheduled = (stage) => stage.daemon.rpc("scheduled", {}).then(({ messages }) => messages);
const schedules = (stage) => stage.daemon.rpc("schedules", {}).then((answer) => answer.schedules);
const localOf = (ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
/** Whole minutes, as the field has them. */
const minutes = (ms) => Math.floor(ms / 60_000) * 60_000;

/** An hour of a day that is neither today nor tomorrow. */
const closedHours = () => `${["sun", "mon", "tue", "wed", "thu", "fri", "sat"][(new Date().getDay() + 3) % 7]} 08:00-09:00`;

/** Nothing is to be wider than the window. */
async function fits(page, what) {
  const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert(wide <= window, `${what} fits`, [wide, window]);
  const beyond = await page.$$eval("dialog[open] :is(input, select, textarea, button)", (all) => all.filter((one) => one.getBoundingClientRect().right > one.closest("dialog").getBoundingClientRect().right).map((one) => one.outerHTML));
  same(beyond, [], `${what} fits`);
}

async function open(stage, view = PLACE) {
  await stage.open(view);
  await stage.page.waitForSelector(view === PLACE ? "#thread:not([hidden]) #text" : "#control:not([hidden]) #integrations [data-key]");
}

/** Puts this time into the dialog and takes it. */
async function choose(page, ms) {
  await page.waitForSelector("dialog.sheet[open] .at");
  await page.fill("dialog.sheet .at", localOf(ms));
  await page.click("dialog.sheet .main");
  await page.waitForSelector("dialog.sheet", { state: "detached" });
}

export const checks = [
  {
    name: "a message is sent later, given another time, called off, and goes by itself when it is time",
    needs: { evolution: true },
    async run(stage) {
      const { page, evolution } = stage;
      await open(stage);
      await page.fill("#text", "good morning");
      await page.press("#text", "Alt+Enter");
      await page.waitForSelector("dialog.sheet[open]");
      await page.click("dialog.sheet [data-do=onTomorrow]");
      assert((await page.inputValue("dialog.sheet .at")).endsWith("T08:00"), "tomorrow at eight is chosen");
      await stage.accessible("the choice of a time");
      await stage.shot("later-choose");
      await page.fill("dialog.sheet .at", localOf(Date.now() - DAY_MS));
      await page.click("dialog.sheet .main");
      same(await page.$eval("dialog.sheet .at", (input) => input.validationMessage), "This time is over already.", "yesterday is refused");
      same(await scheduled(stage), [], "nothing was scheduled");
      const at = minutes(Date.now() + 3 * DAY_MS);
      await choose(page, at);
      const row = page.locator("#messages li", { hasText: "good morning" });
      await row.locator(".goes").waitFor();
      same((await scheduled(stage)).map(({ text, at_ms }) => [text, at_ms]), [["good morning", at]], "what is scheduled");
      same(await page.inputValue("#text"), "", "what was written is taken");
      assert(/Goes out/.test(await row.textContent()), "it says when", await row.textContent());
      await stage.accessible("a scheduled message");
      await stage.shot("later-thread");
      await row.locator(".another").click();
      same(await page.inputValue("dialog.sheet .at"), localOf(at), "it begins with its time");
      await choose(page, at + DAY_MS);
      await until("it has another time", async () => (await scheduled(stage))[0].at_ms === at + DAY_MS);
      await row.locator(".call-off").click();
      await until("it is called off", async () => !(await scheduled(stage)).length);
      await row.locator(".goes").waitFor({ state: "detached" });
      // With a file, and soon.
      await page.setInputFiles("#files", FILES.beach);
      await page.waitForSelector("#tray li");
      await page.fill("#text", "the beach");
      await page.click("#postpone");
      await choose(page, Date.now() + 2 * DAY_MS);
      const beach = page.locator("#messages li", { hasText: "the beach" });
      await beach.locator(".goes").waitFor();
      const [one] = await scheduled(stage);
      same([one.text, one.media.name], ["the beach", "beach.png"], "its words and its file");
      await stage.daemon.rpc("reschedule", { message_id: one.message_id, in: "1s" });
      await beach.locator(".icon.sent, .icon.delivered, .icon.read").waitFor();
      same(await beach.locator(".goes").count(), 0, "it waits no more");
    },
  },
  {
    name: "in a narrow window, in Portuguese and in the dark",
    needs: { evolution: true, context: { viewport: { width: 320, height: 640 }, locale: "pt-BR", colorScheme: "dark", hasTouch: true, isMobile: true } },
    async run(stage) {
      const { page, daemon } = stage;
      await daemon.rpc("pause", { channel: "whatsapp", for: "2h", reason: "férias coletivas" });
      await open(stage);
      await until("the strip is there", () => page.isVisible("#pauses"));
      await page.fill("#text", "bom dia");
      await page.click("#postpone");
      await page.waitForSelector("dialog.sheet[open]");
      await fits(page, "the dialog");
      await stage.accessible("the choice of a time");
      await stage.shot("later-choose-320");
      await page.click("dialog.sheet .main");
      await page.waitForSelector("#messages .goes");
      assert(/Sai em/.test(await page.textContent("#messages .goes")), "it says when");
      assert(/por WhatsApp está em pausa: férias coletivas.*até/.test(await page.textContent("#held-back")), "why it waits", await page.textContent("#held-back"));
      await page.fill("#text", "mais uma");
      await fits(page, "the thread");
      await stage.accessible("the thread");
      await stage.shot("later-thread-320");
      await stage.go("#control");
      await page.waitForSelector("#scheduled [data-key]");
      await fits(page, "control");
      await page.locator("section.later").scrollIntoViewIfNeeded();
      await stage.accessible("control");
      await stage.shot("later-control-320");
      await page.click("#add-schedule");
      await fits(page, "the form");
      await stage.accessible("the form");
      await stage.shot("later-form-320");
    },
  },
  {
    name: "sending is paused and resumed, and each view says so",
    needs: { evolution: true },
    async run(stage) {
      const { page, daemon, evolution } = stage;
      await open(stage, "#control");
      await page.click("#pause-sending");
      await page.fill("dialog.sheet input", "stock-taking");
      await stage.accessible("the pause");
      await stage.shot("later-pause");
      await page.click("dialog.sheet .main");
      await page.waitForSelector("#pauses:not([hidden])");
      assert(/^Sending is paused: stock-taking/.test(await page.textContent("#pauses span")), "the strip says why", await page.textContent("#pauses"));
      same((await daemon.rpc("pauses", {})).pauses.map(({ channel, reason }) => [channel, reason]), [["all", "stock-taking"]], "what is paused");
      await stage.accessible("a pause");
      await stage.shot("later-paused");
      await stage.go(PLACE);
      await page.waitForSelector("#held-back:not([hidden])");
      await stage.say("are you there?");
      await page.waitForSelector("#messages .icon.queued");
      assert(await page.isVisible("#pauses"), "the strip is over the chat as well");
      await stage.accessible("a paused conversation");
      await stage.shot("later-held");
      same(evolution.sent.length, 0, "nothing goes out");
      await page.click("#pauses [data-do=resumeSending]");
      await until("it goes out", () => evolution.sent.length === 1);
      await page.waitForSelector("#pauses", { state: "hidden" });
      await page.waitForSelector("#held-back", { state: "hidden" });
      // One that another has paused, and resumes.
      await daemon.rpc("pause", { channel: "whatsapp" });
      await until("it is told", async () => (await page.textContent("#pauses")).includes("Sending is paused on WhatsApp"));
      await daemon.rpc("resume", { channel: "whatsapp" });
      await page.waitForSelector("#pauses", { state: "hidden" });
    },
  },
  {
    name: "outside of the hours of a channel it says so in both languages",
    needs: { evolution: true, settings: { WHATSAPP_HOURS: closedHours() } },
    async run(stage) {
      const { page, evolution } = stage;
      await open(stage);
      const told = () => page.textContent("#held-back");
      await until("why it waits", async () => /^What you send here waits: outside of its hours until/.test(await told()));
      await page.selectOption("#language", "pt");
      await until("in Portuguese as well", async () => /^O que você enviar aqui espera: fora do horário até/.test(await told()));
      await page.selectOption("#language", "en");
      await stage.say("good night");
      await page.waitForSelector("#messages .icon.queued");
      assert(!(await page.isVisible("#pauses")), "hours are no pause");
      same(evolution.sent.length, 0, "nothing goes out");
      await stage.accessible("a conversation outside of the hours");
      await stage.shot("later-hours");
    },
  },
  {
    name: "each key sees what goes out later and what is paused, and has the handles that it may use",
    needs: { evolution: true },
    async run(stage) {
      const { page, daemon } = stage;
      await daemon.rpc("send", { channel: "whatsapp", to: NUMBER, text: "good morning", in: "1d" });
      await daemon.rpc("pause", { channel: "whatsapp" });
      const handles = { read: ["#pauses", ".goes"], send: ["#pauses", ".goes", "#postpone", "#held-back"], operator: ["#pauses", "#pauses button", ".goes", ".goes .another", ".goes .call-off", "#postpone", "#held-back"] };
      const all = handles.operator;
      for (const [role, expected] of Object.entries(handles)) {
        const { token } = await daemon.rpc("key.add", { name: role, role });
        const context = await stage.visitor();
        const tab = await context.newPage();
        await tab.goto(`${daemon.origin}/#token=${token}`);
        await stage.connected(tab);
        await stage.go(PLACE, tab);
        await tab.waitForSelector("#messages .goes");
        await tab.waitForSelector("#pauses li");
        const seen = [];
        for (const handle of all) if (await tab.isVisible(handle)) seen.push(handle);
        same(seen, expected, `what a key of role ${role} has`);
      }
      // A dialog is of the conversation that it was opened in.
      await stage.open(PLACE);
      await page.fill("#text", "not for others");
      await page.click("#postpone");
      await page.waitForSelector("dialog.sheet .at");
      await stage.go("#chat/whatsapp/5511900000000");
      await page.waitForSelector("dialog.sheet", { state: "detached" });
      same((await scheduled(stage)).length, 1, "nothing more was scheduled");
    },
  },
  {
    name: "Control lists by pages what goes out later, and keeps what is sent again and again",
    needs: { evolution: true },
    async run(stage) {
      const { page, daemon, evolution } = stage;
      for (let i = 1; i <= 52; i++) await daemon.rpc("send", { channel: "whatsapp", to: NUMBER, text: `number ${i}`, at: Date.now() + i * DAY_MS });
      await open(stage, "#control");
      const rows = () => page.$$eval("#scheduled .quote-line", (all) => all.map((one) => one.textContent));
      await until("the earliest are there", async () => (await rows()).length === 50);
      same((await rows())[0], "number 1", "the earliest first");
      await page.click("#pageNext");
      await until("the others are there", async () => (await rows()).join() === "number 51,number 52");
      await page.click("#scheduled [data-do=cancel] >> nth=0");
      await until("one is called off", async () => (await rows()).join() === "number 52");
      await page.click("#scheduled [data-do=another]");
      await choose(page, minutes(Date.now() + 60 * 60_000));
      await until("it is the earliest now, so this page is empty and the one before is shown", async () => (await rows())[0] === "number 52");
      await page.click("#add-schedule");
      const form = page.locator("dialog.sheet");
      await form.locator("input").nth(0).fill("greeting");
      await form.locator("select").nth(0).selectOption("whatsapp");
      await form.locator("input").nth(1).fill(NUMBER);
      await form.locator("textarea").fill("good morning all");
      await form.locator("select").nth(1).selectOption("byCron");
      await form.locator("input:visible").last().fill("at eight");
      await form.locator(".main").click();
      await until("what is wrong is said in the form", async () => /cron/.test(await form.locator("[role=alert]").textContent()));
      await stage.accessible("a form with a fault");
      await stage.shot("later-form");
      await form.locator("select").nth(1).selectOption("workDays");
      await form.locator("input[type=time]").fill("08:30");
      await form.locator(".main").click();
      await page.waitForSelector("#schedules [data-key=greeting]");
      same((await schedules(stage)).map(({ name, cron, state }) => [name, cron, state]), [["greeting", "30 8 * * mon-fri", "active"]], "the schedule");
      const row = page.locator("#schedules [data-key=greeting]");
      assert(/Monday to Friday at 8:30/.test(await row.textContent()), "when, in words", await row.textContent());
      await page.locator("#schedules").scrollIntoViewIfNeeded();
      await stage.accessible("what goes out later");
      await stage.shot("later-control");
      await row.locator("[data-do=holdSchedule]").click();
      await until("it is paused", async () => (await schedules(stage))[0].state === "paused");
      await row.locator("[data-do=goOnSchedule]").click();
      await until("it goes on", async () => (await schedules(stage))[0].state === "active");
      await row.locator("[data-do=runNow]").click();
      await until("it sent at once", () => evolution.sent.length === 1);
      await until("the last time is told", async () => /last /.test(await row.textContent()));
      await row.locator("[data-do=removeSchedule]").click();
      await page.click("dialog.sheet .main");
      await row.waitFor({ state: "detached" });
      same(await schedules(stage), [], "it is gone");
    },
  },
];
