// The machines of a cluster in the control view. The program under test is built without the bus, so what a machine of a
// cluster would say is put into its answers, in the shape of `describe`; then the same of a real cluster, where CLUSTER_BIN
// names a program that was built with the bus.

import { Cluster } from "../cluster.mjs";
import { BOT_TOKEN } from "../telegram.mjs";
import { assert, same, until } from "../until.mjs";

const STEERING = ["cluster", "cluster.hand_over", "cluster.drain"];

/** Three machines: this one, one that is behind, and one that is gone; a channel with an owner and one without. */
const cluster = () => ({
  name: "home",
  node: "desk",
  nodes: ["desk", "server"],
  machines: [
    { node: "desk", there: true, to_publish: 0, behind: 0, unsettled: 0 },
    { node: "server", there: true, seen_ms: Date.now(), to_publish: 3, behind: 40, unsettled: 2 },
    { node: "vps", there: false, seen_ms: Date.now() - 300_000, to_publish: 0, behind: 0, unsettled: 0 },
  ],
  channels: [
    { channel: "telegram", owner: "desk", since_ms: Date.now() - 60_000, stands: ["desk", "server"], alone: false },
    { channel: "discord", stands: ["vps"], alone: true },
  ],
  to_publish: 0,
  behind: 0,
  applied: 7,
  unsettled: 0,
  waiting: 5,
  draining: false,
});

/** Has the gateway speak as a machine of that cluster; what the page asked it for. */
async function standIn(context, told, may = STEERING) {
  const asked = [];
  await context.routeWebSocket(/\/ws$/, (socket) => {
    const gateway = socket.connectToServer();
    socket.onMessage((text) => {
      const { id, action, payload } = JSON.parse(text);
      if (!STEERING.includes(action)) return gateway.send(text);
      asked.push([action, payload]);
      if (action === "cluster.drain") told.draining = true;
      socket.send(JSON.stringify({ type: "response", id, action, payload: told }));
    });
    gateway.onMessage((text) => {
      const frame = JSON.parse(text);
      const { payload } = frame;
      if (payload?.actions && payload.events) payload.actions = [...payload.actions.filter(({ name }) => !STEERING.includes(name)), ...may.map((name) => ({ name }))];
      else if (payload?.uptime_ms && payload.integrations) payload.cluster = told;
      socket.send(JSON.stringify(frame));
    });
  });
  return asked;
}

const row = (key) => `#machines > [data-key="${key}"]`;

