// A stand-in for Discord (https://docs.discord.com/developers): one bot, whose token alone is right, by the REST API and
// the gateway on one port.

import { createServer } from "node:http";

export const DISCORD_TOKEN = "MTA4Nzk2NTQzMjEwOTg3NjU0.GabcDE.x9-token_of-the-test_0123456789abc";
const BOT = { id: "1087965432109876543", username: "the_shop", global_name: "The Shop <b>", discriminator: "0", avatar: null, bot: true };
/** What an application may: read what is written, with the intent that it must ask for. */
const READS_CONTENT = 1 << 19;

export class Discord {
  /** What it was asked to send, newest last. */
  sent = [];
  /** Whether the intent to read what is written is switched on. */
  readsContent = true;
  #server;
  #gateway;
  #socket;
  #count = 0;
  #told = 0;

  async start({ WebSocketServer }) {
    this.#server = createServer((request, response) => {
      let text = "";
      request.on("data", (piece) => (text += piece));
      request.on("end", () => this.#answer(request, text ? JSON.parse(text) : {}, response));
    });
    this.#gateway = new WebSocketServer({ server: this.#server });
    this.#gateway.on("connection", (socket) => this.#serve(socket));
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    // Only where it is: the token comes by the page.
    this.settings = { DISCORD_BASE_URL: `http://${this.#host}` };
  }

  get #host() {
    return `127.0.0.1:${this.#server.address().port}`;
  }

  end() {
    for (const socket of this.#gateway.clients) socket.terminate();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Somebody writes to the bot. */
  say(id, global_name, content) {
    const author = { id, username: "somebody", global_name, discriminator: "0", avatar: null };
    this.#tell("MESSAGE_CREATE", { ...this.#message(`9${id}`, author, content), channel_type: 1 });
  }

  #message(channel_id, author, content) {
    const id = String(1_300_000_000_000_000_000n + BigInt(++this.#count));
    const lists = { mentions: [], mention_roles: [], attachments: [], embeds: [], components: [] };
    return { id, channel_id, author, content, type: 0, flags: 0, pinned: false, tts: false, mention_everyone: false, timestamp: new Date().toISOString(), edited_timestamp: null, ...lists };
  }

  #serve(socket) {
    this.#socket = socket;
    socket.send(JSON.stringify({ op: 10, d: { heartbeat_interval: 45_000 } }));
    socket.on("message", (text) => {
      const { op, d } = JSON.parse(text);
      if (op === 1) socket.send(JSON.stringify({ op: 11 }));
      if (op !== 2) return;
      if (d.token !== DISCORD_TOKEN) return socket.close(4004, "Authentication failed.");
      if (!this.readsContent) return socket.close(4014, "Disallowed intent(s).");
      this.#tell("READY", { v: 10, user: BOT, guilds: [], session_id: "s-1", resume_gateway_url: `ws://${this.#host}`, application: { id: BOT.id, flags: READS_CONTENT } });
    });
  }

  #tell(t, d) {
    this.#socket.send(JSON.stringify({ op: 0, t, s: ++this.#told, d }));
  }

  #answer({ method, url, headers }, body, response) {
    const send = (status, answer) => response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
    const path = url.split("?")[0].replace("/api/v10", "");
    if (headers.authorization !== `Bot ${DISCORD_TOKEN}`) return send(401, { message: "401: Unauthorized", code: 0 });
    const [, channel] = /^\/channels\/(\d+)\/messages$/.exec(path) ?? [];
    switch (`${method} ${channel ? "messages" : path}`) {
      case "GET /users/@me":
        return send(200, BOT);
      case "GET /applications/@me":
        return send(200, { id: BOT.id, name: "The Shop", flags: this.readsContent ? READS_CONTENT : 0 });
      case "GET /gateway/bot":
        return send(200, { url: `ws://${this.#host}`, shards: 1, session_start_limit: { total: 1000, remaining: 999, reset_after: 60_000, max_concurrency: 1 } });
      case "POST /users/@me/channels":
        return send(200, { id: `9${body.recipient_id}`, type: 1, flags: 0, recipients: [] });
      case "POST messages":
        this.sent.push({ channel, ...body });
        return send(200, { ...this.#message(channel, BOT, body.content), nonce: body.nonce });
      case "GET messages":
        return send(200, []);
      default:
        return send(404, { message: "404: Not Found", code: 0 });
    }
  }
}
