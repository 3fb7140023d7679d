// The whole way by keyboard alone: no check here touches the mouse.

import { assert, same, until } from "../until.mjs";

/** Presses Tab (or another key) until this element has the focus; every stop on the way must show it. */
async function tabTo(page, selector, key = "Tab") {
  for (let i = 0; i < 60; i++) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
    await page.keyboard.press(key);
    const [name, isSeen] = await page.evaluate(focusSeen);
    assert(isSeen, `the focus cannot be seen on ${name}`);
  }
  assert(false, `Tab never comes to ${selector}`, await page.evaluate(() => document.activeElement.outerHTML.slice(0, 200)));
}

/** Runs in the page: what has the focus, and whether one sees that it has. */
function focusSeen() {
  const one = document.activeElement;
  if (!one || one === document.body) return ["the body", true];
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
  const isRinged = (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none";
  const box = one.getBoundingClientRect();
  const marked = one.querySelector(".active") !== null;
  return [`${one.tagName}#${one.id}.${one.className}`, (isRinged || marked) && box.width > 0 && box.height > 0];
}

export const checks = [
  {
    name: "log in, choose a conversation, answer, search, steer an integration",
    needs: { evolution: true },
    async run(stage) {
      const { page, daemon } = stage;
      const other = await stage.client("message.*");
      for (const peer of ["ana", "bia"]) await other.ask("receive", { channel: "webchat", peer, text: `I am ${peer}` });
      await page.goto(daemon.origin);
      await page.waitForSelector("#login:not([hidden])");
      await tabTo(page, "#token");
      await page.keyboard.type(daemon.token);
      await page.keyboard.press("Enter");
      await stage.connected();

      await until("the list is there", async () => (await page.$$("#conversations [data-key]")).length === 3);
      await tabTo(page, "#conversations");
      await page.keyboard.press("Home");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await until("the second other one is open", () => page.url().endsWith("#chat/webchat/ana"));
      await stage.shows(["I am ana"]);
      await tabTo(page, "#text");
      await page.keyboard.type("an answer");
      await page.keyboard.press("Enter");
      await other.heard("message.status", ({ peer, text }) => peer === "ana" && text === "an answer");

      await tabTo(page, "#search-open", "Shift+Tab");
      await page.keyboard.press("Enter");
      await until("the search has the focus", () => page.evaluate(() => document.activeElement.id === "search-text"));
      await page.keyboard.type("ANSWER");
      await page.waitForSelector("#search-results li button");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.waitForSelector("#messages .found");
      await tabTo(page, "#search-text", "Shift+Tab");
      await page.keyboard.press("Escape");
      assert(await page.isHidden("#search"), "Escape does not close the search");

      await tabTo(page, "#new-conversation");
      await page.keyboard.press("Enter");
      await page.waitForSelector("#new-dialog[open]");
      await page.waitForSelector("#new-channel option", { state: "attached" });
      await tabTo(page, "#new-peer");
      await page.keyboard.type("carla");
      await page.keyboard.press("Enter");
      await until("the new one is open", () => page.url().endsWith("/carla"));

      await tabTo(page, "#nav-control", "Shift+Tab");
      await page.keyboard.press("Enter");
      await page.waitForSelector("#control:not([hidden])");
      const state = () => daemon.rpc("integrations").then(({ integrations }) => integrations.find(({ name }) => name === "whatsapp").state);
      await page.waitForSelector('#integrations [data-key=whatsapp] [data-do=stop]');
      await tabTo(page, "#integrations [data-key=whatsapp] [data-do=stop]");
      await page.keyboard.press("Enter");
      await until("it is stopped", async () => (await state()) === "stopped");
      await page.waitForSelector("#integrations [data-key=whatsapp] [data-do=start]");
      await tabTo(page, "#integrations [data-key=whatsapp] [data-do=start]");
      await page.keyboard.press("Space");
      await until("it runs again", async () => (await state()) === "running");
    },
  },
  {
    name: "a dialog keeps the focus and gives it back",
    async run(stage) {
      const { page } = stage;
      await stage.open();
      await tabTo(page, "#new-conversation");
      await page.keyboard.press("Enter");
      await page.waitForSelector("#new-dialog[open]");
      for (let i = 0; i < 12; i++) {
        await page.keyboard.press("Tab");
        assert(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest("dialog") !== null), "the focus left the dialog");
      }
      await page.keyboard.press("Escape");
      await until("the focus is back", () => page.evaluate(() => document.activeElement.id === "new-conversation"));
    },
  },
  {
    name: "messages are read out as they come, each once",
    async run(stage) {
      const { page } = stage;
      const other = await stage.client();
      await stage.open();
      same(await page.getAttribute("#announcer", "aria-live"), "polite", "how it is read out");
      for (const text of ["first", "second"]) {
        await other.ask("send", { channel: "webchat", to: "visitor", text });
        await until("it is read out", async () => (await page.textContent("#announcer")).includes(text));
      }
      await stage.say("my own");
      await stage.shows(["first", "second", "my own"]);
      assert(!(await page.textContent("#announcer")).includes("my own"), "one's own text is read out");
    },
  },
];
