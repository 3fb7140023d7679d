// The list of conversations: which there are to see, what is found in all of them, and what can be made of one.

import { assert, same, until } from "../until.mjs";
import { row } from "./chat.mjs";

const NARROW = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

/** The names in the list, as they stand. */
const names = (page) => page.$$eval("#conversations li", (all) => all.map((one) => one.querySelector("bdi").textContent));

const lists = (page, expected, what) => until(what, async () => JSON.stringify(await names(page)) === JSON.stringify(expected)).catch(async (error) => assert(false, error.message, await names(page)));

const only = (page, filter) => page.click(`#filters [data-only=${filter}]`);

async function furnish(stage) {
  const other = await stage.client();
  const say = (peer, text, more) => other.ask("receive", { channel: "webchat", peer, text, ...more });
  await say("ana", "Bom dia", { meta: { name: "Ana Luísa" } });
  await say("team", "shall we bake bread?", { sender: "bia", meta: { name: "Bia" } });
  await stage.evolution?.say("5511987654321", "João", "o pão está pronto");
  await other.ask("read", { channel: "webchat", peer: "ana" });
  return other;
}

const WHATSAPP = { evolution: true, settings: { WHATSAPP_ALLOW_FROM: "*" } };

const MANY = 1000;
/** Rows that are in the page at a time, however many conversations there are. */
const MOST_ROWS = 60;

/** Runs in the page: how long its own tasks took that were longer than 50 ms, from now on. */
function watchTasks() {
  window.long = [];
  new PerformanceObserver((list) => window.long.push(...list.getEntries().map(({ duration }) => Math.round(duration)))).observe({ type: "longtask" });
}

/** Runs in the page: chooses this language, and whether the list points at one of its rows from the same moment on. */
function pointsAtRow(language) {
  const chooser = document.getElementById("language");
  chooser.value = language;
  chooser.dispatchEvent(new Event("change"));
  return Boolean(document.getElementById(document.getElementById("conversations").getAttribute("aria-activedescendant")));
}

