// Who answers in the open conversation by itself, and the ways to stop that, to take over and to give
// back. What happened without a connection is asked for, never assumed.

import { whyOf } from "../app/said.js";
import { $, write } from "../dom.js";
import { Agents, toneOf } from "../model/agents.js";
import { keyOf } from "../model/conversations.js";
import { isGroup } from "../model/finding.js";
import { joined } from "../model/parts.js";
import { leftText, words } from "../words.js";

const ASK_MS = 300;
/** Between two looks at the time that is left. */
const TICK_MS = 10_000;
const TURNS = 50;
/** The only channel that the guide answers in. */
const GUIDED = "webchat";

export class AgentBar {
  /** Undefined until the gateway has told who answers in the open conversation. */
  agents;
  /** Whether the guide answers where no agent does; undefined until that is known, or where this key may not ask. */
  #guides;
  #ask;
  #tick;
  #take = $("agent-take");
  #stop = $("agent-stop");

  constructor(chat) {
    this.chat = chat;
    this.#take.onclick = () => this.act(this.#take.dataset.do, { ...chat.open });
    this.#stop.onclick = () => this.act("abort", { turn_id: this.#here.turn.turn_id });
  }

  opened() {
    this.agents = this.#guides = undefined;
    this.load();
  }

  async load() {
    const { open, session } = this.chat;
    clearTimeout(this.#ask);
    this.#ask = undefined;
    if (!open) return;
    // In this order: what happens between the two answers is in the second, or comes as an event behind it.
    const [turns, agents] = await Promise.all([session.wish("turns", { ...open, limit: TURNS }), session.wish("agents", open)]);
    if (open !== this.chat.open || !agents) return;
    this.agents = new Agents(agents, turns?.turns);
    this.chat.draw();
    const guides = !this.agents.any && open.channel === GUIDED ? await this.#hasGuide() : false;
    if (open !== this.chat.open) return;
    this.#guides = guides;
    this.chat.draw();
  }

  /** Whether the guide is on; it ends for good with the first turn of an agent. */
  async #hasGuide() {
    const { session } = this.chat;
    const [config, turns] = await Promise.all([session.wish("config"), session.wish("turns", { limit: 1 })]);
    const row = config?.keys.find(({ name }) => name === "GUIDE");
    return row && turns ? !turns.turns.length && (row.value ?? row.default) === "1" : undefined;
  }

  /** Takes an event. Which messages a turn that failed was to answer, it does not say. */
  hear(name, payload) {
    const { open } = this.chat;
    this.agents?.hear(name, payload);
    if (open && payload.state === "failed" && keyOf(payload) === keyOf(open)) this.#ask ??= setTimeout(() => this.load(), ASK_MS);
  }

  /** Has the gateway do this, and looks what came of it. */
  async act(what, payload) {
    const { composer, session } = this.chat;
    await session.ask(`agent.${what}`, payload).catch(fault => composer.say(whyOf(fault)));
    this.load();
  }

  get #here() {
    return this.agents?.at(this.chat.open, Date.now()) ?? {};
  }

  draw() {
    const { agents, chat } = this;
    if (!chat.open) return;
    const { name, state, turn, hold } = this.#here;
    const guide = agents && !name && guideOf(chat.thread, this.#guides);
    const note = !agents ? "" : name ? told(agents.titleOf(name), state, turn, hold, chat.thread.isGroup || isGroup(chat.conversation), agents.isOpenGroup) : GUIDE[guide]();
    if (agents) $("agent").hidden = !note;
    $("agent").className = (name ? hold ? "warn" : toneOf(state) : guide === "quiet" && "warn") || "";
    write($("agent-note"), note);
    write($("agent-left"), hold ? leftText(hold.until_ms) : "");
    const hadFocus = document.activeElement;
    this.#stop.hidden = !turn;
    // In one's own conversation one asks; there is nothing to take over.
    this.#take.hidden = !name || !(hold || !chat.isMine(chat.open));
    this.#take.dataset.do = hold ? "resume" : "takeover";
    write(this.#take, words(this.#take.dataset.do));
    if (hadFocus.hidden) $("log").focus();
    $("how").hidden = !chat.isMine(chat.open);
    if (hold) this.#tick ??= setTimeout(() => this.#ticked(), TICK_MS);
  }

  #ticked() {
    this.#tick = undefined;
    this.chat.draw();
  }
}

/** What is said where no agent answers. */
const GUIDE = {
  answers: () => words("guideAnswers"),
  quiet: () => joined([words("guideQuiet"), words("hand")]),
  none: () => words("nobodyAnswers"),
  unknown: () => "",
};

/** How the guide stands in this conversation: it keeps out of one in which somebody else answered what was asked. */
function guideOf({ rows, loaded }, guides) {
  if (guides === false) return "none";
  const at = loaded ? rows.findLastIndex(({ direction }) => direction === "out") : -1;
  if (rows[at]?.meta?.guide) return "answers";
  if (loaded && guides) return rows.some(({ direction }, i) => i < at && direction === "in") ? "quiet" : "answers";
  return loaded && rows.some(({ meta }) => meta?.guide) ? "quiet" : "unknown";
}

/** Who answers, or why nobody does. */
function told(name, state, turn, hold, inGroup, isOpenGroup) {
  const isChoosy = !isOpenGroup && inGroup;
  if (hold) return joined([words("quietHere", { name }), words(hold.by)]);
  if (!turn && state !== "running") return joined([words("answersNot", { name }), words(state)]);
  const more = turn?.attempt > 1 && words("attempt", { n: turn.attempt });
  return joined([words({ running: "answering", waiting: "answersNext" }[turn?.state] ?? (isChoosy ? "answersMentions" : "answersHere"), { name }), more]);
}
