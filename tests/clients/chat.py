#!/usr/bin/env python3
"""Sends a message to a WebChat visitor, then prints every message that comes and goes.

    python chat.py visitor Hello there

Needs: pip install websockets
"""
import json, os, pathlib, re, sys
from websockets.sync.client import connect

url = os.environ.get("CLEUDOCODEBOT_URL", "ws://127.0.0.1:18789/")
env = pathlib.Path(os.environ.get("CLEUDOCODEBOT_HOME", "~/.cleudocodebot")).expanduser() / ".env"
TOKEN = r"CLEUDOCODEBOT_TOKEN=['\"]?([^'\"\n]+)|$"


def read_token():
    """From the environment, or from the file that the gateway made on its first start."""
    return os.environ.get("CLEUDOCODEBOT_TOKEN") or re.search(TOKEN, env.read_text())[1]


def chat(peer, text):
    with connect(url) as socket:
        for action, payload in [
            ("auth", {"token": read_token(), "client": {"name": "chat.py", "kind": "integration"}}),
            ("subscribe", {"topics": ["message.*"]}),
            ("send", {"channel": "webchat", "to": peer, "text": text}),
        ]:
            socket.send(json.dumps({"type": "command", "action": action, "payload": payload}))
        for frame in map(json.loads, socket):
            if frame["type"] == "error":
                sys.exit(f"chat.py: {frame['payload']['message']}")
            if frame["type"] == "event" and frame["action"].startswith("message."):
                show(frame["payload"])
    sys.exit("chat.py: the gateway closed the connection")


def show(message):
    arrow = "<-" if message["direction"] == "in" else "->"
    print(f"{message['message_id']} {arrow} {message['peer']}: {message['text']} ({message['state']})", flush=True)


if len(sys.argv) < 3:
    sys.exit("usage: chat.py PEER TEXT")
try:
    chat(sys.argv[1], " ".join(sys.argv[2:]))
except KeyboardInterrupt:
    pass
except Exception as error:
    sys.exit(f"chat.py: {url}: {error}")
