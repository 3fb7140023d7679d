// Every kind of message in a thread: what people really send, and what somebody made up to break the page.

import { assert, same, until } from "../until.mjs";
import { row } from "./chat.mjs";

const MARKUP = `"><img src=x onerror="hacked()">\u202e`;
const EVIL = `${MARKUP}\u0000\u001b[2J`;
const LONG = "Donaudampfschifffahrtsgesellschaftskapitän".repeat(6);

/** What is handed in, and what is read in its row in English and in Portuguese. */
const KINDS = [
  [{ text: "Bom dia!" }, "Bom dia!"],
  [{ kind: "location", content: { lat: -23.5505, lng: -46.6333, name: "Praça da Sé", address: "Centro, São Paulo" } }, "Location|Praça da Sé|Centro, São Paulo|-23.5505, -46.6333|Show on a map", "Localização|Praça da Sé|Centro, São Paulo|-23.5505, -46.6333|Ver no mapa"],
  [{ kind: "contact", content: [{ name: "Ana Lima", phones: ["+55 11 98765-4321"], emails: ["ana@example.com"] }] }, "Contact|Ana Lima|+55 11 98765-4321|ana@example.com", "Contato|Ana Lima|+55 11 98765-4321|ana@example.com"],
  [{ kind: "poll", content: { question: "Pizza?", options: ["Margherita", "Calabresa"] }, meta: { id: "POLL" } }, "Poll|Pizza?|Margherita|Calabresa", "Enquete|Pizza?|Margherita|Calabresa"],
  [{ kind: "vote", content: { poll: "POLL", options: ["Calabresa"] } }, "Vote|Calabresa|Pizza?", "Voto|Calabresa|Pizza?"],
  [{ kind: "choice", content: { id: "size", title: "Order form", description: "Filled in", values: { size: "M", milk: true } } }, "Answer|Order form|Filled in|milk|true|size|M", "Resposta|Order form|Filled in|milk|true|size|M"],
  [{ kind: "order", content: { items: [{ id: "1", name: "Cake", quantity: 2, price: 9.5, currency: "BRL" }, { id: "x-7", quantity: 1 }], note: "No sugar" } }, "Order|No sugar|2 × Cake · R$9.50|1 × x-7", "Pedido|No sugar|2 × Cake · R$ 9,50|1 × x-7"],
  [{ kind: "call", content: { video: true, outcome: "missed" } }, "Video call|missed", "Chamada de vídeo|perdida"],
  [{ kind: "system", content: { event: "number_changed", to: "5511" } }, "number changed"],
  [{ kind: "unsupported", content: { type: "hologram" } }, "A message of a kind that cannot be shown yet|hologram", "Uma mensagem de um tipo que ainda não dá para mostrar|hologram"],
  [{ kind: "image", text: "[image]", media: { kind: "image", id: "large", mime: "image/jpeg" } }, "Image|image/jpeg", "Imagem|image/jpeg"],
  [{ kind: "voice", text: "[voice] 0:12", media: { kind: "audio", id: "v", mime: "audio/ogg" } }, "Voice message|0:12|audio/ogg", "Mensagem de voz|0:12|audio/ogg"],
  [{ kind: "sticker", text: "[sticker] 😀", media: { kind: "image", id: "s" } }, "Sticker|😀", "Figurinha|😀"],
  [{ kind: "document", text: "the invoice of May", media: { kind: "document", id: "d", name: "may.pdf", mime: "application/pdf" } }, "Document|may.pdf|application/pdf|the invoice of May", "Documento|may.pdf|application/pdf|the invoice of May"],
  [{ kind: "reaction", content: { to: "ELSEWHERE", emoji: "🎉" } }, "reacted with 🎉", "reagiu com 🎉"],
];

const receive = (other, peer, more) => other.ask("receive", { channel: "webchat", peer, ...more });

/** The lines of each row, but for the day and the time. */
const read = (page) =>
  page.$$eval("#messages > li", (all) =>
    all.map((one) => {
      const copy = one.cloneNode(true);
      copy.querySelectorAll(".day, .about, svg").forEach((part) => part.remove());
      const lines = [...copy.querySelectorAll("p, li, dt, dd, .text, summary")].filter((part) => !part.querySelector("p, li, .text")).map((part) => part.textContent.trim());
      return lines.filter(Boolean).join("|");
    }),
  );

async function furnish(other, peer) {
  for (const [message] of KINDS) await receive(other, peer, { meta: { name: "Bia" }, ...message });
}

