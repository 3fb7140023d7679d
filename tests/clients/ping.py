#!/usr/bin/env python3
"""Pings the gateway. Needs: pip install websockets"""
import json, os, pathlib, re, sys
from websockets.sync.client import connect

url = os.environ.get("CLEUDOCODEBOT_URL", "ws://127.0.0.1:18789/")
env = pathlib.Path(os.environ.get("CLEUDOCODEBOT_HOME", "~/.cleudocodebot")).expanduser() / ".env"
TOKEN = r"CLEUDOCODEBOT_TOKEN=['\"]?([^'\"\n]+)|$"
try:
    token = os.environ.get("CLEUDOCODEBOT_TOKEN") or re.search(TOKEN, env.read_text())[1]
    with connect(url) as socket:
        for action, payload in [("auth", {"token": token}), ("ping", {})]:
            socket.send(json.dumps({"type": "command", "action": action, "payload": payload}))
            reply = json.loads(socket.recv())
            if reply["type"] == "error":
                sys.exit(f"ping.py: {reply['payload']['message']}")
    print(reply)
except Exception as error:
    sys.exit(f"ping.py: {url}: {error}")
