// The first day: the guide answers, in the language of the page, and says that it is one.

import { assert, until } from "../until.mjs";

export const checks = [
  {
    name: "a fresh page says that the guide answers, and that it is quiet where a person wrote",
    needs: { settings: { GUIDE: "1" } },
    async run(stage) {
      const { page, daemon } = stage;
      await stage.open();
      const says = (expected) => until(`it says ${expected}`, async () => expected.test(await page.textContent("#agent-note")));
      await says(/^Only the guide answers here: set up a model\.$/);
      await stage.shot("guide-fresh");
      await daemon.rpc("send", { channel: "webchat", to: "visitor", text: "Nobody asked for this" });
      await until("it came", async () => (await stage.texts()).length === 1);
      await says(/^Only the guide answers here/);
      await stage.say("Hello!");
      await page.waitForSelector("#messages .other .agent");
      await says(/^Only the guide answers here/);
      await daemon.rpc("send", { channel: "webchat", to: "visitor", text: "I am here myself" });
      await says(/^The guide is quiet · a person writes here$/);
      await stage.accessible("a guide that is quiet");
      await stage.shot("guide-quiet");
      await page.selectOption("#language", "pt");
      await says(/^O guia está em silêncio · uma pessoa escreve aqui$/);
    },
  },
  {
    name: "the guide answers what the visitor writes, and its name stands at the answer",
    needs: { settings: { GUIDE: "1" } },
    async run(stage) {
      const { page } = stage;
      const other = await stage.client();
      const say = (peer, text, name) => other.ask("receive", { channel: "webchat", peer, text, meta: { name } });
      await say("ana", "Bom dia! Vocês abrem hoje?", "Ana Luísa");
      await other.ask("send", { channel: "webchat", to: "ana", text: "Bom dia, Ana. Das 8 às 18." });
      await say("bruno", "The order has arrived, thank you", "Bruno");
      await stage.open();
      await stage.go("chat/webchat/visitor");
      const began = Date.now();
      await page.fill("#text", "Hello!");
      await page.keyboard.press("Enter");
      await page.waitForSelector("#messages .other .agent");
      assert(Date.now() - began < 10_000, "it answers within ten seconds");
      const told = await page.textContent("#messages .other");
      assert(told.includes("arrived as m-") && told.includes("Guide"), told);
      await stage.shot("guide");
      await page.fill("#text", "2");
      await page.keyboard.press("Enter");
      await until("the second answer", async () => (await page.textContent("#messages")).includes("@BotFather"));
    },
  },
];
