// Bun's own WebSocket server, with its own fan-out.
const bearer = `Bearer ${process.env.BENCH_TOKEN}`;

function hear(socket, text) {
  const { type, action, id, payload } = JSON.parse(text);
  const reply = (payload) => socket.send(JSON.stringify({ type: "response", action, id, payload }));
  if (type !== "command") return;
  if (action === "ping") return reply({ pong: true, time_ms: Date.now(), echo: payload });
  if (action === "subscribe") {
    socket.subscribe("app.bench");
    return reply({ topics: ["app.bench"], seq: 0 });
  }
  if (action === "publish") {
    server.publish("app.bench", JSON.stringify({ type: "event", action: "app.bench", payload }));
    return reply({ delivered: 0 });
  }
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request, server) {
    if (request.headers.get("authorization") !== bearer) return new Response("", { status: 401 });
    return server.upgrade(request) ? undefined : new Response("", { status: 426 });
  },
  websocket: { message: hear },
});
console.log(`127.0.0.1:${server.port}`);
