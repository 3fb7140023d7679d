// Node with `ws` (npm install ws, here or in a folder above), without compression.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.BENCH_NODE_MODULES ?? import.meta.dirname}/`);
const { WebSocketServer } = require("ws");
const bearer = `Bearer ${process.env.BENCH_TOKEN}`;
const subscribers = new Set();

function hear(socket, text) {
  const { type, action, id, payload } = JSON.parse(text);
  const reply = (payload) => socket.send(JSON.stringify({ type: "response", action, id, payload }));
  if (type !== "command") return;
  if (action === "ping") return reply({ pong: true, time_ms: Date.now(), echo: payload });
  if (action === "subscribe") {
    subscribers.add(socket);
    return reply({ topics: ["app.bench"], seq: 0 });
  }
  if (action === "publish") {
    const event = JSON.stringify({ type: "event", action: "app.bench", payload });
    for (const subscriber of subscribers) subscriber.send(event);
    return reply({ delivered: 0 });
  }
}

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: 0,
  perMessageDeflate: false,
  verifyClient: ({ req }) => req.headers.authorization === bearer,
});
server.on("connection", (socket) => {
  socket.on("message", (text) => hear(socket, text));
  socket.on("close", () => subscribers.delete(socket));
  socket.on("error", () => {});
});
server.on("listening", () => console.log(`127.0.0.1:${server.address().port}`));
