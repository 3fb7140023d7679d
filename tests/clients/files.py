#!/usr/bin/env python3
"""Sends a file, or gets those that came: python files.py send webchat ana card.png "Bom dia"; python files.py get webchat ana"""
import json, os, pathlib, re, sys, urllib.request as http

url = os.environ.get("CLEUDOCODEBOT_URL", "ws://127.0.0.1:18789/").replace("ws", "http", 1).rstrip("/")
env = pathlib.Path(os.environ.get("CLEUDOCODEBOT_HOME", "~/.cleudocodebot")).expanduser() / ".env"
TOKEN = r"CLEUDOCODEBOT_TOKEN=['\"]?([^'\"\n]+)|$"


def ask(path, body=None, **headers):
    headers["Authorization"] = f"Bearer {token}"
    return http.urlopen(http.Request(url + path, body, headers)).read()


def call(method, **params):
    answer = json.loads(ask("/rpc", json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()))
    return answer["result"] if "result" in answer else sys.exit(f"files.py: {answer['error']['message']}")


def send(channel, peer, path, text=""):
    name = re.sub(r"[^ -~]|\"", "_", pathlib.Path(path).name)
    disposition = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Type": "application/octet-stream"}
    kept = json.loads(ask("/media", pathlib.Path(path).read_bytes(), **disposition))
    print(call("send", channel=channel, to=peer, text=text, media={"media_id": kept["media_id"]})["message_id"])


def get(channel, peer):
    for message in call("history", channel=channel, peer=peer)["messages"]:
        media = message.get("media") or []
        for file in media if isinstance(media, list) else [media]:
            if "media_id" in file:
                name = f"{message['message_id']}-{pathlib.Path(file.get('name', file['kind'])).name}"
                print(name, pathlib.Path(name).write_bytes(ask(f"/media/{file['media_id']}")))


try:
    token = os.environ.get("CLEUDOCODEBOT_TOKEN") or re.search(TOKEN, env.read_text())[1]
    {"send": send, "get": get}[sys.argv[1]](*sys.argv[2:])
except Exception as error:
    sys.exit(f"files.py: {url}: {error}")
