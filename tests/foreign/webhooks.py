#!/usr/bin/env python3
"""Our webhooks and the official libraries that verify them (PyPI and npm, standardwebhooks): each event that is
posted has a signature which both take, and a changed one has none: python3 tests/foreign/webhooks.py"""
import base64, http.server, json, os, queue, shutil, subprocess, sys, threading, time

from stage import Stage, free_port, until

PACKAGE = "standardwebhooks"
SECRET = "whsec_" + base64.b64encode(os.urandom(32)).decode()
OTHER = "whsec_" + base64.b64encode(os.urandom(32)).decode()
# Each gets [secret, headers, body] by line and says whether the signature is right.
PYTHON = r'''
import json, sys
from standardwebhooks import Webhook

for line in sys.stdin:
    secret, headers, body = json.loads(line)
    try:
        taken = Webhook(secret).verify(body, headers)
        print("yes", taken["type"], flush=True)
    except Exception as error:
        print("no", type(error).__name__, flush=True)
'''
NODE = r'''
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";

for await (const line of createInterface({ input: process.stdin })) {
  const [secret, headers, body] = JSON.parse(line);
  try {
    console.log("yes", new Webhook(secret).verify(body, headers).type);
  } catch (error) {
    console.log("no", error.constructor.name);
  }
}
'''
posts = queue.Queue()


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        posts.put(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def judge(command, cwd, posted):
    """What a library says of events: as posted, and with something changed."""
    cases = []
    for headers, body in posted:
        cases.append((True, "as posted", (SECRET, headers, body)))
        cases.append((False, "another secret", (OTHER, headers, body)))
        cases.append((False, "another body", (SECRET, headers, body + " ")))
        cases.append((False, "another id", (SECRET, {**headers, "webhook-id": "evt-1-1"}, body)))
        late = str(int(headers["webhook-timestamp"]) - 3600)
        cases.append((False, "an old time", (SECRET, {**headers, "webhook-timestamp": late}, body)))
    lines = "".join(json.dumps(case) + "\n" for _, _, case in cases)
    done = subprocess.run(command, cwd=cwd, input=lines, capture_output=True, text=True, timeout=120)
    answers = done.stdout.splitlines()
    if len(answers) != len(cases):
        return [("all are judged", False, done.stderr[-400:])]
    return [
        (f"{json.loads(case[2])['type']}, {what}", answer.startswith("yes") == wanted, answer)
        for (wanted, what, case), answer in zip(cases, answers)
    ]


with Stage("standardwebhooks") as stage:
    stage.install(sys.executable, "-m", "venv", "venv")
    stage.install(stage.folder / "venv/bin/pip", "install", "--quiet", PACKAGE)
    npm = shutil.which("npm")
    if npm:
        stage.install(npm, "install", "--silent", "--no-fund", "--no-audit", PACKAGE)
        (stage.folder / "verify.mjs").write_text(NODE)
    else:
        print("SKIPPED: npm is not installed, so only the library of PyPI judges")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    stage.daemon({"CLEUDOCODEBOT_WEBHOOK_URL": url, "CLEUDOCODEBOT_WEBHOOK_SECRET": SECRET, "GUIDE": "0"})
    texts = ["olá", "emoji 🎉 \u2028 \"quoted\" \\ <b>", "x" * 100_000]
    for text in texts:
        stage.ask("receive", channel="webchat", peer="ana", text=text)
    stage.ask("send", channel="webchat", to="ana", text="out")
    stage.ask("webhook.test", name="webhook")
    stage.check("all events come", until("they come", lambda: posts.qsize() >= len(texts) + 2))
    posted = [posts.get() for _ in range(posts.qsize())]
    for name, command in [
        ("PyPI", [stage.folder / "venv/bin/python", "-c", PYTHON]),
        *([("npm", ["node", "verify.mjs"])] if npm else []),
    ]:
        for what, accepted, why in judge(command, stage.folder, posted):
            stage.check(f"{name}: {what}", accepted, why)
    server.shutdown()
    stage.end()
