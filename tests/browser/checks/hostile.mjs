// What people write is text wherever it shows, and pages of others get nothing.

import { createServer } from "node:http";

import { assert, same, until } from "../until.mjs";

const EVIL = `"><img src=x onerror="hacked()"><script>hacked()</script><svg onload=hacked()>`;
const LINKS = ["javascript:hacked()", "data:text/html,<script>hacked()</script>", "  JaVaScRiPt:hacked()", "vbscript:x"];

/** Nothing of it ran, and nothing of it became an element. */
async function isHarmless(stage, where) {
  const found = await stage.page.evaluate(() => ({
    hacked: window.hackedBy ?? 0,
    elements: [...document.querySelectorAll("img, iframe, object, embed, script:not([src]), [onerror], [onload], [onclick]")].map((one) => one.outerHTML.slice(0, 120)),
    links: [...document.querySelectorAll("a[href]")].map((one) => one.protocol).filter((one) => !["http:", "https:"].includes(one)),
    violations: window.violations,
  }));
  same(found, { hacked: 0, elements: [], links: [], violations: [] }, `${where} is only text`);
}

export const checks = [
  {
    name: "markup in every field stays text",
    needs: { evolution: true },
    async run(stage) {
      const { page, evolution } = stage;
      await stage.context.addInitScript(() => (window.hacked = () => (window.hackedBy = (window.hackedBy ?? 0) + 1)));
      const other = await stage.client();
      await other.ask("auth", { client: { name: EVIL.slice(0, 100), kind: "mobile", version: EVIL.slice(0, 100) } });
      const receive = (more) => other.ask("receive", { channel: "webchat", peer: EVIL, text: EVIL, ...more });
      await receive({ sender: EVIL, meta: { name: EVIL } });
      await receive({ text: `see https://example.com/${EVIL} and ${LINKS.join(" ")}`, meta: { name: EVIL } });
      await receive({ media: { kind: "image", url: "https://example.com/x.png", name: EVIL, mime: EVIL } });
      await receive({ text: "```html\n" + EVIL + "\n```", media: { kind: "document", url: `https://example.com/"onmouseover="hacked()`, name: EVIL } });
      for (const url of LINKS) {
        const refused = await receive({ media: { kind: "image", url } }).then(() => false, () => true);
        assert(refused, `the gateway took media at ${url}`);
      }
      await evolution.say("5511777", EVIL, EVIL);
      await other.ask("typing", { channel: "webchat", to: EVIL, text: EVIL });
      await stage.open(`chat/webchat/${encodeURIComponent(EVIL)}`);
      await until("all four are shown", async () => (await page.$$("#messages li .bubble")).length >= 4);
      await other.ask("typing", { channel: "webchat", peer: EVIL, text: EVIL }).catch(() => {});
      await isHarmless(stage, "the chat");
      await stage.shot("hostile-chat");
      await page.click("#search-open");
      await page.fill("#search-text", "<img");
      await page.waitForSelector("#search-results li button");
      await isHarmless(stage, "the search");
      await stage.go("chat/whatsapp/551133334444");
      await stage.say("refuse");
      await page.waitForSelector("#messages .icon.failed", { state: "attached" });
      await isHarmless(stage, "a failure told by a service");
      await stage.go("control");
      await page.waitForSelector("#control:not([hidden]) #clients [data-key]");
      await until("a log line holds markup", async () => (await page.textContent("#lines")).includes("<img src=x"));
      await isHarmless(stage, "the control view");
      await stage.shot("hostile-control");
    },
  },
  {
    name: "an address with nonsense in it shows the page all the same",
    async run(stage) {
      const { page } = stage;
      await stage.open();
      for (const hash of ["chat/%", "chat/a/b/c/d", "control/<img>", "constructor", `chat/${"x".repeat(3000)}/y`, "chat/webchat/%00"]) {
        await stage.go(hash);
        await page.waitForSelector("body[data-state=open]", { state: "attached" });
      }
      await stage.go("chat");
      await page.reload();
      await stage.connected();
      await isHarmless(stage, "the page");
    },
  },
  {
    name: "a page from elsewhere gets neither socket, answer, script nor frame",
    async run(stage) {
      const { daemon } = stage;
      stage.tolerate(/./);
      const server = createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>elsewhere</title>"));
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      const page = await (await stage.visitor()).newPage();
      try {
        for (const host of ["127.0.0.1", "localhost", "rebound.example"]) {
          await page.goto(`http://${host}:${server.address().port}/`);
          same(await page.evaluate(attack, { port: daemon.port, token: daemon.token }), {
            socket: "refused",
            rpc: "refused",
            "no-cors": "opaque or refused",
            script: "refused",
          }, `what a page of ${host} gets`);
          const frames = page.frames().slice(1).map((frame) => frame.url());
          assert(frames.length === 1 && !frames[0].includes(`${daemon.port}`), "its frame shows the page", frames);
        }
        // A name that was ours a moment ago: the browser sends it as Host, and that gives it away.
        const answer = await page.goto(`http://rebound.example:${daemon.port}/`);
        same(answer.status(), 403, "the status under a foreign name");
      } finally {
        server.closeAllConnections();
        server.close();
      }
      const clients = await daemon.rpc("clients");
      same(clients.clients, [], "nobody came in");
    },
  },
];

/** Runs in the foreign page. */
async function attack({ port, token }) {
  const base = `127.0.0.1:${port}`;
  const socket = await new Promise((resolve) => {
    const opened = new WebSocket(`ws://${base}/ws`);
    opened.onopen = () => resolve("open");
    opened.onclose = () => resolve("refused");
  });
  const body = JSON.stringify({ type: "command", action: "status" });
  const rpc = await fetch(`http://${base}/rpc`, { method: "POST", body, headers: { Authorization: `Bearer ${token}` } }).then(
    (answer) => `answered ${answer.status}`,
    () => "refused",
  );
  const blind = await fetch(`http://${base}/rpc`, { method: "POST", mode: "no-cors", body }).then(({ type }) => type, () => "refused");
  const script = await new Promise((resolve) => {
    const element = document.createElement("script");
    element.src = `http://${base}/app.js`;
    element.onload = () => resolve("loaded");
    element.onerror = () => resolve("refused");
    document.head.append(element);
  });
  const frame = document.createElement("iframe");
  const framed = new Promise((resolve) => (frame.onload = resolve));
  frame.src = `http://${base}/`;
  document.body.append(frame);
  await framed;
  return {
    socket,
    rpc,
    "no-cors": ["opaque", "refused"].includes(blind) ? "opaque or refused" : blind,
    script,
  };
}
