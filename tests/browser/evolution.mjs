// A stand-in for the Evolution API: takes what is sent, refuses what says so, and speaks for people on
// WhatsApp through the webhook it was given.

import { createServer } from "node:http";

import { until } from "./until.mjs";

/** The fields of a form that are no file. */
const formOf = (text) => Object.fromEntries([...text.matchAll(/ name="(\w+)"\r\n\r\n(.*)\r\n/g)].map(([, name, value]) => [name, value]));

export class Evolution {
  /** The state of its instance: `open`, or `close` while no phone is paired. */
  state = "open";
  /** What it was asked to send, newest last. */
  sent = [];
  /** Texts that contain this are refused, for good. */
  refuses = "refuse";
  #server;
  #hook;
  #count = 0;

  async start() {
    this.#server = createServer((request, response) => {
      let text = "";
      request.on("data", (piece) => (text += piece));
      request.on("end", async () => {
        if (request.url.startsWith("/group/")) await this.telling;
        const isKnown = !request.headers.apikey || request.headers.apikey === this.key;
        // A file comes as a form.
        const isJson = /json/.test(request.headers["content-type"]);
        const [status, body] = isKnown ? this.#answer(request.url, !text ? {} : isJson ? JSON.parse(text) : formOf(text)) : [401, { status: 401, error: "Unauthorized", response: { message: "Unauthorized" } }];
        response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
      });
    });
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  /** What is in the database of its instances, whatever their keys. */
  instances = [{ name: "Cleudocode", connectionStatus: "close", token: "secret-of-the-instance" }];
  key = "evolution-key-of-the-test";
  /** The groups that its account is in. */
  groups = [{ id: "120363405032205086@g.us", subject: "Família", size: 2, restrict: false, announce: false, isCommunity: false, isCommunityAnnounce: false }];

  /** Until this is fulfilled it tells none of them. */
  telling = Promise.resolve();

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  end() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get settings() {
    return { WHATSAPP_BASE_URL: this.url, WHATSAPP_API_TOKEN_INSTANCE: this.key, WHATSAPP_RATE: "0" };
  }

  /** Somebody writes. */
  async say(from, name, text) {
    return this.#post({
      event: "messages.upsert",
      instance: "Cleudocode",
      data: { key: { id: `IN${++this.#count}`, remoteJid: `${from}@s.whatsapp.net`, fromMe: false }, pushName: name, message: { conversation: text } },
    });
  }

  /** A phone scanned the code. */
  async pair() {
    this.state = "open";
    return this.#post({ event: "connection.update", instance: "Cleudocode", data: { state: "open" } });
  }

  async #post(body) {
    const { url, headers } = await until("the webhook is registered", () => this.#hook);
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`the webhook answered ${answer.status}`);
  }

  #answer(url, body) {
    const path = url.split("?")[0].replace(/\/Cleudocode$/, "");
    switch (path) {
      case "/instance/fetchInstances":
        return [200, this.instances];
      case "/instance/connectionState":
        return [200, { instance: { state: this.state } }];
      case "/group/fetchAllGroups":
        return [200, this.groups];
      case "/webhook/set":
        this.#hook = body.webhook;
        return [201, {}];
      case "/instance/connect":
        return [200, { code: "2@hmwNmZr2BnQ9xXlYpTkQ==,aGVsbG8=,d29ybGQ=,", pairingCode: "WZYEH1YY" }];
      case "/chat/findMessages":
        return [200, { messages: { records: [] } }];
      case "/message/sendText":
        if (body.text.includes(this.refuses)) return [400, { response: { message: ["instance requires property \"<img src=x onerror=hacked()>\""] } }];
        this.sent.push(body);
        return [201, { key: { id: `OUT${++this.#count}` } }];
      case "/message/sendMedia":
        this.sent.push(body);
        return [201, { key: { id: `OUT${++this.#count}` } }];
      default:
        return [201, {}];
    }
  }
}
