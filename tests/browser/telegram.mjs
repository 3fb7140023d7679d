// A stand-in for the Bot API (https://core.telegram.org/bots/api): one bot, whose token alone is right, with a long
// poll that brings what people write.

import { createServer } from "node:http";

export const BOT_TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";

export class Telegram {
  /** What it was asked to send, newest last. */
  sent = [];
  /** Where another program has its updates posted; empty for nowhere. */
  webhook = "";
  #server;
  #updates = [];
  #polls = [];
  #count = 0;

  async start() {
    this.#server = createServer((request, response) => {
      let text = "";
      request.on("data", (piece) => (text += piece));
      request.on("end", () => this.#answer(request.url, text ? JSON.parse(text) : {}, response));
    });
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    // Only where it is: the token comes by the page.
    this.settings = { TELEGRAM_BASE_URL: `http://127.0.0.1:${this.#server.address().port}` };
  }

  end() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Somebody writes to the bot. */
  say(id, first_name, text, language_code = "en") {
    const from = { id, is_bot: false, first_name, language_code };
    const message = { message_id: ++this.#count, date: Math.floor(Date.now() / 1000), from, chat: { id, type: "private", first_name }, text };
    this.#updates.push({ update_id: 1000 + this.#count, message });
    for (const poll of this.#polls.splice(0)) poll();
  }

  #answer(url, body, response) {
    const send = (status, answer) => response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
    const done = (result) => send(200, { ok: true, result });
    const [, token, method] = /^\/bot([^/]+)\/(\w+)/.exec(url) ?? [];
    // As the server has it: what looks like a token and is none, is unauthorized; anything else is not found.
    if (token !== BOT_TOKEN) {
      const [error_code, description] = /^\d+:[\w-]{30,}$/.test(token) ? [401, "Unauthorized"] : [404, "Not Found"];
      return send(error_code, { ok: false, error_code, description });
    }
    switch (method) {
      case "getMe":
        return done({ id: 110201543, is_bot: true, first_name: "The Shop <b>", username: "the_shop_bot", can_join_groups: true, can_read_all_group_messages: false });
      case "getWebhookInfo":
        return done({ url: this.webhook, has_custom_certificate: false, pending_update_count: 0 });
      case "deleteWebhook":
        this.webhook = "";
        return done(true);
      case "getUpdates":
        return this.#poll(body, done, send, response);
      case "sendMessage":
        this.sent.push(body);
        return done({ message_id: ++this.#count, date: Math.floor(Date.now() / 1000), chat: { id: Number(body.chat_id), type: "private" }, text: body.text });
      default:
        return done(true);
    }
  }

  #poll({ offset = 0, timeout = 0 }, done, send, response) {
    if (this.webhook) return send(409, { ok: false, error_code: 409, description: "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first" });
    this.#updates = this.#updates.filter(({ update_id }) => update_id >= offset);
    if (this.#updates.length || !timeout) return done(this.#updates);
    const late = setTimeout(() => done([]), timeout * 1000);
    response.on("close", () => clearTimeout(late));
    this.#polls.push(() => (clearTimeout(late), done(this.#updates)));
  }
}
