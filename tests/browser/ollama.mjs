// A stand-in for Ollama with two models, and for pi as far as its version goes.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MODELS = ["llama3:latest", "r1:8b"];

export class Ollama {
  #server;
  #folder = mkdtempSync(join(tmpdir(), "cleudocodebot-ollama-"));

  async start() {
    this.#server = createServer((request, response) => {
      let text = "";
      request.on("data", (piece) => (text += piece));
      request.on("end", () => this.#answer(request.url, text, response));
    });
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const pi = join(this.#folder, "pi");
    writeFileSync(pi, "#!/bin/sh\necho 1.5.2\n");
    chmodSync(pi, 0o755);
    this.settings = { OLLAMA_HOST: `127.0.0.1:${this.#server.address().port}`, AGENT_PI: pi, AGENT_GATHER: "10ms" };
  }

  end() {
    this.#server.closeAllConnections();
    this.#server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #answer(url, text, response) {
    if (url === "/api/tags") return response.end(JSON.stringify({ models: MODELS.map((name) => ({ name })) }));
    if (url === "/v1/models") return response.end(JSON.stringify({ data: MODELS.map((id) => ({ id })) }));
    const { model, messages } = JSON.parse(text);
    const chunk = { choices: [{ delta: { content: `${model} heard: ${messages.at(-1).content}` }, finish_reason: "stop" }] };
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
  }
}