export const checks = [
  {
    name: "the list says the channel in words and shows what a filter lets through",
    needs: WHATSAPP,
    async run(stage) {
      const { page } = stage;
      await furnish(stage);
      await stage.open();
      await lists(page, ["Gateway", "João", "team", "Ana Luísa"], "all are there");
      same(await page.textContent(`${row("whatsapp/5511987654321")} small`), "WhatsApp", "the channel");
      await only(page, "unread");
      await lists(page, ["João", "team"], "the unread");
      await stage.accessible("a filter");
      await stage.shot("filter-unread");
      await only(page, "groups");
      await lists(page, ["team"], "the groups");
      await only(page, "archived");
      await lists(page, [], "nothing is archived");
      assert(/archived/.test(await page.textContent("#find-note")), "it does not say so");
      await only(page, "all");
      await page.selectOption("#find-channel", "whatsapp");
      await lists(page, ["João"], "those of WhatsApp");
      await page.selectOption("#find-channel", "");
      await only(page, "unread");
      await page.click(row("webchat/team"));
      await until("it is read", async () => (await page.$$(`${row("webchat/team")} em`)).length === 0);
      same(await names(page), ["João", "team"], "the open one stays while it is open");
    },
  },
  {
    name: "the search finds names, numbers, and words in the messages of all conversations",
    needs: WHATSAPP,
    async run(stage) {
      const { page } = stage;
      await furnish(stage);
      await stage.open();
      await page.fill("#find", "JOAO");
      await lists(page, ["João"], "a name without its accent");
      await page.fill("#find", "98765-4321");
      await lists(page, ["João"], "a number");
      await page.fill("#find", "bread");
      await until("a message", () => page.$("#conversations .found"));
      same(await page.$$eval("#conversations mark", (all) => all.map((one) => one.textContent)), ["bread"], "what is marked");
      await stage.accessible("what was found");
      await stage.shot("found-messages");
      await page.press("#find", "ArrowDown");
      await page.keyboard.press("Enter");
      await until("its conversation is open", () => page.url().endsWith("#chat/webchat/team"));
      await until("the message stands out", () => page.$("#messages .found"));
      await page.fill("#find", "no such words");
      await until("that there is nothing is told", async () => /\p{L}/u.test(await page.textContent("#find-note")));
      await page.press("#find", "Escape");
      await lists(page, ["Gateway", "João", "team", "Ana Luísa"], "Escape shows all again");
    },
  },
  {
    name: "a conversation is pinned, muted, archived and marked as unread, and stays so",
    needs: WHATSAPP,
    async run(stage) {
      const { page } = stage;
      const other = await furnish(stage);
      await stage.open();
      const second = await stage.context.newPage();
      await stage.open("", second);
      await page.bringToFront();
      const choose = async (key, act) => {
        await page.click(row(key), { button: "right" });
        await page.click(`#chat-menu [data-do=${act}]`);
      };
      await lists(page, ["Gateway", "João", "team", "Ana Luísa"], "all are there");
      await page.click(row("webchat/ana"), { button: "right" });
      await stage.accessible("the menu");
      await stage.shot("conversation-menu");
      await page.click("#chat-menu [data-do=pinned]");
      for (const one of [page, second]) await lists(one, ["Gateway", "Ana Luísa", "João", "team"], "the pinned one stands first in every tab");
      assert(await page.$(`${row("webchat/ana")} .icon.pin`), "no sign that it is pinned");
      await choose("whatsapp/5511987654321", "muted");
      await page.waitForSelector(`${row("whatsapp/5511987654321")} .icon.mute`, { state: "attached" });
      await until("what is muted does not count in the title", async () => (await page.title()).startsWith("(1)"));
      await choose("webchat/team", "archived");
      await lists(page, ["Gateway", "Ana Luísa", "João"], "the archived one is away");
      await only(page, "archived");
      await lists(page, ["team"], "it is among the archived");
      await stage.shot("archived");
      await only(page, "all");
      await page.click(row("webchat/ana"));
      await page.waitForSelector("#messages .bubble");
      await page.click("#manage");
      await page.click("#chat-menu [data-do=unread]");
      await page.waitForSelector(`${row("webchat/ana")} .dot`);
      assert(!page.url().includes("ana"), "what is marked as unread is left");
      await page.reload();
      await stage.connected();
      await lists(page, ["Gateway", "Ana Luísa", "João"], "it stays over a reload");
      await page.waitForSelector(`${row("webchat/ana")} .dot`);
      await stage.accessible("the signs");
      await stage.shot("conversation-signs");
      await page.click(row("webchat/ana"));
      await until("opened, it is read", async () => !(await page.$(`${row("webchat/ana")} .dot`)));
      await other.ask("receive", { channel: "webchat", peer: "team", text: "anybody there?", sender: "bia" });
      await lists(page, ["Gateway", "Ana Luísa", "team", "João"], "what is new brings it back");
    },
  },
  {
    name: "a conversation is managed by keyboard, and on a phone from its head",
    needs: { ...WHATSAPP, context: NARROW },
    async run(stage) {
      const { page } = stage;
      await furnish(stage);
      await stage.open();
      await page.waitForSelector(row("webchat/ana"));
      await page.focus("#conversations");
      await page.keyboard.press("End");
      await page.keyboard.press("Shift+F10");
      await page.waitForSelector("#chat-menu:popover-open");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("Enter");
      await until("it is pinned", () => page.$(`${row("webchat/ana")} .icon.pin`));
      same(await page.evaluate(() => document.activeElement.id), "conversations", "where the focus is");
      await page.tap(row("webchat/team"));
      await page.waitForSelector("#messages .bubble");
      await page.tap("#manage");
      await page.waitForSelector("#chat-menu:popover-open");
      await stage.accessible("the menu on a phone");
      await stage.shot("narrow-conversation-menu");
      await page.tap("#chat-menu [data-do=muted]");
      await page.tap("#back");
      await until("it is muted", () => page.$(`${row("webchat/team")} .icon.mute`));
    },
  },
  {
    name: "who somebody is with is forgotten after one more question, here and in the gateway",
    async run(stage) {
      const { page, daemon } = stage;
      await furnish(stage);
      await stage.open();
      await page.click(row("webchat/ana"), { button: "right" });
      await page.click("#chat-menu [data-do=forget]");
      await page.waitForSelector("#chat-menu [data-do=forgetNow]");
      await stage.accessible("the question");
      await stage.shot("forget");
      const kept = async () => (await daemon.rpc("history", { channel: "webchat", peer: "ana" })).messages.length;
      assert(await kept(), "nothing is removed yet");
      await page.click("#chat-menu [data-do=forgetNow]");
      await until("the row is gone", async () => !(await page.$(row("webchat/ana"))));
      same(await kept(), 0, "what the gateway has");
    },
  },
  {
    name: "of what the gateway or the key does not allow nothing is offered",
    async run(stage) {
      const { page, context } = stage;
      await furnish(stage);
      await context.routeWebSocket(/\/ws$/, (socket) => {
        const gateway = socket.connectToServer();
        gateway.onMessage((text) => {
          const { payload } = JSON.parse(text);
          if (!payload?.actions) return socket.send(text);
          const without = { ...payload, actions: payload.actions.filter(({ name }) => !["conversation.set", "read", "forget"].includes(name)), events: payload.events.filter(({ name }) => name !== "conversation.changed") };
          socket.send(JSON.stringify({ ...JSON.parse(text), payload: without }));
        });
      });
      await stage.open();
      await page.waitForSelector(row("webchat/ana"));
      assert(await page.isHidden("#filters [data-only=archived]"), "the archive is offered");
      await page.click(row("webchat/ana"), { button: "right" });
      await page.click(row("webchat/ana"));
      await page.waitForSelector("#messages .bubble");
      assert(await page.isHidden("#manage"), "the menu is offered");
      assert(!(await page.$("#chat-menu:popover-open")), "an empty menu opens");
    },
  },
  {
    name: "a thousand conversations are scrolled to the last, filtered and searched",
    timed: true,
    async run(stage) {
      const { page } = stage;
      const other = await stage.client();
      for (let i = 0; i < MANY; i++) other.ask("receive", { channel: "webchat", peer: `peer ${i}`, text: `message ${i}`, ...(i < 3 && { sender: "bia" }) });
      await until("all are stored", async () => (await other.ask("status")).store.messages === MANY, 60_000);
      await stage.open();
      await page.waitForSelector(row(`webchat/peer ${MANY - 1}`));
      await page.evaluate(watchTasks);
      await page.hover("#conversations");
      await until("the last is reached", async () => {
        await page.mouse.wheel(0, 3000);
        return page.$(row("webchat/peer 0"));
      }, 60_000);
      const rows = await page.$$eval("#conversations li", (all) => all.length);
      assert(rows < MOST_ROWS, "too many rows in the page", rows);
      await only(page, "groups");
      await lists(page, ["peer 2", "peer 1", "peer 0"], "groups that are older than the first page");
      await only(page, "all");
      await page.fill("#find", "peer 77");
      await lists(page, ["peer 779", "peer 778", "peer 777", "peer 776", "peer 775", "peer 774", "peer 773", "peer 772", "peer 771", "peer 770", "peer 77"], "those that are called so");
      const long = await page.evaluate(() => window.long);
      return `${long.length} tasks over 50 ms${long.length ? `, the longest ${Math.max(...long)} ms by the clock` : ""}`;
    },
  },
  {
    name: "the filters fit at 320 pixels, in both languages",
    needs: { ...WHATSAPP, context: NARROW },
    async run(stage) {
      const { page } = stage;
      await furnish(stage);
      await stage.open();
      await page.waitForSelector(row("whatsapp/5511987654321"));
      for (const language of ["en", "pt"]) {
        assert(await page.evaluate(pointsAtRow, language), `the list points at no row, ${language}`);
        const outside = await page.$$eval("#finder *", (all) => all.filter((one) => one.checkVisibility() && one.tagName !== "OPTION" && one.getBoundingClientRect().right > 320).map((one) => one.outerHTML.slice(0, 80)));
        same(outside, [], `what sticks out, ${language}`);
        await stage.accessible(`the list, ${language}`);
        await stage.shot(`narrow-filters-${language}`);
      }
    },
  },
];
