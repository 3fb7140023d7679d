// Files in the thread: seen in full, kept, fetched; and that none of them runs anything.

import { readFileSync } from "node:fs";

import { FILES } from "../samples.mjs";
import { assert, same, until } from "../until.mjs";

const BIA = "chat/webchat/bia";

/** Hands in a message of Bia's with these files. */
async function receive(stage, client, files, more) {
  const kept = await Promise.all(files.map((file) => stage.daemon.keep(file)));
  const media = kept.map(({ media_id, kind, name, mime, bytes, width, height }) => ({ media_id, kind, name, mime, bytes, width, height }));
  return client.ask("receive", { channel: "webchat", peer: "bia", meta: { name: "Bia" }, media: media.length > 1 ? media : media[0], ...more });
}

/** How far the thread is from its end. */
const toEnd = (page) => page.$eval("#log", (log) => log.scrollHeight - log.clientHeight - log.scrollTop);

/** What was asked of the browser before is drawn. */
const drawn = (page) => page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));

const focused = (page, selector) => page.evaluate((wanted) => document.activeElement.matches(wanted), selector);
const tall = (page, id) => page.$eval(`[data-key="${id}"]`, (row) => row.getBoundingClientRect().height);

export const checks = [
  ...[1280, 390].map((width) => ({
    name: `a conversation opens at its very end, whatever stands there, ${width} wide`,
    needs: { context: { viewport: { width, height: 844 } } },
    async run(stage) {
      const { page } = stage;
      const other = await stage.client();
      // One of a service does not say how large its picture is.
      const plain = { width: undefined, height: undefined };
      const last = { voice: [FILES.voice], broken: [FILES.broken], beach: [FILES.beach], words: [FILES.beach], many: [FILES.beach, FILES.tall, FILES.voice] };
      for (const [peer, files] of Object.entries(last)) {
        for (let i = 0; i < 30; i++) await other.ask("receive", { channel: "webchat", peer, text: `number ${i}` });
        const kept = await Promise.all(files.map((file) => stage.daemon.keep(file)));
        const media = kept.map(({ media_id, kind, name, mime }) => ({ media_id, kind, name, mime, ...plain }));
        await other.ask("receive", { channel: "webchat", peer, text: peer === "words" ? "at the beach" : undefined, media });
      }
      await stage.open();
      for (const peer of Object.keys(last)) {
        await stage.go(`chat/webchat/${peer}`);
        await until(`${peer} is open`, async () => (await page.textContent("#thread-name")) === peer);
        await page.waitForSelector("#messages > li:last-child .files");
        await until("its files are there", () => page.$eval("#messages > li:last-child .files", (files) => [...files.querySelectorAll("img")].every((img) => img.naturalWidth) && [...files.querySelectorAll("audio")].every((audio) => audio.readyState)));
        if (peer === "broken") await page.waitForSelector("#messages > li:last-child .download");
        await drawn(page);
        await until(`${peer} is at its end`, async () => (await toEnd(page)) <= 1).catch(async (error) => assert(false, error.message, await toEnd(page)));
        await stage.shot(`files-end-${peer}-${width}`);
      }
    },
  })),
  {
    name: "a picture takes its room before it is there",
    async run(stage) {
      const { page } = stage;
      const other = await stage.client();
      const { message_id } = await receive(stage, other, [FILES.beach], { text: "the beach" });
      let go;
      const held = new Promise((resolve) => (go = resolve));
      await page.route("**/media/*", (route) => held.then(() => route.continue()));
      await stage.open(BIA);
      await page.waitForSelector(".picture");
      const before = await tall(page, message_id);
      go();
      await until("it is there", () => page.$eval(".picture img", (one) => one.naturalWidth > 0));
      same(await tall(page, message_id), before, "the height of its row");
      assert(before > 240, "room for the picture", before);
    },
  },
  {
    name: "a sound that no browser plays says so, and can be kept, in a narrow window and in Portuguese",
    needs: { context: { viewport: { width: 390, height: 844 }, locale: "pt-BR", hasTouch: true, isMobile: true } },
    async run(stage) {
      const { page } = stage;
      const other = await stage.client();
      await receive(stage, other, [FILES.broken]);
      await stage.open(BIA);
      await page.waitForSelector("#messages .download");
      const said = await page.textContent("#messages .files");
      for (const wanted of ["Áudio", "broken.wav", "Este navegador não consegue reproduzir este arquivo.", "Baixar"]) assert(said.includes(wanted), `it says ${wanted}`, said);
      const clipped = await page.$eval("#messages .files", (files) => {
        const { left, right } = files.closest(".bubble").getBoundingClientRect();
        return [...files.querySelectorAll("p, button, b")].filter((one) => one.getBoundingClientRect().left < left || one.getBoundingClientRect().right > right || one.scrollWidth > one.clientWidth + 1).map((one) => one.outerHTML);
      });
      same(clipped, [], "what is clipped");
      assert((await page.$eval("#messages .download", (one) => one.getBoundingClientRect().height)) >= 44, "a thumb can hit it");
      await stage.accessible("a sound that cannot be played");
      await stage.shot("files-unplayable-390");
      const [download] = await Promise.all([page.waitForEvent("download"), page.tap("#messages .download")]);
      same([download.suggestedFilename(), readFileSync(await download.path())], ["broken.wav", FILES.broken.buffer], "what is kept");
    },
  },
  {
    name: "pictures are seen in full, one after the other, by keyboard",
    async run(stage) {
      const { page } = stage;
      const other = await stage.client();
      await receive(stage, other, [FILES.beach, FILES.tall], { text: "both" });
      await receive(stage, other, [{ ...FILES.beach, name: "last.png", buffer: Buffer.concat([FILES.beach.buffer, Buffer.from("x")]) }]);
      await stage.open(BIA);
      await page.waitForSelector(".grid .picture");
      await page.focus('.grid [data-file="0"]');
      await page.keyboard.press("Enter");
      await page.waitForSelector("#viewer[open] img");
      const at = (n) => until(`picture ${n} is shown`, async () => (await page.textContent("#viewer-at")).endsWith(`${n} / 3`) && (await page.$("#viewer img")));
      await at(1);
      await stage.accessible("a picture in full");
      await stage.shot("files-viewer");
      await page.keyboard.press("ArrowLeft");
      await at(1);
      await page.keyboard.press("ArrowRight");
      await at(2);
      await page.keyboard.press("End");
      await at(3);
      for (let i = 0; i < 6; i++) {
        await page.keyboard.press("Tab");
        assert(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest("#viewer") !== null), "the focus left the picture");
      }
      await page.keyboard.press("Escape");
      await until("the focus is on the picture that was seen last", () => focused(page, "#messages > li:last-child .picture"));
    },
  },
  {
    name: "a document, a page and a drawing can be kept and run nothing",
    async run(stage) {
      const { page } = stage;
      const other = await stage.client();
      const files = [FILES.bill, FILES.html, FILES.svg];
      for (const file of files) await receive(stage, other, [file]);
      // Somebody may call it a picture.
      const { media_id } = await stage.daemon.keep(FILES.svg);
      await other.ask("receive", { channel: "webchat", peer: "bia", media: { media_id, kind: "image", name: "drawing.svg", mime: "image/png" } });
      await stage.open(BIA);
      await until("all are there", async () => (await page.$$("#messages > li")).length === 4);
      for (const [i, { name, buffer }] of files.entries()) {
        const [download] = await Promise.all([page.waitForEvent("download"), page.click(`#messages > li:nth-child(${i + 1}) .download`)]);
        same(download.suggestedFilename(), name, "what it is called");
        same(readFileSync(await download.path()), buffer, "what is kept");
      }
      await page.waitForSelector("#messages > li:nth-child(4) .download");
      await stage.accessible("documents");
      await stage.shot("files-documents");
      const pages = stage.context.pages().length;
      same([await page.evaluate(() => window.hackedBy ?? 0), await page.evaluate(() => window.violations), pages], [0, [], 1], "what ran, what was tried, pages");
    },
  },
  {
    name: "a file that is not here says so, and is asked for",
    async run(stage) {
      const { page } = stage;
      const other = await stage.client();
      const media = { kind: "document", id: "x", name: "may.pdf", mime: "application/pdf" };
      const of = (more) => other.ask("receive", { channel: "webchat", peer: "bia", media: { ...media, ...more } });
      const { message_id } = await of({});
      await other.ask("media.fetch", { message_id });
      await until("it failed", async () => (await other.ask("message", { message_id })).message.media.state === "failed");
      await of({});
      await stage.open(BIA);
      await until("all are there", async () => (await page.$$("#messages > li")).length === 2);
      const read = () => page.$$eval("#messages .card", (all) => all.map((one) => [one.querySelector("[role=status]").textContent, one.querySelector("button")?.textContent ?? ""]));
      same(await read(), [["Could not be fetched: webchat cannot fetch files", "Fetch again"], ["", "Fetch the file"]], "what is said, and how it is asked for");
      await stage.accessible("files that are not here");
      await page.click("#messages > li:last-child .card button");
      await until("the row tells what became of it", async () => (await read())[1][0] === "Could not be fetched: webchat cannot fetch files");
      await stage.shot("files-absent");
    },
  },
  {
    name: "a file that comes later takes its place in the row",
    async run(stage) {
      const { page, context, daemon } = stage;
      const other = await stage.client();
      const { media_id } = await daemon.keep(FILES.beach);
      // As if its service had it.
      await context.addInitScript((media_id) => {
        const { parse } = JSON;
        const there = { kind: "image", state: "ready", media_id, name: "beach.png", mime: "image/png", width: 400, height: 300 };
        JSON.parse = (text) => parse(text, (key, value) => (key === "media" && value?.state === "failed" ? there : value));
      }, media_id);
      const { message_id } = await other.ask("receive", { channel: "webchat", peer: "bia", text: "the beach", media: { kind: "image", id: "later" } });
      await stage.open(BIA);
      await page.waitForSelector(`[data-key="${message_id}"] .card button`);
      await page.focus("#messages .card button");
      await page.keyboard.press("Enter");
      await until("it is there", () => page.$$eval(`[data-key="${message_id}"] .picture img`, ([one]) => one?.naturalWidth > 0));
      same(await stage.texts(), ["the beach"], "the words beside it");
      assert(await page.evaluate(() => document.getElementById("thread").contains(document.activeElement)), "the focus stays in the thread");
    },
  },
  {
    name: "a message is answered and reacted to by keyboard",
    async run(stage) {
      const { page } = stage;
      const other = await stage.client("message.*");
      const first = await receive(stage, other, [FILES.beach], { text: "shall we go there?" });
      const second = await other.ask("receive", { channel: "webchat", peer: "bia", text: "or not?" });
      await stage.open(BIA);
      await stage.shows(["shall we go there?", "or not?"]);
      same(await page.$$eval(".act", (all) => all.map(({ tabIndex }) => tabIndex)), [-1, 0], "stops for Tab");
      await page.focus(".act[tabindex='0']");
      await page.keyboard.press("ArrowUp");
      await until("the first has the focus", () => focused(page, `[data-key="${first.message_id}"] .act`));
      await page.keyboard.press("Enter");
      await until("the menu has the focus", () => focused(page, "#act-menu button"));
      await stage.accessible("the menu of a message");
      await stage.shot("files-menu");
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("Enter");
      const reaction = await other.heard("message.status", ({ kind }) => kind === "reaction");
      same([reaction.content.to, reaction.content.emoji], [first.message_id, "❤"], "the reaction");
      await until("it stands under the message", async () => (await page.textContent(`[data-key="${first.message_id}"] .reactions`)).includes("❤"));
      await until("the focus is back", () => focused(page, `[data-key="${first.message_id}"] .act, #log`));
      await page.focus(`[data-key="${first.message_id}"] .act`);
      await page.keyboard.press("Enter");
      // Past six emojis and the taking back of one.
      for (let i = 0; i < 7; i++) await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await until("one writes the answer", () => focused(page, "#text"));
      same(await page.textContent("#answer-line"), "Image: beach.png · shall we go there?", "what is answered");
      await page.keyboard.type("yes");
      await page.keyboard.press("Enter");
      const answer = await other.heard("message.status", ({ text }) => text === "yes");
      same(answer.reply_to, first.message_id, "what it answers");
      await page.waitForSelector("#messages > li:last-child .quote");
      assert(await page.isHidden("#answer"), "the next one answers nothing");
      await stage.accessible("an answer");
      await stage.shot("files-answer");
      assert(second.message_id, "the second came in");
    },
  },
];
