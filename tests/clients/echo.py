#!/usr/bin/env python3
"""A bot that answers what comes in with the same words, and misses nothing: after a lost connection or a restart of
its own it goes on where it was.

    python echo.py [FILE]       FILE keeps how far it came; echo.position unless told

Needs: pip install websockets. Stop it with Ctrl-C. The fields of a message (message.received, history):

    message_id  as m-17                 seq       its number among all stored events: what `since` takes
    channel     webchat, telegram …     peer      the conversation: a person, or a group
    sender      who wrote it in a group direction in (from them) or out (from us)
    kind        text unless told: image, voice, document, location …
    text        the words, the caption, or the same in words     content, media  the rest of a kind
    state       received; or queued, sending, sent, delivered, read, failed, cancelled
    reply_to    what it answers         created_ms, updated_ms   ms since 1970
"""
import json, os, pathlib, re, sys, time
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

url = os.environ.get("CLEUDOCODEBOT_URL", "ws://127.0.0.1:18789/")
env = pathlib.Path(os.environ.get("CLEUDOCODEBOT_HOME", "~/.cleudocodebot")).expanduser() / ".env"
TOKEN = r"CLEUDOCODEBOT_TOKEN=['\"]?([^'\"\n]+)|$"
token = os.environ.get("CLEUDOCODEBOT_TOKEN") or re.search(TOKEN, env.read_text())[1]
position = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "echo.position")


def command(socket, action, **payload):
    socket.send(json.dumps({"type": "command", "action": action, "payload": payload}))


def answer(message):
    """What to say to a message; None for nothing."""
    return message["text"] or None


def serve(socket):
    command(socket, "auth", token=token, client={"name": "echo.py"})
    # With since, what was stored meanwhile comes first; without, only what comes from now on.
    since = {"since": int(position.read_text())} if position.exists() else {}
    command(socket, "subscribe", topics=["message.received"], **since)
    for frame in map(json.loads, socket):
        message = frame["payload"]
        if frame["type"] == "error":
            print(f"echo.py: {frame.get('action')}: {message['message']}", file=sys.stderr)
            if frame.get("action") in ("auth", "subscribe"):
                sys.exit(1)
        elif frame["action"] == "subscribe" and not since:
            position.write_text(str(message["seq"]))
        elif frame["action"] == "message.received":
            if text := answer(message):
                # The key makes a repeat after a crash harmless: the same answer is queued once.
                command(socket, "send", channel=message["channel"], to=message["peer"], text=text,
                        idempotency_key=f"echo-{message['message_id']}")
            position.write_text(str(message["seq"]))


wait = 1
while True:
    try:
        with connect(url) as socket:
            wait = 1
            serve(socket)
    except KeyboardInterrupt:
        sys.exit(0)
    except (OSError, WebSocketException) as error:
        print(f"echo.py: {url}: {error}; again in {wait} s", file=sys.stderr)
    time.sleep(wait)
    wait = min(wait * 2, 30)
