// A stand-in for Meta's Graph API: one phone number, which one token knows.

import { createServer } from "node:http";

export const META_TOKEN = "EAAGm0PX4ZCpsBAexample";
export const PHONE_ID = "106540352242922";

export class Graph {
  #server;

  async start() {
    this.#server = createServer(({ url, headers }, response) => {
      const [status, body] = this.#answer(new URL(url, "http://graph").pathname, headers.authorization);
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    });
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.settings = { WHATSAPP_CLOUD_BASE_URL: `http://127.0.0.1:${this.#server.address().port}` };
  }

  end() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** As Meta answers (https://developers.facebook.com/docs/graph-api/guides/error-handling). */
  #answer(path, authorization) {
    const refused = (status, code, message) => [status, { error: { message, type: "OAuthException", code, fbtrace_id: "A1" } }];
    if (authorization !== `Bearer ${META_TOKEN}`) return refused(401, 190, "Invalid OAuth access token - Cannot parse access token");
    if (!path.endsWith(`/${PHONE_ID}`)) return refused(400, 100, "Unsupported get request. Object with ID does not exist");
    return [200, { id: PHONE_ID, display_phone_number: "+55 11 98765-4321", verified_name: "The Shop" }];
  }
}
