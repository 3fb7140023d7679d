// A stand-in for GOWA, go-whatsapp-web-multidevice (docs/openapi.yaml of v9.2.0): one device, paired by a picture of a code.

import { createHmac } from "node:crypto";
import { createServer } from "node:http";

export const GOWA_KEY = "ana:password-of-the-test";
/** What the picture says. */
export const GOWA_CODE = "2@code-of-the-test,aGVsbG8=,d29ybGQ=";
const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAJQAAACUAQAAAABdRz15AAAA/UlEQVR42u2WsRHDMAwDcVmA+2+JDRgAcpcmiVFa1tk6FX+UAJLGfgzi2ftlD8AQM8Msly98jm/3xBtNmnaW93mKbUWjoFlWeMi3xaPei+3wNAUk2Lk/i3qNir6XcfTMWd49r4X1Rwp3eIpNLL1nC+els0OHhcKzq2/fH22/mEVCF+KTxJf3Kn6RDgZmsnHeOE/3Z6E5Dd5aWtp/hfh4xNijcIEnTGiTmlCoB64q1had/KVzQ7BTuAr1z6KuSyAafvZIamwnP9LfuIc2W6nPvr8QG/pahoToQDv9yJXZKYdWfO69tnapvyXf/JtQ8F/6G50l7knb6W/Pf+J/e296IZORPmT5nQAAAABJRU5ErkJggg==",
  "base64",
);
const NOT_FOUND = [500, { code: "INTERNAL_SERVER_ERROR", message: "device Cleudocode not found" }];

export class Gowa {
  /** What it was asked to send, newest last. */
  sent = [];
  isConnected = false;
  #isThere = false;
  #server;
  #webhook = {};
  #count = 0;

  async start() {
    this.#server = createServer((request, response) => {
      let text = "";
      request.on("data", (piece) => (text += piece));
      request.on("end", () => {
        // The files are in front of the password.
        if (request.url.startsWith("/statics/")) return response.writeHead(200, { "Content-Type": "image/png" }).end(PICTURE);
        const isKnown = request.headers.authorization === `Basic ${Buffer.from(GOWA_KEY).toString("base64")}`;
        if (!isKnown) return response.writeHead(401).end("Unauthorized");
        const [status, body] = this.#answer(`${request.method} ${request.url.split("?")[0]}`, text ? JSON.parse(text) : {});
        response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
      });
    });
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.settings = {};
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  end() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Somebody writes. */
  async say(from, name, text) {
    const jid = `${from}@s.whatsapp.net`;
    const payload = { id: `IN${++this.#count}`, timestamp: new Date().toISOString(), is_from_me: false, chat_id: jid, from: jid, from_name: name, body: text };
    const body = JSON.stringify({ event: "message", device_id: "5511900000000@s.whatsapp.net", session_id: "Cleudocode", payload });
    const signature = createHmac("sha256", this.#webhook.webhook_secret).update(body).digest("hex");
    const answer = await fetch(this.#webhook.webhook_url, { method: "POST", headers: { "X-Hub-Signature-256": `sha256=${signature}` }, body });
    if (!answer.ok) throw new Error(`the webhook answered ${answer.status}`);
  }

  #answer(call, body) {
    const done = (results) => [200, { code: "SUCCESS", message: "Success", results }];
    switch (call) {
      case "GET /app/info":
        return done({ version: "v9.2.0", os: "AldinoKemal" });
      case "GET /devices":
        return done(this.#isThere ? [{ id: "Cleudocode", state: this.isConnected ? "logged_in" : "disconnected" }] : null);
      case "POST /devices":
        this.#isThere = true;
        this.#webhook = body;
        return done({ id: body.device_id, state: "disconnected" });
    }
    if (!this.#isThere) return NOT_FOUND;
    switch (call) {
      case "GET /devices/Cleudocode/status":
        return done({ device_id: "Cleudocode", is_connected: this.isConnected, is_logged_in: this.isConnected });
      case "PATCH /devices/Cleudocode/webhook":
        this.#webhook = body;
        return done(body);
      case "GET /devices/Cleudocode/webhook":
        return done(this.#webhook);
      case "GET /devices/Cleudocode/login":
        if (this.isConnected) return [400, { code: "ALREADY_LOGGED_IN", message: "you already login" }];
        return done({ qr_link: `${this.url}/statics/qrcode/scan-qr-1.png`, qr_duration: 30 });
      case "POST /send/message":
        this.sent.push(body);
        return done({ message_id: `OUT${++this.#count}`, status: "Message sent" });
      default:
        return [404, "Cannot POST"];
    }
  }
}