export const checks = [
  {
    name: "machines, owners and what waits are shown; a channel is handed over and a machine drained, after a question",
    async run(stage) {
      const { page, context } = stage;
      const told = cluster();
      const asked = await standIn(context, told);
      await stage.open("control");
      await page.waitForSelector(row("node/desk"));
      const text = (key) => page.textContent(row(key));
      assert(/this machine.*nothing waits/.test(await text("node/desk")), "this machine", await text("node/desk"));
      assert(/connected now.*for the bus: 3.*still to come: 40.*to be sent: 2/.test(await text("node/server")), "what waits on another", await text("node/server"));
      assert(/last seen 5/.test(await text("node/vps")), "one that is gone", await text("node/vps"));
      assert(/sent by desk/.test(await text("channel/telegram")), "an owner", await text("channel/telegram"));
      assert(/sent by no machine.*could send: vps/.test(await text("channel/discord")), "no owner", await text("channel/discord"));
      assert(!(await page.$(`${row("channel/discord")} button`)), "there is nobody to hand it to");
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        await stage.accessible(`machines, ${colorScheme}`);
        await page.locator("section.machines").scrollIntoViewIfNeeded();
        await stage.shot(`machines-${colorScheme}`);
      }
      await page.emulateMedia({ colorScheme: "light" });

      await page.click(`${row("channel/telegram")} [data-do=handOver]`);
      same(await page.$$eval("dialog.sheet option", (all) => all.map(({ value }) => value)), ["server"], "who could take it");
      await stage.accessible("handing over");
      await stage.shot("machines-hand-over");
      same(asked.length, 0, "nothing is asked for before");
      await page.click("dialog.sheet .main");
      await until("it is asked for", () => asked.length === 1);
      same(asked[0], ["cluster.hand_over", { channel: "telegram", node: "server" }], "what");

      await page.click(`${row("node/desk")} [data-do=drain]`);
      await page.click("dialog.sheet .close");
      await page.click(`${row("node/desk")} [data-do=drain]`);
      await page.waitForSelector("dialog.sheet .grave");
      await page.click("dialog.sheet .grave");
      await until("it is drained", async () => /takes no channel/.test(await text("node/desk")));
      same(asked.map(([action]) => action), ["cluster.hand_over", "cluster.drain"], "all that was asked for");
      assert(!(await page.$(`${row("node/desk")} [data-do=drain]`)), "it is drained once");

      told.away_since_ms = Date.now() - 120_000;
      await page.selectOption("#language", "pt");
      await until("in Portuguese as well", async () => /esta máquina.*Sem o barramento desde/.test(await text("node/desk")));
      same(await page.textContent("#t-machines"), "Máquinas", "the heading");
      await page.setViewportSize({ width: 320, height: 640 });
      const outside = await page.$$eval("section.machines *", (all) => all.filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > 320).map((one) => one.outerHTML.slice(0, 80)));
      same(outside, [], "what does not fit at 320 pixels");
      await stage.accessible("machines at 320 pixels");
      await page.locator("section.machines").scrollIntoViewIfNeeded();
      await stage.shot("machines-narrow");
    },
  },
  {
    name: "a key that may not see the cluster, and a gateway that is in none, have no such section",
    async run(stage) {
      const { page, context } = stage;
      await standIn(context, cluster(), []);
      await stage.open("control");
      await page.waitForSelector("#figures p");
      assert(await page.isHidden("section.machines"), "the section is shown");
      const other = await (await stage.visitor()).newPage();
      await stage.open("control", other);
      await other.waitForSelector("#figures p");
      assert(await other.isHidden("section.machines"), "of no cluster");
    },
  },
  {
    name: "of two real machines one hands the channel over and is drained, by the buttons",
    needs: { telegram: "away" },
    async run(stage) {
      const missing = Cluster.missing();
      if (missing) return `SKIPPED: ${missing}`;
      const { page, telegram } = stage;
      const cluster = new Cluster();
      try {
        await cluster.start(["desk", "server"], { ...telegram.settings, TELEGRAM_BOT_TOKEN: BOT_TOKEN, TELEGRAM_ALLOW_FROM: "*" });
        const [desk, server] = cluster.daemons;
        await stage.daemon.end();
        stage.daemon = desk;
        await stage.open("control");
        const text = (key) => page.textContent(row(key));
        await until("the owner is shown, and that both could send", async () => {
          await page.waitForSelector(row("channel/telegram"));
          return /sent by desk/.test(await text("channel/telegram")) && (await page.$(`${row("channel/telegram")} [data-do=handOver]`));
        });
        assert(/this machine.*nothing waits/.test(await text("node/desk")), "this machine", await text("node/desk"));
        await until("the other is there", async () => /connected now/.test(await text("node/server")));
        await stage.shot("cluster-before");

        await page.click(`${row("channel/telegram")} [data-do=handOver]`);
        same(await page.$$eval("dialog.sheet option", (all) => all.map(({ value }) => value)), ["server"], "who could take it");
        await page.click("dialog.sheet .main");
        await until("it is handed over", async () => /sent by server/.test(await text("channel/telegram")));
        await desk.rpc("send", { channel: "telegram", to: "7", text: "over the bus" });
        await until("it is sent", () => telegram.sent.some(({ text }) => text === "over the bus"));
        await stage.shot("cluster-handed-over");

        const other = await (await stage.visitor()).newPage();
        stage.daemon = server;
        await stage.open("control", other);
        const theirs = (key) => other.textContent(row(key));
        await other.waitForSelector(`${row("node/server")} [data-do=drain]`);
        await other.click(`${row("node/server")} [data-do=drain]`);
        await other.click("dialog.sheet .grave");
        await until("it is drained", async () => /takes no channel/.test(await theirs("node/server")));
        await until("the first has the channel again", async () => /sent by desk/.test(await theirs("channel/telegram")));
        await until("both say so", async () => /sent by desk/.test(await text("channel/telegram")));
        await stage.accessible("a real cluster", other);
        await other.locator("section.machines").scrollIntoViewIfNeeded();
        await stage.shot("cluster-drained", other);
      } finally {
        await cluster.end();
      }
      return undefined;
    },
  },
];
