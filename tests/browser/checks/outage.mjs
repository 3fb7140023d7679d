// The daemon goes away and comes back: nothing is missed, nothing comes twice.

import { assert, same, until } from "../until.mjs";

async function survives(stage, signal) {
  const { page, daemon } = stage;
  stage.tolerateOutage();
  await stage.open();
  await stage.say("before");
  await stage.shows(["before"]);
  await daemon.stop(signal);
  await page.waitForSelector("#banner:not([hidden])");
  await stage.say("while it was away");
  await stage.shows(["before", "while it was away"]);
  await stage.shot("away");
  await daemon.start();
  const other = await stage.client();
  await other.ask("send", { channel: "webchat", to: "visitor", text: "sent before it came back" });
  await stage.connected();
  const history = async () => (await other.ask("history", { channel: "webchat", peer: "visitor" })).messages.map(({ text }) => text);
  await until("both are stored", async () => (await history()).length === 3);
  await stage.shows(await history());
  assert(await page.isHidden("#banner"), "the banner stays");
  same((await history()).sort(), ["before", "sent before it came back", "while it was away"], "what is stored, each once");
}

export const checks = [
  { name: "a daemon that stops in order and starts again", run: (stage) => survives(stage, "SIGTERM") },
  { name: "a daemon that is killed and starts again", run: (stage) => survives(stage, "SIGKILL") },
  {
    name: "a reload while the daemon is away keeps what was said",
    async run(stage) {
      const { page, daemon } = stage;
      stage.tolerateOutage();
      await stage.open();
      // A second tab, because the page itself cannot be loaded from a daemon that is away.
      await daemon.stop();
      await page.waitForSelector("#banner:not([hidden])");
      await stage.say("kept");
      await daemon.start();
      await page.reload();
      await stage.connected();
      await stage.shows(["kept"]);
    },
  },
  {
    name: "many events while it was away come in order and once",
    async run(stage) {
      const { daemon } = stage;
      stage.tolerateOutage();
      await stage.open();
      await stage.say("0");
      await stage.shows(["0"]);
      await stage.context.setOffline(true);
      await daemon.stop();
      await daemon.start();
      const other = await stage.client();
      const all = ["0"];
      for (let i = 1; i <= 120; i++) {
        other.ask("send", { channel: "webchat", to: "visitor", text: `${i}` });
        all.push(`${i}`);
      }
      await until("all are stored", async () => (await other.ask("status")).store.messages === all.length);
      await stage.context.setOffline(false);
      await stage.connected();
      const last = () => stage.texts().then((texts) => texts.at(-1));
      await until("the last is there", async () => (await last()) === "120");
      const seen = await stage.texts();
      same(seen, all.slice(-seen.length), "the end of the conversation, in order and once");
      const states = async () => (await other.ask("history", { channel: "webchat", peer: "visitor", limit: 200 })).messages.map(({ state }) => state);
      await until("all were delivered", async () => (await states()).slice(1).every((state) => state === "delivered"));
    },
  },
  {
    name: "a token that is changed asks for the new one",
    async run(stage) {
      const { page, daemon } = stage;
      stage.tolerateOutage();
      await stage.open();
      const fresh = "f".repeat(64);
      const { readFileSync, writeFileSync } = await import("node:fs");
      const file = `${daemon.home}/.env`;
      writeFileSync(file, readFileSync(file, "utf8").replace(daemon.token, fresh));
      await daemon.rpc("reload");
      await page.waitForSelector("#login:not([hidden])");
      await page.fill("#token", fresh);
      await page.press("#token", "Enter");
      await stage.connected();
    },
  },
];
