// Agents in a conversation and in control: who answers, how far the answer is, and the ways to steer it.

import { assert, same, until } from "../until.mjs";

const MARKUP = `<img src=x onerror="hacked()">`;
const EVIL = `\u001b[31m${MARKUP}`;
const EVIL_SEEN = EVIL.replace("\u001b", "\\x1b");
const NEEDS = { settings: { AGENT: "clerk", AGENT_GATHER: "10ms" } };

const ANA = { channel: "webchat", peer: "ana" };

const note = (stage) => stage.page.textContent("#agent-note");
const says = (stage, wanted) => until(`it says ${wanted}`, async () => (await note(stage)).match(wanted));

/** Opens the conversation in which ana has asked something; what the agent was given. */
async function asked(stage, agent, text = "a question") {
  const known = agent.events.length;
  await stage.daemon.rpc("receive", { ...ANA, text });
  await stage.go("chat/webchat/ana");
  return until("the agent is asked", () => agent.events.slice(known).find(([name, turn]) => name === "agent.turn" && turn.message === text)?.[1]);
}

export const checks = [
  {
    name: "in a group where nobody wrote yet it is told as well that the agent answers when mentioned",
    needs: { evolution: true, settings: { ...NEEDS.settings, WHATSAPP_ALLOW_FROM: "*" } },
    async run(stage) {
      await stage.open();
      await stage.agent("clerk");
      await stage.go(`chat/whatsapp/${encodeURIComponent(stage.evolution.groups[0].id)}`);
      await says(stage, /^clerk answers here when mentioned$/);
      await stage.go("chat/whatsapp/5511987654321");
      await says(stage, /^clerk answers here$/);
    },
  },
  {
    name: "who answers is shown, the answer grows, and stands there once, marked with its agent",
    needs: NEEDS,
    async run(stage) {
      const { page } = stage;
      await stage.open();
      await says(stage, /^clerk does not answer now · not connected$/);
      const agent = await stage.agent("clerk");
      await says(stage, /^clerk answers here$/);
      assert(await page.isHidden("#agent-stop") && await page.isHidden("#agent-take"), "there is nothing to stop or to take over");
      await stage.say("a question");
      const { turn_id } = await agent.heard("agent.turn");
      await says(stage, /^clerk is answering…$/);
      await agent.ask("agent.delta", { turn_id, text: `It is ${EVIL}` });
      await stage.shows(["a question", `It is ${EVIL_SEEN}`]);
      await agent.ask("agent.delta", { turn_id, text: "\n```js\nlet x = 1;" });
      await page.waitForSelector("#messages pre");
      same(await page.textContent("#messages pre"), "let x = 1;", "code that has not ended yet");
      await stage.accessible("a growing answer");
      await stage.shot("agent-answering");
      await agent.ask("agent.done", { turn_id, text: "It is 42." });
      await stage.shows(["a question", "It is 42."]);
      await until("it names who wrote it", async () => (await page.$$eval("#messages .agent", (all) => all.map((one) => one.textContent))).join() === "clerk");
      await says(stage, /^clerk answers here$/);
      await page.reload();
      await stage.connected();
      await until("so it does after a reload", async () => (await page.$$eval("#messages .agent", (all) => all.map((one) => one.textContent))).join() === "clerk");
      same(await page.evaluate(() => window.hackedBy), undefined, "nothing of it ran");
    },
  },
  {
    name: "an answer is stopped by keyboard, and nothing of it stays",
    needs: NEEDS,
    async run(stage) {
      const { page } = stage;
      const agent = await stage.agent("clerk");
      await stage.open();
      const { turn_id } = await asked(stage, agent);
      await agent.ask("agent.delta", { turn_id, text: "On and on" });
      await stage.shows(["a question", "On and on"]);
      await page.focus("#agent-stop");
      await page.keyboard.press("Enter");
      await agent.heard("agent.abort", (abort) => abort.turn_id === turn_id);
      await stage.shows(["a question"]);
      await says(stage, /^clerk answers here$/);
      same(await page.evaluate(() => document.activeElement.id), "log", "where the keyboard is then");
    },
  },
  {
    name: "a person takes over, by the button or by writing, and gives back",
    needs: { evolution: true, settings: { ...NEEDS.settings, WHATSAPP_ALLOW_FROM: "5511987654321" } },
    async run(stage) {
      const { page, daemon, evolution } = stage;
      const agent = await stage.agent("clerk");
      await stage.open("chat/whatsapp/5511987654321");
      await evolution.say("5511987654321", "Bia", "a question");
      const { turn_id } = await agent.heard("agent.turn");
      await page.click("#agent-take");
      await agent.heard("agent.abort", (abort) => abort.turn_id === turn_id);
      await says(stage, /^clerk is quiet · a person took over$/);
      assert(/^(29|30) min left$/.test(await page.textContent("#agent-left")), "how long", await page.textContent("#agent-left"));
      await stage.accessible("a conversation that is held");
      await stage.shot("agent-held");
      await page.selectOption("#language", "pt");
      await says(stage, /^clerk está em silêncio · uma pessoa assumiu$/);
      await stage.shot("agent-held-portuguese");
      await page.selectOption("#language", "en");
      await page.press("#agent-take", "Enter");
      await says(stage, /^clerk answers here$/);
      same((await daemon.rpc("agents")).held, [], "what is held");
      same(await page.evaluate(() => document.activeElement.id), "agent-take", "the focus stays");
      await stage.say("by hand");
      await says(stage, /^clerk is quiet · a person writes here$/);
      await page.click("#agent-take");
      await says(stage, /^clerk answers here$/);
      await evolution.say("5511987654321", "Bia", "and then?");
      await agent.heard("agent.turn", ({ message }) => message === "and then?");
    },
  },
  {
    name: "why an agent is quiet is told, also what happened while the page was away",
    needs: NEEDS,
    async run(stage) {
      const { daemon } = stage;
      stage.tolerateOutage();
      stage.tolerate(/ERR_INTERNET_DISCONNECTED/);
      const agent = await stage.agent("clerk");
      await stage.open();
      await asked(stage, agent);
      await stage.context.setOffline(true);
      await daemon.stop();
      await daemon.start();
      await daemon.rpc("receive", { ...ANA, text: "/pause" });
      await until("it is held", async () => (await daemon.rpc("agents")).held.length === 1);
      await stage.context.setOffline(false);
      await stage.connected();
      await says(stage, /^clerk is quiet · a person took over$/);
      await daemon.rpc("agent.resume", ANA);
      await says(stage, /^clerk does not answer now · not connected$/);
    },
  },
  {
    name: "a turn that failed is told at its message with the reason, and tried again",
    needs: NEEDS,
    async run(stage) {
      const { page } = stage;
      const agent = await stage.agent("clerk");
      await stage.open();
      const { turn_id } = await asked(stage, agent);
      await agent.ask("agent.delta", { turn_id, text: "Let me see" });
      await stage.shows(["a question", "Let me see"]);
      await agent.ask("agent.failed", { turn_id, error: `no such model ${EVIL}`, certainty: "permanent" });
      const told = () => page.textContent("#messages li:has(.again) .trouble");
      await until("it is told", async () => (await told()).includes(`clerk did not answer: no such model ${EVIL_SEEN}`));
      await stage.shows(["a question"]);
      await page.reload();
      await stage.connected();
      await until("it is told after a reload", async () => (await told()).includes("no such model"));
      await stage.accessible("a failed turn");
      await stage.shot("agent-failed");
      const before = agent.events.length;
      await page.click("#messages .again");
      await until("the agent has it again", () => agent.events.slice(before).some(([name, turn]) => name === "agent.turn" && turn.turn_id === turn_id));
      await until("that it failed is not told any more", async () => !(await page.$("#messages .again")));
      await agent.ask("agent.done", { turn_id, text: "Here it is." });
      await stage.shows(["a question", "Here it is."]);
    },
  },
  {
    name: "in Portuguese, why an agent did not answer and why it is not tried again is told in Portuguese",
    needs: { ...NEEDS, context: { locale: "pt-BR", viewport: { width: 390, height: 844 } } },
    async run(stage) {
      const { page, daemon } = stage;
      const agent = await stage.agent("clerk");
      await stage.open();
      const { turn_id } = await asked(stage, agent);
      await agent.ask("agent.failed", { turn_id, error: "the agent clerk takes no more for now", certainty: "permanent" });
      const told = () => page.textContent("#messages li:has(.again) .trouble").catch(() => "");
      await until("why it failed", async () => /clerk não respondeu: o agente clerk/.test(await told())).catch(async (error) => assert(false, error.message, await told()));
      await daemon.rpc("agent.takeover", ANA);
      await page.click("#messages .again");
      await until("why it is not tried again", async () => /^uma pessoa está respondendo nesta conversa/.test(await page.textContent("#text-hint")));
      await stage.shot("agent-failed-portuguese");
    },
  },
  {
    name: "an agent's question is answered by a button",
    needs: NEEDS,
    async run(stage) {
      const { page } = stage;
      const agent = await stage.agent("clerk");
      await stage.open();
      await stage.say("Clean up, please");
      const { turn_id } = await agent.heard("agent.turn");
      const options = ["Yes", `${MARKUP}  `, "1"];
      const answer = agent.ask("agent.ask", { turn_id, text: "May I delete it?", options });
      await page.waitForSelector("#messages .options button");
      same(await page.$$eval("#messages .options button", (all) => all.map((one) => one.textContent)), ["Yes", MARKUP, "1"], "what can be answered");
      await stage.accessible("a question");
      await stage.shot("agent-question");
      await page.focus("#messages .options button");
      await page.keyboard.press("Enter");
      same(await answer, { answer: "Yes" }, "the answer");
      await until("the buttons are gone", async () => !(await page.$("#messages .options")));
      await page.reload();
      await stage.connected();
      await until("the answer stands there", async () => (await stage.texts()).at(-1) === "Yes");
      assert(!(await page.$("#messages .options")), "the buttons are back");
      for (const [i, said] of [[1, "2"], [2, "3"]]) {
        const answer = agent.ask("agent.ask", { turn_id, text: "And now?", options });
        await page.click(`#messages .options button:nth-child(${i + 1})`);
        same(await answer, { answer: options[i] }, "the answer that its words would not name");
        await until("it was said by its number", async () => (await stage.texts()).at(-1) === said);
      }
    },
  },
  {
    name: "a button that is pressed stays until it is released, whatever its message becomes meanwhile",
    needs: NEEDS,
    async run(stage) {
      const { page } = stage;
      const [agent, other] = [await stage.agent("clerk"), await stage.client("message.status")];
      await stage.open();
      await stage.say("Clean up, please");
      const { turn_id } = await agent.heard("agent.turn");
      const answer = agent.ask("agent.ask", { turn_id, text: "May I delete it?", options: ["Yes"] });
      await page.hover("#messages .options button");
      await page.mouse.down();
      const to = await page.getAttribute("#messages li:has(.options)", "data-key");
      const receive = (peer, message) => other.ask("receive", { channel: "webchat", peer, ...message });
      await receive("visitor", { kind: "reaction", content: { to, emoji: "👍" } });
      await receive("ana", { text: "Later than that" });
      await until("the page knows both", async () => (await page.textContent("#conversations")).includes("Later than that"));
      assert(!(await page.$("#messages .reactions")), "the row was made anew under the finger");
      await page.mouse.up();
      same(await answer, { answer: "Yes" }, "the answer");
      await until("the reaction stands there then", async () => (await page.textContent(`[data-key="${to}"] .reactions`)).includes("👍"));
    },
  },
  {
    name: "a storm of growing answers is drawn now and then, and never at length",
    async run(stage) {
      const { page } = stage;
      const other = await stage.client();
      await stage.open();
      await page.evaluate(() => {
        window.drawn = 0;
        new MutationObserver(() => window.drawn++).observe(document.getElementById("messages"), { childList: true });
      });
      const long = "word ".repeat(4000);
      const began = Date.now();
      await Promise.all(Array.from({ length: 300 }, (_, i) => other.ask("typing", { channel: "webchat", to: "visitor", text: `${long}${i}` })));
      await until("the last is shown", async () => (await stage.texts()).at(-1)?.endsWith(" 299"));
      const seconds = (Date.now() - began) / 1000;
      const [drawn, length] = [await page.evaluate(() => window.drawn), (await stage.texts()).at(-1).length];
      assert(drawn <= 30 * seconds + 5, "how often it was drawn", { drawn, seconds });
      assert(length <= 3000, "how much is shown", length);
    },
  },
  {
    name: "control shows agents, what is held and what failed, and steers them",
    needs: { settings: { AGENT: "clerk", AGENT_ROUTES: "webchat/caio=echo", AGENT_GATHER: "10ms" } },
    async run(stage) {
      const { page, daemon } = stage;
      const agent = await stage.agent("clerk");
      await stage.open("control");
      const row = (part, key) => `#${part} [data-key="${key}"]`;
      const state = async (name) => (await daemon.rpc("agents")).agents.find((one) => one.name === name).state;
      await until("echo runs", async () => /running for/.test(await page.textContent(row("agents", "echo")).catch(() => "")));
      assert(!(await page.$(`${row("agents", "clerk")} button`)), "a client is not the daemon's to stop");
      await page.click(`${row("agents", "echo")} [data-do=stop]`);
      await until("it is stopped", async () => (await state("echo")) === "stopped");
      await page.click(`${row("agents", "echo")} [data-do=start]`);
      await until("it runs again", async () => (await state("echo")) === "running");
      assert(await page.isHidden(".held") && await page.isHidden(".turns"), "cards with nothing in them");

      await page.click(`${row("agents", "echo")} [data-do=stop]`);
      await daemon.rpc("agent.takeover", { channel: "webchat", peer: "bia" });
      await daemon.rpc("receive", { ...ANA, text: "a question" });
      const { turn_id } = await agent.heard("agent.turn");
      await page.waitForSelector(`${row("turns", turn_id)} [data-do=abort]`);
      await agent.ask("agent.failed", { turn_id, error: EVIL, certainty: "permanent" });
      await until("what failed says why", async () => (await page.textContent(row("failures", turn_id)).catch(() => "")).includes(EVIL_SEEN));
      await page.waitForSelector(row("held", "webchat/bia"));
      await stage.accessible("agents in control");
      await stage.shot("control-agents");
      await page.selectOption("#language", "pt");
      await stage.shot("control-agents-portuguese");
      await page.click(`${row("held", "webchat/bia")} [data-do=resume]`);
      await until("it is given back", async () => !(await daemon.rpc("agents")).held.length);
      await page.click(`${row("failures", turn_id)} [data-do=retry]`);
      await until("the agent has it again", () => agent.events.filter(([name, turn]) => name === "agent.turn" && turn.turn_id === turn_id).length === 2);
    },
  },
  {
    name: "where nobody answers it says so, and offers a model",
    needs: { settings: { AGENT_PI: "/no/such/pi", OLLAMA_HOST: "127.0.0.1:1" } },
    async run(stage) {
      const { page } = stage;
      await stage.open();
      await says(stage, /^No agent answers here\.$/);
      await page.click("#start [data-do=model]");
      await until("nothing was found", async () => /Nothing was found/.test(await page.textContent(".steps")));
      await stage.accessible("nothing to answer with");
      await page.keyboard.press("Escape");
      await stage.go("control");
      await page.waitForSelector("#start-cards [data-do=model]");
      assert(await page.isHidden("section.agents"), "a card of agents that are none");
    },
  },
];
