// Talking: as the visitor of one's own conversation, as the operator of all others.

import { assert, same, until } from "../until.mjs";

/** A conversation in the list, by `CHANNEL/PEER`. */
export const row = (key) => `#conversations [data-key="${key}"]`;

/** The count at the edge of a conversation's row; undefined while there is no such row. */
const unread = (stage, key) => stage.page.$$eval(row(key), ([one]) => one && Number(one.querySelector("em")?.textContent ?? 0));

export const checks = [
  {
    name: "a visitor and the other side hear each other",
    async run(stage) {
      const other = await stage.client("message.*");
      await stage.open();
      await stage.say("Olá, gateway");
      const heard = await other.heard("message.received");
      same([heard.channel, heard.peer, heard.text], ["webchat", "visitor", "Olá, gateway"], "what the other side hears");
      const { message_id } = await other.ask("send", { channel: "webchat", to: "visitor", text: "Olá, visitante" });
      await stage.shows(["Olá, gateway", "Olá, visitante"]);
      await other.heard("message.status", (event) => event.message_id === message_id && event.state === "delivered");
      const sides = await stage.page.$$eval("#messages li", (all) => all.map((one) => (one.matches(".own") ? "own" : "other")));
      same(sides, ["own", "other"], "whose message is whose");
    },
  },
  {
    name: "after a reload each message is there once",
    async run(stage) {
      const other = await stage.client();
      await stage.open();
      const all = [];
      for (let i = 0; i < 6; i++) {
        if (i % 2) await other.ask("send", { channel: "webchat", to: "visitor", text: `${i}` });
        else await stage.say(`${i}`);
        all.push(`${i}`);
        await stage.shows(all);
      }
      await stage.page.reload();
      await stage.connected();
      await stage.shows(all);
    },
  },
  {
    name: "two tabs of one visitor show the same, each message once",
    async run(stage) {
      const second = await stage.context.newPage();
      await stage.open();
      await stage.open("", second);
      await stage.say("from the first");
      await stage.shows(["from the first"], second);
      await stage.say("from the second", second);
      for (const page of [stage.page, second]) {
        await stage.shows(["from the first", "from the second"], page);
        const sides = await page.$$eval("#messages li", (all) => all.map((one) => one.matches(".own")));
        same(sides, [true, true], "both are one's own");
      }
    },
  },
  {
    name: "several lines, emoji, right to left and a very long text arrive as they were",
    async run(stage) {
      const other = await stage.client("message.*");
      await stage.open();
      for (const text of ["one\ntwo", "👩‍👩‍👧 ❤️", "שלום עולם", `${"long ".repeat(4000)}end`]) {
        await stage.page.fill("#text", text);
        await stage.page.press("#text", "Enter");
        await other.heard("message.received", (event) => event.text === text);
      }
      await stage.page.press("#text", "Shift+Enter");
      await stage.page.keyboard.type("x");
      assert((await stage.page.inputValue("#text")).includes("\n"), "Shift+Enter begins no line");
    },
  },
  {
    name: "a conversation that begins elsewhere appears with its count, and is read once it is opened",
    async run(stage) {
      const other = await stage.client("conversation.read");
      await stage.open();
      const say = (peer, text) => other.ask("receive", { channel: "webchat", peer, text });
      await say("ana", "first");
      await say("ana", "second");
      await say("bia", "hello");
      await until("both conversations", async () => (await stage.page.$(row("webchat/ana"))) && (await stage.page.$(row("webchat/bia"))));
      await until("two are unread", async () => (await unread(stage, "webchat/ana")) === 2);
      await until("the title counts", async () => (await stage.page.title()).startsWith("(3)"));
      await stage.shot("chat-unread");
      await stage.page.click(row("webchat/ana"));
      await stage.shows(["first", "second"]);
      const read = await other.heard("conversation.read");
      same([read.channel, read.peer], ["webchat", "ana"], "what was read");
      await until("nothing of it is unread", async () => (await unread(stage, "webchat/ana")) === 0);
      await stage.page.reload();
      await stage.connected();
      await until("it stays read and the other unread", async () => (await unread(stage, "webchat/bia")) === 1 && (await unread(stage, "webchat/ana")) === 0);
    },
  },
  {
    name: "the operator answers in another's conversation",
    async run(stage) {
      const other = await stage.client("message.*");
      await stage.open();
      await other.ask("receive", { channel: "webchat", peer: "ana", text: "question" });
      await stage.page.click(row("webchat/ana"));
      await stage.shows(["question"]);
      await stage.say("answer");
      const event = await other.heard("message.status", ({ text }) => text === "answer");
      same([event.channel, event.peer, event.direction], ["webchat", "ana", "out"], "where the answer goes");
      await stage.shows(["question", "answer"]);
    },
  },
  {
    name: "a new conversation is begun by channel and address",
    async run(stage) {
      const other = await stage.client("message.*");
      const { page } = stage;
      await stage.open();
      await page.click("#new-conversation");
      await page.waitForSelector("#new-channel option", { state: "attached" });
      await page.fill("#new-peer", "carla");
      await stage.accessible("the dialog");
      await page.press("#new-peer", "Enter");
      await until("it is open", () => page.url().endsWith("#chat/webchat/carla"));
      await stage.say("good morning");
      same((await other.heard("message.status")).peer, "carla", "who is written to");
      await until("it is in the list", () => page.$(row("webchat/carla")));
    },
  },
  {
    name: "a number is one conversation, however it is typed",
    needs: { evolution: true, settings: { WHATSAPP_ALLOW_FROM: "5548999998888" } },
    async run(stage) {
      const { page, evolution } = stage;
      await stage.open();
      await page.click("#new-conversation");
      await page.waitForSelector("#new-channel option", { state: "attached" });
      await page.selectOption("#new-channel", "whatsapp");
      await page.fill("#new-peer", "+55 (48) 99999-8888");
      await page.press("#new-peer", "Enter");
      await until("it is open", () => page.url().endsWith("#chat/whatsapp/554899998888"));
      await stage.say("good morning");
      await until("it is sent", () => evolution.sent.length === 1);
      await evolution.say("554899998888", "Ana", "hello");
      await stage.shows(["good morning", "hello"]);
      await until("the number is written as people do", async () => (await page.textContent("#thread .bar")).includes("+55 (48) 9999-8888"));
      same(await page.getAttribute("#thread-name", "title"), "554899998888", "what can be copied");
      const other = await stage.client();
      await other.ask("send", { channel: "whatsapp", to: "5511987654321", text: "hi" });
      await until("one without a name is called by number", async () => (await page.textContent(row("whatsapp/5511987654321"))).includes("+55 (11) 98765-4321"));
      await stage.shot("numbers");
    },
  },
  {
    name: "a number without its country is completed, one that cannot be is refused, and a name stands for its number",
    needs: { evolution: true, settings: { WHATSAPP_ALLOW_FROM: "*", CLEUDOCODEBOT_COUNTRY: "BR" } },
    async run(stage) {
      const { page, evolution } = stage;
      await evolution.say("5521987651234", "Zélia", "hello");
      await stage.open();
      await page.waitForSelector(row("whatsapp/5521987651234"));
      await page.click("#new-conversation");
      await page.selectOption("#new-channel", "whatsapp");
      const says = (pattern) => until(`it says ${pattern}`, async () => pattern.test(await page.textContent("#new-note")));
      await page.fill("#new-peer", "98765");
      await says(/number of BR/);
      await page.press("#new-peer", "Enter");
      await until("it is marked", async () => (await page.getAttribute("#new-peer", "aria-invalid")) === "true");
      assert(await page.isVisible("#new-dialog"), "an impossible number opens something");
      await stage.accessible("a number that is none");
      await stage.shot("number-refused");
      await page.fill("#new-peer", "zelia");
      await says(/\+55 \(21\) 98765-1234/);
      await page.fill("#new-peer", "11 98765-4321");
      await says(/\+55 \(11\) 98765-4321/);
      await stage.shot("number-completed");
      await page.press("#new-peer", "Enter");
      await until("it is open", () => page.url().endsWith("#chat/whatsapp/5511987654321"));

      // A group is begun by its name, where nobody wrote yet.
      await page.click("#new-conversation");
      await page.selectOption("#new-channel", "whatsapp");
      const offered = () => page.$$eval("#new-groups option", (all) => all.map(({ value }) => value));
      await until("its name is offered", async () => (await offered()).includes("Família"));
      await page.fill("#new-peer", "familia");
      await says(/Opens Família\./);
      await page.fill("#new-peer", "Famila");
      await says(/No person or group here is called Famila\./);
      await stage.shot("name-of-nobody");
      await page.fill("#new-peer", "familia");
      await says(/Opens Família\./);
      await page.press("#new-peer", "Enter");
      await until("it is open", () => page.url().endsWith("#chat/whatsapp/120363405032205086%40g.us"));
      const isNamed = async () => (await page.textContent("#thread-name")) === "Família" && /Família/.test(await page.textContent(row("whatsapp/120363405032205086@g.us")));
      await until("it is called by its name before anybody wrote there", isNamed);
      await stage.shot("group-by-name");
      same(await offered(), [], "names that stay behind the dialog");
      await stage.say("good morning, all");
      await until("it is sent there", () => evolution.sent.some(({ number }) => number === "120363405032205086@g.us"));
      assert(await isNamed(), "what is written there takes its name");
      await page.reload();
      await stage.connected();
      await until("and so it is after a reload", isNamed);
    },
  },
  {
    name: "what was begun stays with its conversation, also over a reload",
    async run(stage) {
      const other = await stage.client();
      const { page } = stage;
      await stage.open();
      for (const peer of ["ana", "bia"]) await other.ask("receive", { channel: "webchat", peer, text: "hello" });
      const draft = (text) => until(`the draft is ${JSON.stringify(text)}`, async () => (await page.inputValue("#text")) === text);
      await page.click(row("webchat/ana"));
      await draft("");
      await page.fill("#text", "for ana");
      await page.click(row("webchat/bia"));
      await draft("");
      await page.fill("#text", "for bia");
      await page.click(row("webchat/ana"));
      await draft("for ana");
      await page.reload();
      await stage.connected();
      await draft("for ana");
      await page.press("#text", "Enter");
      await draft("");
      // What is sent lifts its row, and a row that moves under the pointer is missed.
      await until("ana's row is above bia's", () => page.$(`${row("webchat/ana")} ~ [data-key="webchat/bia"]`));
      await page.click(row("webchat/bia"));
      await draft("for bia");
      await page.click(row("webchat/ana"));
      await draft("");
    },
  },
  {
    name: "the search finds words in any case and leads to the message",
    async run(stage) {
      const other = await stage.client();
      const { page } = stage;
      const texts = Array.from({ length: 400 }, (_, i) => (i === 7 ? "o PÃO quente" : `row ${i}`));
      for (const text of texts) other.ask("receive", { channel: "webchat", peer: "visitor", text });
      await until("all are stored", async () => (await other.ask("status")).store.messages === 400);
      await stage.open();
      await page.click("#search-open");
      await page.fill("#search-text", "pão");
      const found = await page.waitForSelector("#search-results li button");
      same(await page.$$eval("#search-results mark", (all) => all.map((one) => one.textContent)), ["PÃO"], "what is marked");
      await stage.accessible("the search");
      await found.click();
      await until("the message is in view", async () => {
        const box = await page.$$eval("#messages li .text", (all) => {
          const one = all.find((text) => text.innerText.includes("PÃO"))?.getBoundingClientRect();
          const log = document.getElementById("log").getBoundingClientRect();
          return one && one.top >= log.top && one.bottom <= log.bottom;
        });
        return box;
      });
      await page.fill("#search-text", "inverno");
      await until("that there is nothing is told", async () => /\p{L}/u.test(await page.textContent("#search-results")));
      await page.press("#search-text", "Escape");
      assert(await page.isHidden("#search"), "Escape does not close the search");
    },
  },
  {
    name: "who types is shown, a growing answer grows, and the message takes its place",
    async run(stage) {
      const other = await stage.client("typing", "message.received");
      const { page } = stage;
      await stage.open();
      await page.fill("#text", "a question");
      await other.heard("typing", ({ peer, direction }) => peer === "visitor" && direction === "in");
      await page.press("#text", "Enter");
      await other.heard("message.received");
      await stage.shows(["a question"]);
      const say = (text) => other.ask("typing", { channel: "webchat", to: "visitor", ...(text && { text }) });
      await say();
      await page.waitForSelector("#messages .dots");
      await say("The ans");
      await stage.shows(["a question", "The ans"]);
      await say("The answer is");
      await stage.shows(["a question", "The answer is"]);
      await stage.shot("typing");
      await other.ask("send", { channel: "webchat", to: "visitor", text: "The answer is 42." });
      await stage.shows(["a question", "The answer is 42."]);
    },
  },
  {
    name: "a message that failed says why and goes out again when asked",
    needs: { evolution: true },
    async run(stage) {
      const { page, evolution } = stage;
      await stage.open("chat/whatsapp/5511999998888");
      await stage.say("please refuse this");
      await page.waitForSelector("#messages .icon.failed", { state: "attached" });
      evolution.refuses = "nothing any more";
      await page.click("#messages .retry");
      await page.waitForSelector("#messages .icon.sent", { state: "attached" });
      same(evolution.sent.map(({ text }) => text), ["please refuse this"], "what was sent");
      same(await stage.texts(), ["please refuse this"], "it stands there once");
    },
  },
];
