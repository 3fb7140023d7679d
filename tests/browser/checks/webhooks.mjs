// Webhooks in the control view: how each receiver is, and what is done about it there.

import { createServer } from "node:http";

import { assert, until } from "../until.mjs";

const SEEN = [];
let answer = 204;
const receiver = createServer((request, response) => {
  let body = "";
  request.on("data", (piece) => (body += piece));
  request.on("end", () => {
    SEEN.push(JSON.parse(body).type);
    response.writeHead(answer).end();
  });
});
await new Promise((listening) => receiver.listen(0, "127.0.0.1", listening));
receiver.unref();
const url = `http://127.0.0.1:${receiver.address().port}/hook`;

export const checks = [
  {
    name: "a webhook is tested, paused, and goes on where it was parked",
    needs: { settings: { CLEUDOCODEBOT_WEBHOOK_URL: `${url}?secret=1` } },
    async run(stage) {
      const { page, daemon } = stage;
      const row = '#webhooks [data-key="webhook"]';
      const press = (what) => page.click(`${row} [data-do=${what}]`);
      const told = () => page.textContent(row);
      await stage.open("control");
      await page.waitForSelector(row);
      assert((await told()).includes(url) && !(await told()).includes("secret"), "its address without the query", await told());
      await press("test");
      await until("it was tested", async () => SEEN.includes("webhook.test"));
      await press("pause");
      await until("it is paused", async () => /paused/.test(await told()));
      await daemon.rpc("receive", { channel: "webchat", peer: "ana", text: "waits" });
      await until("one waits", async () => /1 waiting/.test(await told()));
      answer = 410;
      await press("goOn");
      await until("it is parked and says why", async () => /parked.*answered 410/.test(await told()));
      await stage.accessible("a parked webhook");
      await stage.shot("control-webhooks");
      await page.selectOption("#language", "pt");
      await until("in Portuguese as well", async () => /em suspenso.*respondeu 410/.test(await told()));
      await page.selectOption("#language", "en");
      answer = 204;
      await press("goOn");
      await until("it has all", async () => /up to date/.test(await told()));
      assert(SEEN.at(-1) === "message.received", "what waited came", SEEN);
    },
  },
];
