#!/usr/bin/env python3
"""An agent of your own: it answers what comes in. Set AGENT=my-agent in .env, then:

    python agent.py my-agent

Needs: pip install websockets
"""
import json, os, pathlib, re, sys
from websockets.sync.client import connect

url = os.environ.get("CLEUDOCODEBOT_URL", "ws://127.0.0.1:18789/")
env = pathlib.Path(os.environ.get("CLEUDOCODEBOT_HOME", "~/.cleudocodebot")).expanduser() / ".env"
TOKEN = r"CLEUDOCODEBOT_TOKEN=['\"]?([^'\"\n]+)|$"
name = sys.argv[1] if len(sys.argv) > 1 else "my-agent"


def answer(message):
    """Here a real agent asks its model, and yields the answer as it grows."""
    if message == "fail":
        raise RuntimeError("asked to fail")
    yield "You said: "
    yield message


def command(socket, action, **payload):
    socket.send(json.dumps({"type": "command", "action": action, "payload": payload}))


def take(socket, turn):
    try:
        pieces = []
        for piece in answer(turn["message"]):
            pieces.append(piece)
            command(socket, "agent.delta", turn_id=turn["turn_id"], text=piece)
        command(socket, "agent.done", turn_id=turn["turn_id"], text="".join(pieces))
    except RuntimeError as error:
        command(socket, "agent.failed", turn_id=turn["turn_id"], error=str(error), certainty="permanent")


try:
    token = os.environ.get("CLEUDOCODEBOT_TOKEN") or re.search(TOKEN, env.read_text())[1]
    with connect(url) as socket:
        command(socket, "auth", token=token, client={"name": name, "kind": "agent", "turns": 1})
        for frame in map(json.loads, socket):
            if frame["type"] == "error":
                print(f"agent.py: {frame['action']}: {frame['payload']['message']}", file=sys.stderr)
            elif frame["action"] == "agent.turn":
                take(socket, frame["payload"])
except Exception as error:
    sys.exit(f"agent.py: {url}: {error}")
