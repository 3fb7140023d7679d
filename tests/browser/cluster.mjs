// A real cluster: a NATS server and two daemons built with the bus, each with the credentials of one channel.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

import { Daemon } from "./daemon.mjs";
import { until } from "./until.mjs";

const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
/** Where `tests/cluster/run` puts it. */
const SERVER = process.env.NATS_SERVER || join(cache, "cleudocodebot-tests/nats/bin/nats-server");

export class Cluster {
  #folder = mkdtempSync(join(tmpdir(), "cleudocodebot-nats-"));
  #server = null;
  daemons = [];

  /** Why there can be none on this machine; nothing where there can. */
  static missing() {
    if (!process.env.CLUSTER_BIN) return "CLUSTER_BIN names no program that was built with --features nats";
    return existsSync(SERVER) ? "" : "no nats-server (NATS_SERVER, or tests/cluster/run once)";
  }

  /** Two machines, each the first to be there in turn: the first owns the channel. */
  async start(names, settings) {
    const url = await this.#listen();
    for (const name of names) {
      const daemon = new Daemon(process.env.CLUSTER_BIN, { ...settings, CLUSTER_URL: url, NODE_NAME: name });
      this.daemons.push(daemon);
      await daemon.start();
      await until(`${name} is in the cluster`, async () => (await daemon.rpc("status")).cluster?.machines.some(({ node, there }) => node === name && there));
    }
  }

  /** On a port of the system's choice, which the server writes into a file. */
  async #listen() {
    const args = ["-a", "127.0.0.1", "-p", "-1", "-js", "-sd", join(this.#folder, "js"), "--ports_file_dir", this.#folder];
    this.#server = spawn(SERVER, args, { stdio: "ignore" });
    return until("the server listens", () => {
      const file = readdirSync(this.#folder).find((name) => name.endsWith(".ports"));
      const text = file && readFileSync(join(this.#folder, file), "utf8");
      return text && JSON.parse(text).nats[0];
    });
  }

  async end() {
    await Promise.all(this.daemons.map((daemon) => daemon.end()));
    this.#server?.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
