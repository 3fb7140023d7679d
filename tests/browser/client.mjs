// A second client beside the page: what a script, an agent or the other side of a conversation is.

import { until } from "./until.mjs";

export class Client {
  events = [];
  #waiting = new Map();
  #lastId = 0;

  static async connect(WebSocket, daemon, topics = []) {
    const client = new Client();
    client.socket = new WebSocket(daemon.origin.replace("http", "ws"), { headers: { Authorization: `Bearer ${daemon.token}` } });
    client.socket.on("message", (data) => client.#hear(JSON.parse(data)));
    client.socket.on("error", () => {});
    await new Promise((resolve, reject) => client.socket.once("open", resolve).once("error", reject));
    if (topics.length) await client.ask("subscribe", { topics });
    return client;
  }

  ask(action, payload = {}) {
    const id = ++this.#lastId;
    this.socket.send(JSON.stringify({ type: "command", action, id, payload }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** The first event of this name that is as wanted, also one that came before. */
  async heard(name, isWanted = () => true) {
    const find = () => this.events.find(([action, payload]) => action === name && isWanted(payload));
    return (await until(`the client hears ${name}`, find))[1];
  }

  close() {
    this.socket.close();
  }

  #hear({ type, action, id, payload }) {
    if (type === "event") return void this.events.push([action, payload]);
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (type === "error") waiting?.reject(new Error(`${action}: ${payload.code}: ${payload.message}`));
    else waiting?.resolve(payload);
  }
}
