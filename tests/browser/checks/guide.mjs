// The first day: the guide answers, in the language of the page, and says that it is one.

import { assert, until } from "../until.mjs";

export const checks = [
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
