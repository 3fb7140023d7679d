// The built daemon in a home of its own, on a port of the system's choice that it keeps when it is
// started again.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const PATIENCE_MS = 20_000;

export class Daemon {
  home = mkdtempSync(join(tmpdir(), "cleudocodebot-browser-"));
  port = 0;
  #child = null;

  constructor(program, settings) {
    Object.assign(this, { program, settings });
  }

  /** Starts it, again where it was stopped; returns when it is ready. */
  async start() {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("CLEUDOCODEBOT_"));
    const env = { ...Object.fromEntries(inherited), CLEUDOCODEBOT_HOME: this.home, CLEUDOCODEBOT_PORT: String(this.port), GUIDE: "0", ...this.settings };
    this.#child = spawn(this.program, ["daemon"], { env, stdio: ["ignore", "ignore", "pipe"] });
    this.port = await this.#ready();
    this.token = /^CLEUDOCODEBOT_TOKEN=["']?([^"'\n]+)/m.exec(readFileSync(join(this.home, ".env"), "utf8"))[1];
  }

  #ready() {
    return new Promise((resolve, reject) => {
      const seen = [];
      const late = setTimeout(() => reject(new Error(`never ready:\n${seen.join("\n")}`)), PATIENCE_MS);
      this.#child.once("exit", (code) => reject(new Error(`ended with ${code}:\n${seen.join("\n")}`)));
      createInterface({ input: this.#child.stderr }).on("line", (line) => {
        const port = /daemon ready address=\S+:(\d+)/.exec(line)?.[1];
        if (port) {
          clearTimeout(late);
          resolve(Number(port));
        } else if (seen.length < 50) seen.push(line);
      });
    });
  }

  /** Ends it and waits until it is gone. */
  async stop(signal = "SIGTERM") {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await gone;
  }

  async end() {
    await this.stop("SIGKILL");
    rmSync(this.home, { recursive: true, force: true });
  }

  get pid() {
    return this.#child.pid;
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`;
  }

  get link() {
    return `${this.origin}/#token=${this.token}`;
  }

  /** One command over HTTP. */
  async rpc(action, payload = {}) {
    const answer = await fetch(`${this.origin}/rpc`, {
      method: "POST",
      headers: { Authorization: `Bearer ${this.token}` },
      body: JSON.stringify({ type: "command", action, payload }),
    });
    const { type, payload: told } = await answer.json();
    if (type === "error") throw new Error(`${action}: ${told.message}`);
    return told;
  }

  /** Has a file kept; what the gateway says of it. */
  async keep({ name, mimeType, buffer }) {
    const headers = { Authorization: `Bearer ${this.token}`, "Content-Type": mimeType, "Content-Disposition": `attachment; filename="${name}"` };
    const answer = await fetch(`${this.origin}/media`, { method: "POST", headers, body: buffer });
    if (answer.status !== 201) throw new Error(`/media answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  }
}
