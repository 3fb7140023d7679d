"""Python's `websockets` (pip install websockets), without compression."""
import asyncio, http, json, os, time

# This file has the library's name: its own folder must not be searched for it.
import sys
sys.path.pop(0)
from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed

BEARER = f"Bearer {os.environ['BENCH_TOKEN']}"
subscribers = set()


def check(connection, request):
    if request.headers.get("Authorization") != BEARER:
        return connection.respond(http.HTTPStatus.UNAUTHORIZED, "")


def answer(socket, text):
    command = json.loads(text)
    action, payload = command["action"], command["payload"]
    if command["type"] == "command" and action == "ping":
        said = {"pong": True, "time_ms": time.time_ns() // 1_000_000, "echo": payload}
    elif action == "subscribe":
        subscribers.add(socket)
        said = {"topics": ["app.bench"], "seq": 0}
    else:
        broadcast(subscribers, json.dumps({"type": "event", "action": "app.bench", "payload": payload}))
        said = {"delivered": 0}
    return json.dumps({"type": "response", "action": action, "id": command["id"], "payload": said})


async def session(socket):
    try:
        async for text in socket:
            await socket.send(answer(socket, text))
    except ConnectionClosed:
        pass
    finally:
        subscribers.discard(socket)


async def main():
    options = {"compression": None, "process_request": check, "ping_interval": None}
    async with serve(session, "127.0.0.1", 0, **options) as server:
        print("%s:%d" % server.sockets[0].getsockname()[:2], flush=True)
        await server.serve_forever()


asyncio.run(main())
