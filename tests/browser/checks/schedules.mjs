// What is sent again and again, as a person makes it: with a picture, to a group by its name, and changed afterwards.

import { FILES } from "../samples.mjs";
import { assert, same, until } from "../until.mjs";

const { beach, bill } = FILES;
const NUMBER = "5511912345678";

const schedules = (stage) => stage.daemon.rpc("schedules", {}).then((answer) => answer.schedules);
const row = (name) => `#schedules [data-key="${name}"]`;
const files = (page) => page.$$eval("dialog.sheet .tray b", (all) => all.map((one) => one.textContent));

async function openForm(stage) {
  await stage.open("#control");
  await stage.page.waitForSelector("#integrations [data-key=whatsapp]");
  await stage.page.click("#add-schedule");
  await stage.page.waitForSelector("dialog.sheet[open]");
  return formOf(stage.page);
}

/** The fields of the form, by what they are. */
function formOf(page) {
  const form = page.locator("dialog.sheet");
  return {
    form,
    name: form.locator("input").nth(0),
    channel: form.locator("select").nth(0),
    to: form.locator("input").nth(1),
    text: form.locator("textarea"),
    files: form.locator("input[type=file]"),
    way: form.locator("select").nth(1),
    time: form.locator("input[type=time]"),
    trouble: form.locator("p[role=alert]").last(),
    submit: () => form.locator(".main").click(),
    closed: () => form.waitFor({ state: "detached" }),
  };
}

/** Nothing in the form is to be wider than it. */
async function fits(page) {
  const beyond = await page.$$eval("dialog[open] *", (all) => all.filter((one) => one.getBoundingClientRect().right > one.closest("dialog").getBoundingClientRect().right + 1).map((one) => one.outerHTML));
  same(beyond, [], "nothing sticks out");
}

