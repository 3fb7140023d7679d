// A door to the gateway behind which the page can be another version: what a newer program would serve.

import { createHash } from "node:crypto";
import { createServer, request } from "node:http";
import { connect } from "node:net";

const hashOf = (content) => `sha256-${createHash("sha256").update(content).digest("base64")}`;

export class NewerDoor {
  /** What is changed, by path; and what the worker says of it, where that is to be something else. */
  changed = new Map();
  claimed = new Map();
  #server;

  static async open(port) {
    const door = new NewerDoor();
    door.#server = createServer((asked, answer) => door.#pass(port, asked, answer));
    door.#server.on("upgrade", (asked, socket, head) => upgraded(port, asked, socket, head));
    await new Promise((resolve) => door.#server.listen(0, "127.0.0.1", resolve));
    return door;
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get origin() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  #pass(port, asked, answer) {
    const { method, url, headers } = asked;
    const passed = request({ port, host: "127.0.0.1", method, path: url, headers: { ...headers, "if-none-match": "" } }, (given) => {
      const change = method === "GET" && (url === "/sw.js" ? (text) => this.#worker(text) : this.changed.get(url));
      if (!change) return void given.pipe(answer.writeHead(given.statusCode, given.headers));
      const pieces = [];
      given.on("data", (piece) => pieces.push(piece));
      given.on("end", () => {
        const body = Buffer.from(change(Buffer.concat(pieces).toString()));
        answer.writeHead(given.statusCode, { ...given.headers, "content-length": body.length, etag: `"${hashOf(body)}"` }).end(body);
      });
    });
    passed.on("error", () => answer.destroy());
    asked.pipe(passed);
  }

  /** The worker of this version: it names the hash of each file that is changed. */
  #worker(text) {
    if (!this.claimed.size) return text;
    const [found] = /\{"files":.*\}|\{"version":.*\}/.exec(text);
    const shell = JSON.parse(found);
    for (const [path, content] of this.claimed) shell.files[path.slice(1)] = hashOf(content);
    shell.version = hashOf(JSON.stringify(shell.files));
    return text.replace(found, JSON.stringify(shell));
  }
}

function upgraded(port, asked, socket, head) {
  const gateway = connect(port, "127.0.0.1", () => {
    const lines = asked.rawHeaders.flatMap((name, i) => (i % 2 ? [] : [`${name}: ${asked.rawHeaders[i + 1]}`]));
    gateway.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    gateway.write(head);
    gateway.pipe(socket);
    socket.pipe(gateway);
  });
  for (const [one, other] of [[socket, gateway], [gateway, socket]]) one.on("close", () => other.destroy()).on("error", () => {});
}
