// Where a check plays: a daemon, a browser that has never been here, and what it must not do there.
//
// Handles of the page that stay, since checks hold on to them; what a control is called is in table.js, in
// two languages:
//   #login #token #token-reason #login-pair · #join #join-host #join-code #join-name #join-go #join-end #join-reason
//   #banner[.kept] #retry-now · #newer #newer-now · #nav-chat #nav-control #language #link
//   body[data-state=open|waiting|token|connecting]
//   Chat: #conversations (listbox; options named "NAME CHANNEL TIME TEXT n unread", data-key=CHANNEL/PEER)
//     #new-conversation → #new-dialog #new-channel #new-peer · #thread-name #thread-note #visitor #back
//     #agent #agent-note #agent-left #agent-stop #agent-take · .again (a turn that failed) · .options button · #how
//     #search-open → #search #search-text #search-results · #announcer (aria-live)
//     #log (scrolls) #messages li (data-key=m-N, .own|.other|.event, .card.KIND, .gone, .earlier, .reactions,
//     .icon.STATE, .agent, .retry, .quote, .picture[data-file], .clip, .download, .sending, .act → #act-menu)
//     #to-end · #composer #text #text-hint #send · #attach #files #tray li #drop · #answer #answer-end
//     #record → #recording #record-time #record-send #record-cancel
//     #postpone → dialog.sheet .at [data-do=inHour|onTomorrow|onMonday] · .goes (.another, .call-off) · #held-back
//     #viewer #viewer-stage #viewer-at #viewer-before #viewer-after
//   Control: #status #figures #rate #notes #integrations #agents #held #turns #failures #pairing #people #outbox #push
//     #clients #settings: rows with data-key (name, name, CHANNEL/PEER, t-N, m-N or t-N, CHANNEL+CODE, CHANNEL/SENDER,
//     m-N, p-N, c-N, KEY), buttons data-do=start|stop|restart|connect|configure|credentials|showLog|approve|reject|
//     revoke|retry|cancel|open|resume|abort|unsubscribe · #add-channel #choose-model
//     #settings details[data-group], li.setting [data-do=edit|save|reset|switch], #set-KEY, #settings-search
//     #settings-waiting · #log-search · #start, #start-cards [data-do=whatsapp|telegram|model] → .steps (.main, .back,
//     .way[data-do], .askers [data-do=approve])
//     #pair-dialog #qr #pair-note · #log-lines #lines #level · #keys [data-do=rename|revoke] #add-device → #device-dialog
//     #device [data-do=notify|leave|install] · questions: dialog.sheet with .main and .close
//     section.later: #pause-sending #add-schedule #pageBefore #pageNext · #scheduled (m-N) [data-do=open|another|cancel]
//     #schedules (NAME) [data-do=holdSchedule|goOnSchedule|runNow|removeSchedule]
//   Everywhere: #pauses li (data-key=CHANNEL or all) [data-do=resumeSending]
//   Addresses: #chat/CHANNEL/PEER, #control, #token=TOKEN, #pair=CODE&name=NAME

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { Client } from "./client.mjs";
import { Daemon } from "./daemon.mjs";
import { Discord } from "./discord.mjs";
import { Evolution } from "./evolution.mjs";
import { Gowa } from "./gowa.mjs";
import { Graph } from "./graph.mjs";
import { Ollama } from "./ollama.mjs";
import { Telegram } from "./telegram.mjs";
import { assert, until } from "./until.mjs";

/** What a browser says of a socket that does not open: no fault of the page while the daemon is away. */
const LOST_SOCKET = /WebSocket connection to .* failed|ERR_CONNECTION_REFUSED|ERR_INTERNET_DISCONNECTED|error occurred when fetching the script/;

/** The stand-ins that a check can need, by their names. */
const SERVICES = { evolution: Evolution, telegram: Telegram, discord: Discord, gowa: Gowa, graph: Graph, ollama: Ollama };

export class Stage {
  complaints = [];
  tolerated = [];
  #clients = [];
  #contexts = [];

  constructor(tools, browser, options) {
    Object.assign(this, { tools, browser, options });
  }

  /** A service that is `true` is one that the settings name, one that is `"away"` is not. */
  async build({ settings = {}, context = {}, ...needs } = {}) {
    for (const [name, how] of Object.entries(needs)) {
      this[name] = new SERVICES[name]();
      await this[name].start(this.tools);
      if (how !== "away") settings = { ...settings, ...this[name].settings };
    }
    this.daemon = new Daemon(this.options.program, settings);
    await this.daemon.start();
    this.context = await this.visitor(context);
    this.page = await this.context.newPage();
  }