export const checks = [
  {
    name: "one message is sent at several times of a day",
    needs: { evolution: true, context: { viewport: { width: 390, height: 844 } } },
    async run(stage) {
      const { page } = stage;
      const form = await openForm(stage);
      await form.name.fill("menu");
      await form.channel.selectOption("whatsapp");
      await form.to.fill(NUMBER);
      await form.text.fill("what there is today");
      await form.form.locator("[data-do=anotherTime]").click();
      await form.time.nth(1).fill("18:30");
      await form.submit();
      await until("a minute that differs is told", async () => /same minute/.test(await form.trouble.textContent()));
      await form.time.nth(1).fill("18:00");
      await fits(page);
      await stage.accessible("two times of a day");
      await form.time.nth(1).scrollIntoViewIfNeeded();
      await stage.shot("schedule-times");
      await form.submit();
      await form.closed();
      same((await schedules(stage)).map(({ cron }) => cron), ["0 8,18 * * *"], "when it is sent");
      await page.click(`${row("menu")} [data-do=changeSchedule]`);
      same(await form.time.evaluateAll((all) => all.map(({ value }) => value)), ["08:00", "18:00"], "what the form shows then");
      await form.time.nth(1).fill("");
      await form.submit();
      await form.closed();
      same((await schedules(stage)).map(({ cron }) => cron), ["0 8 * * *"], "one that is emptied is gone");
    },
  },
  {
    name: "a schedule sends pictures with its text as their caption, and what is chosen can be taken away",
    needs: { evolution: true },
    async run(stage) {
      const { page, evolution } = stage;
      const form = await openForm(stage);
      await form.name.fill("offer");
      await form.channel.selectOption("whatsapp");
      await form.to.fill(NUMBER);
      await form.files.setInputFiles([beach, bill]);
      await until("both are named", async () => (await files(page)).join() === "beach.png,bill.pdf");
      await until("the picture is seen", () => page.$eval("dialog.sheet .tray img", (img) => img.naturalWidth > 0));
      await fits(page);
      await stage.accessible("files in the form");
      await stage.shot("schedule-files");
      await page.click("dialog.sheet .tray li:last-child .round");
      same(await files(page), ["beach.png"], "what stays");
      assert(await page.evaluate(() => document.activeElement.className === "attach-files"), "the keyboard is where more can be chosen");
      await form.submit();
      await form.closed();
      const [{ text, media }] = await schedules(stage);
      same([text, media.name, media.kind], ["", "beach.png", "image"], "a picture needs no words");
      assert(/Image: beach\.png/.test(await page.textContent(row("offer"))), "the row names it", await page.textContent(row("offer")));
      await page.click(`${row("offer")} [data-do=runNow]`);
      await until("it goes out", () => evolution.sent.length === 1);
      same([evolution.sent[0].number, evolution.sent[0].caption ?? ""], [NUMBER, ""], "to whom, and what with it");
    },
  },
  {
    name: "what a schedule cannot take along is said in the form",
    needs: { evolution: true, settings: { CLEUDOCODEBOT_MAX_MEDIA_BYTES: "20000" } },
    async run(stage) {
      const { page, daemon } = stage;
      stage.tolerateOutage();
      stage.tolerate(/Failed to load resource/);
      const form = await openForm(stage);
      await form.name.fill("offer");
      await form.channel.selectOption("whatsapp");
      await form.to.fill(NUMBER);
      await form.text.fill("only today");
      await form.files.setInputFiles({ name: "film.mp4", mimeType: "video/mp4", buffer: Buffer.alloc(20_001) });
      const said = () => page.textContent("dialog.sheet .field .trouble");
      await until("it is too large", async () => /film\.mp4 is larger than the gateway takes/.test(await said()));
      same(await files(page), [], "it is not among them");
      await form.files.setInputFiles(beach);
      await until("nothing is wrong any more", async () => !(await said()));
      await page.click("dialog.sheet .tray .round");
      await daemon.stop();
      await form.files.setInputFiles(bill);
      await until("it was lost", async () => /lost on the way/.test(await page.textContent("dialog.sheet .progress")));
      await form.submit();
      await until("and so the form stays", async () => /lost on the way/.test(await form.trouble.textContent()));
      await stage.accessible("a file that was lost");
      await stage.shot("schedule-lost");
      await daemon.start();
      await stage.connected();
      await form.submit();
      await form.closed();
      const [{ text, media }] = await schedules(stage);
      same([text, media.name], ["only today", "bill.pdf"], "once the gateway is there again it goes along");
    },
  },
  {
    name: "a schedule is changed in the form that made it, and keeps what that does not show",
    needs: { evolution: true, context: { timezoneId: "America/Sao_Paulo" } },
    async run(stage) {
      const { page, daemon } = stage;
      const { media_id } = await daemon.keep(beach);
      const send = { channel: "whatsapp", to: NUMBER, text: "*good* morning", media: { media_id, name: "beach.png" } };
      await daemon.rpc("schedule.add", { name: "greeting", cron: "30 8 * * mon-fri", zone: "America/Sao_Paulo", count: 7, until: "2099-01-01T00:00:00Z", grace: "5m", send });
      await daemon.rpc("schedule.add", { name: "often", cron: "0 8-18 * * *", zone: "Asia/Tokyo", send: { ...send, media: undefined } });
      await daemon.rpc("schedule.add", { name: "poll", every: "1d", send: { channel: "webchat", to: "ana", kind: "poll", content: { question: "?", options: ["a", "b"] } } });
      await daemon.rpc("schedule.pause", { name: "greeting" });
      const [before] = await schedules(stage);
      await stage.open("#control");
      await page.waitForSelector("#integrations [data-key=whatsapp]");
      assert(!(await page.$(`${row("poll")} [data-do=changeSchedule]`)), "what the form cannot show it does not change");
      const said = await page.textContent(row("greeting"));
      assert(/Image: beach\.png/.test(said) && /until .*2098/.test(said) && /7 more/.test(said), "what it sends, how long and how often", said);
      await stage.shot("schedule-limits");
      await page.click(`${row("greeting")} [data-do=changeSchedule]`);
      const form = formOf(page);
      const filled = async () => [await form.name.inputValue(), await form.channel.inputValue(), await form.to.inputValue(), await form.text.inputValue(), await form.way.inputValue(), await form.time.inputValue(), await files(page)];
      same(await filled(), ["greeting", "whatsapp", NUMBER, "*good* morning", "workDays", "08:30", ["beach.png"]], "what it has");
      assert(await form.name.evaluate((input) => input.readOnly), "its name is fixed");
      await until("its picture is seen", () => page.$eval("dialog.sheet .tray img", (img) => img.naturalWidth > 0));
      await fits(page);
      await stage.accessible("a schedule that is changed");
      await stage.shot("schedule-change");
      await form.time.fill("09:15");
      await form.text.fill("*good* day");
      await form.submit();
      await form.closed();
      const [after] = await schedules(stage);
      same([after.cron, after.text], ["15 9 * * mon-fri", "*good* day"], "what was changed");
      const { cron, text, next_ms } = after;
      same(after, { ...before, cron, text, next_ms }, "all else is as it was, also that it is paused");
      await page.click(`${row("often")} [data-do=changeSchedule]`);
      same([await form.way.inputValue(), await form.form.locator("input:visible").last().inputValue()], ["byCron", "0 8-18 * * *"], "an expression of another kind");
      assert(/In the time of Asia\/Tokyo/.test(await form.form.textContent()), "in another zone");
      await form.form.locator(".close").click();
      await form.closed();
    },
  },
  {
    name: "whom it is for is chosen by name, of people and of groups, also where the service takes its time to tell them",
    needs: { evolution: true, settings: { WHATSAPP_ALLOW_FROM: NUMBER } },
    async run(stage) {
      const { page, evolution } = stage;
      const group = (id, subject) => ({ ...evolution.groups[0], id, subject });
      evolution.groups = [...evolution.groups, group("1203631@g.us", "Vendas"), group("1203632@g.us", "Vendas")];
      let tell;
      evolution.telling = new Promise((resolve) => (tell = resolve));
      await evolution.say(NUMBER, "Bia", "hello");
      const form = await openForm(stage);
      await form.name.fill("offer");
      await form.channel.selectOption("whatsapp");
      await form.text.fill("only today");
      const offered = () => page.$$eval("dialog.sheet datalist option", (all) => all.map(({ value, label }) => [value, label].join(" ").trim()));
      const says = (wanted) => until(`it says ${wanted}`, async () => wanted.test(await page.textContent("#new-note")));
      await until("who is known is offered at once", async () => (await offered()).join() === "Bia");
      await form.to.fill("bia");
      await says(/Goes to \+55 \(11\) 91234-5678/);
      await form.to.fill("familia");
      await says(/No person or group here is called familia/);
      await form.submit();
      assert(await form.form.isVisible(), "the name may be one that is still to come");
      tell();
      await form.closed();
      same((await schedules(stage)).map(({ to }) => to), [evolution.groups[0].id], "the address of the group");
      await until("its row names it", async () => /WhatsApp · Família · every day/.test(await page.textContent(row("offer"))));
      same(await page.getAttribute(row("offer"), "title"), evolution.groups[0].id, "what it is called by the gateway");
      await page.click("#add-schedule");
      await form.channel.selectOption("whatsapp");
      await until("the groups are offered, those of one name by address", async () => (await offered()).join() === "Bia,Família,1203631@g.us Vendas,1203632@g.us Vendas");
      await form.name.fill("nobody");
      await form.text.fill("x");
      await form.to.fill(" ");
      await form.submit();
      await until("nobody is nobody", () => form.to.evaluate((input) => document.activeElement === input));
      await form.to.fill("vendas");
      await form.submit();
      await says(/Several here are called vendas/);
      await until("which one is meant it has to be told", () => form.to.evaluate((input) => document.activeElement === input));
      same(await form.trouble.textContent(), "", "and it is told once");
      same(await form.to.getAttribute("aria-invalid"), "true", "the field is marked");
      await stage.accessible("an address that is none");
      await stage.shot("schedule-address");
      await form.to.fill("Família");
      await says(/Goes to Família/);
      await form.submit();
      await form.closed();
    },
  },
  {
    name: "what waits names people and groups, once they are known",
    needs: { evolution: true, settings: { WHATSAPP_ALLOW_FROM: NUMBER } },
    async run(stage) {
      const { page, daemon, evolution } = stage;
      const [{ id }] = evolution.groups;
      let tell;
      evolution.telling = new Promise((resolve) => (tell = resolve));
      await evolution.say(NUMBER, "Bia", "hello");
      await daemon.rpc("pause", { channel: "whatsapp" });
      const once = (to, more) => daemon.rpc("send", { channel: "whatsapp", to, text: "good morning", ...more });
      const [first, second, third] = [await once(id, { in: "1d" }), await once(NUMBER, { in: "2d" }), await once(id)].map(({ message_id }) => message_id);
      await daemon.rpc("schedule.add", { name: "daily", every: "1d", send: { channel: "whatsapp", to: id, text: "hi" } });
      await stage.open("#control");
      const rowOf = (key) => page.$eval(`[data-key="${key}"]`, (one) => [one.querySelector("b").textContent, one.title]);
      await page.waitForSelector("#schedules [data-key=daily]");
      await until("a person is named", async () => (await rowOf(second))[0] === "Bia · WhatsApp");
      same((await rowOf(first))[0], `${id} · WhatsApp`, "a group that nobody has told of yet");
      tell();
      await until("the group is named", async () => (await rowOf(first))[0] === "Família · WhatsApp");
      same([await rowOf(first), await rowOf(second)], [["Família · WhatsApp", id], ["Bia · WhatsApp", NUMBER]], "names, and what the gateway calls them");
      await until("also where it is sent again and again", async () => /Família/.test(await page.textContent(row("daily"))));
      await daemon.rpc("cancel", { message_id: first });
      await until("and in the outbox", async () => (await rowOf(third))[0] === "Família · WhatsApp");
      await stage.accessible("what waits, by name");
      await page.locator("#schedules").scrollIntoViewIfNeeded();
      await stage.shot("schedule-names");
    },
  },
  {
    name: "on a phone, in Portuguese and in the dark, the form fits and is hit by a thumb",
    needs: { evolution: true, context: { viewport: { width: 390, height: 844 }, locale: "pt-BR", colorScheme: "dark", hasTouch: true, isMobile: true, timezoneId: "America/Sao_Paulo" } },
    async run(stage) {
      const { page, daemon, evolution } = stage;
      const form = await openForm(stage);
      await form.name.fill("ofertas");
      await form.files.setInputFiles(beach);
      await form.text.fill("Só hoje!");
      await form.to.fill("familia");
      await until("it says where to", async () => /^Vai para Família/.test(await page.textContent("#new-note")));
      await fits(page);
      const low = await page.$$eval("dialog[open] :is(input:not([type=file]), select, textarea, button)", (all) => all.filter((one) => one.offsetParent && one.getBoundingClientRect().height < 44).map((one) => one.outerHTML));
      same(low, [], "what is too low for a thumb");
      await stage.accessible("the form");
      await stage.shot("schedule-form-390");
      await page.$eval("dialog.sheet .main", (one) => one.scrollIntoView());
      await stage.shot("schedule-form-end-390");
      await form.submit();
      await form.closed();
      await until("its row names the group", async () => /WhatsApp · Família · todo dia às 08:00/.test(await page.textContent(row("ofertas"))));
      await page.locator(row("ofertas")).scrollIntoViewIfNeeded();
      await stage.accessible("its row");
      await stage.shot("schedule-row-390");
      const [{ to, media, text }] = await schedules(stage);
      same([to, media.name, text], [evolution.groups[0].id, "beach.png", "Só hoje!"], "what is sent, and to whom");
      await page.tap(`${row("ofertas")} [data-do=changeSchedule]`);
      await until("it begins with the name", async () => (await form.to.inputValue()) === "Família");
      await stage.shot("schedule-change-390");
      await form.submit();
      await form.closed();
      same((await schedules(stage)).map((one) => [one.to, one.media.name]), [[evolution.groups[0].id, "beach.png"]], "nothing was changed");
      await page.tap(`${row("ofertas")} [data-do=runNow]`);
      await until("it goes out with its caption", () => evolution.sent.some(({ number, caption }) => number === evolution.groups[0].id && caption === "Só hoje!"));
      await daemon.rpc("schedule.remove", { name: "ofertas" });
    },
  },
];