export const checks = [
  ...["en-US", "pt-BR"].map((locale, column) => ({
    name: `every kind is drawn and readable, ${locale}`,
    needs: { context: { locale, viewport: { width: 900, height: 2000 } } },
    async run(stage) {
      const { page } = stage;
      const other = await stage.client();
      await furnish(other, "bia");
      await stage.open("chat/webchat/bia");
      const expected = KINDS.map(([, ...lines]) => lines[column] ?? lines[0]);
      let seen;
      await until("all rows are there", async () => (seen = await read(page)).length === expected.length);
      same(seen.map((text) => text.replaceAll("\u00a0", " ")), expected, "what is read");
      same(await page.$$eval("#messages img", (all) => all.length), 0, "pictures without an address");
      const [map] = await page.$$eval("#messages .location a", (all) => all.map(({ href, rel, target }) => ({ href, rel, target })));
      same(map, { href: "https://www.openstreetmap.org/?mlat=-23.5505&mlon=-46.6333", rel: "noopener noreferrer", target: "_blank" }, "the way to the map");
      const preview = await page.textContent(`${row("webchat/bia")} > span > bdi[dir]`);
      same(preview, ["reacted with 🎉", "reagiu com 🎉"][column], "the preview");
      await stage.accessible(`every kind, ${locale}`);
      await stage.shot(`kinds-${locale}`);
      await page.emulateMedia({ colorScheme: "dark" });
      await stage.accessible(`every kind, dark, ${locale}`);
      await stage.shot(`kinds-dark-${locale}`);
      await page.setViewportSize({ width: 320, height: 2200 });
      await until("it is narrow", () => page.isHidden("#conversations"));
      same(await page.evaluate(() => document.documentElement.scrollWidth), 320, "the width of it");
      await stage.shot(`kinds-narrow-${locale}`);
    },
  })),
  {
    name: "what was sent is taken back for everyone, after one more question",
    async run(stage) {
      const { page } = stage;
      const other = await stage.client("message.*", "message.*@webchat/bia");
      await stage.open("chat/webchat/bia");
      await until("it is open", async () => (await page.textContent("#thread-name")) === "bia");
      await stage.say("to the wrong one");
      const { message_id } = await other.heard("message.status", ({ text, state }) => text === "to the wrong one" && state === "sent");
      const row = `[data-key="${message_id}"]`;
      await page.hover(`${row} .bubble`);
      await page.click(`${row} .act`);
      await page.click("#act-menu [data-do=delete]");
      await page.waitForSelector("#act-menu [data-do=deleteNow]");
      await stage.shot("kinds-delete");
      await stage.accessible("one more question");
      await page.click("#act-menu [data-do=deleteNow]");
      await other.heard("message.deleted", (one) => one.message_id === message_id);
      await page.waitForSelector(`${row} .gone`);
      await page.click(`${row} .act`);
      await page.waitForSelector("#act-menu:popover-open");
      same(await page.$("#act-menu [data-do=delete]"), null, "what is deleted cannot be deleted again");
    },
  },
  {
    name: "edits, deletions and reactions change the row where it stands",
    async run(stage) {
      const { page } = stage;
      const other = await stage.client();
      const { message_id } = await receive(other, "bia", { text: "Se you at 8", dedup_key: "a", meta: { id: "A", name: "Bia" } });
      await receive(other, "bia", { text: "never mind", dedup_key: "b", meta: { id: "B" } });
      await stage.open("chat/webchat/bia");
      await stage.shows(["Se you at 8", "never mind"]);
      await other.ask("revise", { channel: "webchat", dedup_key: "a", text: "See you at 8" });
      await other.ask("revise", { channel: "webchat", dedup_key: "b", deleted: true });
      await until("it says that it was edited", () => page.$("#messages .earlier"));
      await until("it says that it was deleted", () => page.$("#messages .gone .mark"));
      same((await read(page)).at(-1), "never mind|deleted by its author", "the deleted one stays readable");
      same(await page.textContent(`${row("webchat/bia")} > span > bdi[dir]`), "Deleted: never mind", "the preview");
      const before = await (await page.$(`[data-key="${message_id}"]`)).boundingBox();
      await page.click(`[data-key="${message_id}"] summary`);
      await until("the earlier text is in view", () => page.isVisible(`[data-key="${message_id}"] .earlier li`));
      await until("the next row makes room", async () => {
        const boxes = await page.$$eval("#messages > li", (all) => all.map((one) => one.getBoundingClientRect()));
        return boxes[0].bottom <= boxes[1].top + 1 && boxes[0].height > before.height;
      });
      await receive(other, "bia", { kind: "reaction", content: { to: "A", emoji: "👍" } });
      await until("the reaction is under it", async () => (await page.textContent(`[data-key="${message_id}"]`)).includes("👍"));
      same(await page.$$eval("#messages > li", (all) => all.length), 2, "a reaction is no row of its own");
      await stage.accessible("edited, deleted, reacted to");
      await stage.shot("kinds-revised");
      await receive(other, "bia", { kind: "reaction", content: { to: "A", emoji: "" } });
      await until("it was taken back", async () => !(await page.$("#messages .reactions")));
    },
  },
  {
    name: "what somebody makes up breaks no thread and runs nothing",
    async run(stage) {
      const { page } = stage;
      await stage.context.addInitScript(() => (window.hacked = () => (window.hackedBy = 1)));
      const other = await stage.client();
      const many = Array.from({ length: 2000 }, (_, i) => `${i} ${LONG}`);
      const texts = [
        { kind: "location", content: { lat: 0, lng: 0, name: EVIL, address: LONG } },
        { kind: "contact", content: Array(200).fill({ name: EVIL, phones: [EVIL, LONG], emails: ["javascript:hacked()"] }) },
        { kind: "poll", content: { question: EVIL, options: many } },
        { kind: "vote", content: { poll: "__proto__", options: many } },
        { kind: "choice", content: { id: EVIL, title: EVIL, values: { [EVIL]: EVIL, __proto__: 1, deep: [[[[{}]]]] } } },
        { kind: "choice", content: { id: "x", title: "x", values: "javascript:hacked()" } },
        { kind: "order", content: { items: [{ id: EVIL, name: EVIL, quantity: 9007199254740991, price: 1e300, currency: EVIL }] } },
        { kind: "reaction", content: { to: EVIL, emoji: EVIL } },
        { kind: "call", content: { outcome: "constructor", seconds: 1e15 } },
        { kind: "system", content: { event: "toString", x: [EVIL] } },
        { kind: "unsupported", content: { type: EVIL } },
        { kind: "image", text: EVIL, media: { kind: "image", id: EVIL, name: EVIL, mime: EVIL } },
        { kind: "sticker", text: "[sticker]", media: { kind: "sticker", id: EVIL, name: {}, mime: [] } },
        { kind: "voice", text: "[voice]", media: { kind: "voice", id: "constructor", name: 7 } },
        { kind: "image", text: EVIL, media: { kind: "image", id: EVIL, state: "failed", error: EVIL, name: EVIL, width: -1, height: 1e300, bytes: EVIL } },
        { text: "", media: [{ kind: "video", id: EVIL, name: EVIL, seconds: -7 }, { kind: "audio", id: "constructor", mime: EVIL }, { kind: "document", url: `https://a.example/${EVIL}`, name: EVIL }] },
        { text: "edited", meta: { id: 7, name: { a: 1 }, reactions: {} }, dedup_key: "e" },
      ];
      for (const one of texts) await receive(other, MARKUP, { sender: MARKUP, ...one });
      for (const media of [{ kind: "image", url: null }, { kind: "image", url: { toString: 1 } }, { kind: "constructor", id: "x" }, { kind: "voice" }]) {
        const refused = await receive(other, MARKUP, { text: "x", media }).then(() => false, () => true);
        assert(refused, `the gateway took media such as ${JSON.stringify(media)}`);
      }
      await other.ask("revise", { channel: "webchat", dedup_key: "e", text: EVIL });
      await receive(other, MARKUP, { text: "the last one" });
      await stage.open(`chat/webchat/${encodeURIComponent(MARKUP)}`);
      await until("the last one is shown", async () => (await page.textContent("#messages")).includes("the last one"));
      for (let i = 0; i < 60 && !(await page.$('[data-key="m-1"]')); i++) {
        await page.$eval("#log", (log) => log.scrollBy(0, -600));
        await page.waitForTimeout(30);
      }
      assert(await page.$('[data-key="m-1"]'), "the first one is reached");
      const found = await page.evaluate(() => ({
        hacked: window.hackedBy ?? 0,
        elements: [...document.querySelectorAll("img, iframe, script:not([src]), [onerror], [onclick]")].length,
        links: [...document.querySelectorAll("a[href]")].map((one) => one.protocol).filter((one) => !["http:", "https:"].includes(one)),
        violations: window.violations,
      }));
      same(found, { hacked: 0, elements: 0, links: [], violations: [] }, "all of it is only text");
      await page.setViewportSize({ width: 320, height: 700 });
      await until("nothing needs to be scrolled sideways", () => page.evaluate(() => document.documentElement.scrollWidth === 320 && document.getElementById("log").scrollWidth <= 320));
      await stage.shot("kinds-hostile");
    },
  },
  {
    name: "a row that cannot be drawn says so and the rest lives",
    async run(stage) {
      const { page } = stage;
      stage.tolerate(/RangeError|Invalid time value/);
      const other = await stage.client();
      for (const text of ["one", "two", "three"]) await receive(other, "bia", { text });
      await stage.context.addInitScript(() => {
        const { parse } = JSON;
        // A gateway that sends nonsense.
        JSON.parse = (text) => parse(text, (key, value) => (value?.text === "two" ? { ...value, created_ms: "never" } : value));
      });
      await stage.open("chat/webchat/bia");
      await until("the others are there", async () => (await read(page)).length === 3);
      same(await read(page), ["one", "This message cannot be shown.", "three"], "what is read");
      await stage.shot("kinds-broken");
      await stage.say("four");
      await until("the thread goes on", async () => (await read(page)).at(-1) === "four");
    },
  },
];
