#!/usr/bin/env node
// Ping, send and history with the token in a header. Needs: npm install ws
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import WebSocket from "ws";

process.on("uncaughtException", (error) => fail(error.message));

const url = process.env.CLEUDOCODEBOT_URL || "ws://127.0.0.1:18789/";
const home = process.env.CLEUDOCODEBOT_HOME || `${homedir()}/.cleudocodebot`;
const token = process.env.CLEUDOCODEBOT_TOKEN ||
  readFileSync(`${home}/.env`, "utf8").match(/CLEUDOCODEBOT_TOKEN=['"]?([^'"\n]+)|$/)[1];

const socket = new WebSocket(url, { headers: { Authorization: `Bearer ${token}` } });
socket.on("error", (error) => fail(error.message));
socket.on("unexpected-response", (_, { statusCode, statusMessage }) => fail(`${statusCode} ${statusMessage}`));
socket.on("close", (code, reason) => code === 1000 || fail(`closed with ${code} ${reason}`));
await once(socket, "open");

console.log(await ask("ping"));
console.log(await ask("send", { channel: "webchat", to: "visitor", text: "Hello from Node" }));
console.log(await ask("history", { channel: "webchat", peer: "visitor", limit: 5 }));
socket.close(1000);

async function ask(action, payload = {}) {
  socket.send(JSON.stringify({ type: "command", action, payload }));
  const reply = JSON.parse((await once(socket, "message"))[0]);
  return reply.type === "error" ? fail(reply.payload.message) : reply.payload;
}

function fail(why) {
  console.error(`ping.mjs: ${url}: ${why}`);
  process.exit(1);
}
