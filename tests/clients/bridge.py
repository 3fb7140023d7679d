#!/usr/bin/env python3
"""A bridge of your own: what is sent to its channel is printed, each line you type is a message that came in.

    python bridge.py my-bridge        then type: ana Hello there

Needs: pip install websockets
"""
import json, os, pathlib, re, sys, threading
from websockets.sync.client import connect

url = os.environ.get("CLEUDOCODEBOT_URL", "ws://127.0.0.1:18789/")
env = pathlib.Path(os.environ.get("CLEUDOCODEBOT_HOME", "~/.cleudocodebot")).expanduser() / ".env"
TOKEN = r"CLEUDOCODEBOT_TOKEN=['\"]?([^'\"\n]+)|$"
channel = sys.argv[1] if len(sys.argv) > 1 else "my-bridge"
done = set()  # Messages that were sent. A real bridge keeps them where a crash does not take them.


def command(socket, action, **payload):
    socket.send(json.dumps({"type": "command", "action": action, "payload": payload}))


def deliver(socket, message):
    """Sends a message once, however often it is handed over, and says what became of it."""
    if message["message_id"] not in done:
        try:
            print(f"{message['peer']}: {message['text']}", flush=True)  # Here a real bridge asks its service.
        except OSError as error:
            return command(socket, "failed", message_id=message["message_id"], error=str(error), certainty="transient")
        done.add(message["message_id"])
    command(socket, "delivered", message_id=message["message_id"])


def hand_in(socket):
    for peer, _, text in (line.strip().partition(" ") for line in sys.stdin):
        command(socket, "receive", channel=channel, peer=peer, text=text)
    socket.close()


try:
    token = os.environ.get("CLEUDOCODEBOT_TOKEN") or re.search(TOKEN, env.read_text())[1]
    with connect(url) as socket:
        command(socket, "auth", token=token, client={"name": "bridge.py", "kind": "integration", "channel": channel})
        threading.Thread(target=hand_in, args=[socket], daemon=True).start()
        for frame in map(json.loads, socket):
            if frame["type"] == "error":
                print(f"bridge.py: {frame['action']}: {frame['payload']['message']}", file=sys.stderr)
            elif frame["action"] == "deliver":
                deliver(socket, frame["payload"])
except Exception as error:
    sys.exit(f"bridge.py: {url}: {error}")