  /** A browser that has never been here. */
  async visitor(context = {}) {
    const made = await this.browser.newContext({ viewport: { width: 1100, height: 760 }, locale: "en-US", ...context });
    made.setDefaultTimeout(15_000);
    made.on("page", (page) => this.#watch(page));
    await made.addInitScript(() => {
      window.violations = [];
      addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
        window.violations.push(`${violatedDirective} ${blockedURI}`);
        console.error(`violation of ${violatedDirective}: ${blockedURI}`);
      });
    });
    this.#contexts.push(made);
    return made;
  }

  #watch(page) {
    page.on("pageerror", (error) => this.complaints.push(`an error: ${error.name} ${error.message} ${error.stack}`));
    page.on("console", (line) => {
      if (["error", "warning"].includes(line.type())) this.complaints.push(`${line.type()}: ${line.text()}`);
    });
    page.on("dialog", (dialog) => {
      this.complaints.push(`a dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (/^(https?|wss?):$/.test(url.protocol) && url.host !== `127.0.0.1:${this.daemon.port}`) {
        this.complaints.push(`a request to ${request.url()}`);
      }
    });
  }

  /** What the browser may say in this check. */
  tolerate(...patterns) {
    this.tolerated.push(...patterns);
  }

  tolerateOutage() {
    this.tolerate(LOST_SOCKET);
  }

  /** Opens the page by its link, in this view, and waits until it is connected. */
  async open(view = "", page = this.page) {
    await page.goto(this.daemon.link);
    await this.connected(page);
    if (view) await this.go(view, page);
  }

  async go(view, page = this.page) {
    await page.evaluate((hash) => (location.hash = hash), view);
  }

  connected(page = this.page) {
    return page.waitForSelector("body[data-state=open]", { state: "attached" });
  }

  async client(...topics) {
    const client = await Client.connect(this.tools.WebSocket, this.daemon, topics);
    this.#clients.push(client);
    return client;
  }

  /** A client that answers under this name. */
  async agent(name, topics = []) {
    const client = await this.client(...topics);
    await client.ask("auth", { client: { kind: "agent", name } });
    return client;
  }

  /** The texts of the messages on the page, in their order. */
  texts(page = this.page) {
    return page.$$eval("#messages li .text", (all) => all.map((one) => one.innerText));
  }

  /** Waits until the page shows exactly these messages. */
  async shows(expected, page = this.page) {
    let seen;
    const agree = async () => JSON.stringify((seen = await this.texts(page))) === JSON.stringify(expected);
    await until(`the page shows ${JSON.stringify(expected)}`, agree).catch((error) => assert(false, error.message, seen));
  }

  async say(text, page = this.page) {
    await page.fill("#text", text);
    await page.press("#text", "Enter");
  }

  async shot(name, page = this.page) {
    mkdirSync(this.options.shots, { recursive: true });
    await page.screenshot({ path: join(this.options.shots, `${name}.png`) });
  }

  /** What the code says that this element draws, read from its picture as a camera would. */
  async scanned(selector, page = this.page) {
    const picture = await page.locator(selector).screenshot();
    const reader = await this.context.newPage();
    const { data, width, height } = await reader.evaluate(pointsOf, `data:image/png;base64,${picture.toString("base64")}`);
    await reader.close();
    return this.tools.readCode(Uint8ClampedArray.from(data), width, height)?.data;
  }

  /** axe-core's complaints about what is shown now. */
  async accessible(what, page = this.page) {
    // As a script of the debugger it does not fall under the page's own policy.
    if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(this.tools.axe);
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    const told = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`);
    assert(!told.length, `axe-core about ${what}`, told);
  }

  /** Ends all of it; complaints that nobody announced are a failure. */
  async end() {
    for (const client of this.#clients) client.close();
    await Promise.all(this.#contexts.map((context) => context.close()));
    await this.daemon?.end();
    for (const name of Object.keys(SERVICES)) this[name]?.end();
    const untold = this.complaints.filter((text) => !this.tolerated.some((pattern) => pattern.test(text)));
    assert(!untold.length, "the browser complained", untold);
  }
}

/** Runs in a page: the points of a picture. */
async function pointsOf(src) {
  const picture = await createImageBitmap(await (await fetch(src)).blob());
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0);
  const { data, width, height } = context.getImageData(0, 0, picture.width, picture.height);
  return { data: [...data], width, height };
}
