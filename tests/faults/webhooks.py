"""Webhooks while either side fails: a receiver that refuses, hangs, dies and comes back, and kill -9 of the daemon
and of the receiver. Every stored event comes at least once, and in order. WEBHOOK_EVENTS says how many (5,000)."""

import json
import os
import pathlib
import random
import subprocess
import sys
import threading
import time

from _gateway import Daemon, Report, fresh_home, free_port, remove

EVENTS = int(os.environ.get("WEBHOOK_EVENTS", "5000"))
BATCH = 50
# How long both may take for what is left, once nobody is killed any more.
PATIENCE = 900

RECEIVER = r'''
import http.server, json, random, sys, time

port, path = int(sys.argv[1]), sys.argv[2]
seen, trouble = open(path, "a"), open(path + ".trouble", "a")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        dice = random.random()
        if dice < 0.00005:
            trouble.write("hung\n")
            trouble.flush()
            time.sleep(3600)
        status = random.choice([500, 503, 429, 404, 302]) if dice < 0.0006 else 204
        if status != 204:
            trouble.write("refused\n")
            trouble.flush()
        else:
            # Before the answer: whoever is killed in between gets it again.
            seen.write(f"{body['data']['seq']} {self.headers['webhook-id']} {body['type']}\n")
            seen.flush()
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", port), Handler).serve_forever()
'''

report = Report()
chance = random.Random(17)
home = fresh_home()
seen = pathlib.Path(home) / "seen"
port = free_port()
settings = {"CLEUDOCODEBOT_WEBHOOK_URL": f"http://127.0.0.1:{port}/hook", "GUIDE": "0"}
counts = {"daemon killed": 0, "receiver killed": 0}
acknowledged = 0


def receiver():
    command = [sys.executable, "-c", RECEIVER, str(port), str(seen)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def batch(number):
    """Hands in messages, as one array; how many were acknowledged."""
    import http.client

    from _gateway import TOKEN

    calls = [
        {"jsonrpc": "2.0", "id": n, "method": "receive",
         "params": {"channel": "webchat", "peer": f"p{n % 7}", "text": f"{number}.{n}"}}
        for n in range(BATCH)
    ]
    try:
        connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=20)
        connection.request("POST", "/rpc", json.dumps(calls), {"Authorization": "Bearer " + TOKEN})
        answers = json.loads(connection.getresponse().read())
        connection.close()
    except (OSError, http.client.HTTPException, ValueError):
        return 0
    return sum("result" in one for one in answers)


def status():
    return daemon.call("webhooks")[1]["webhooks"][0]


begun = time.monotonic()
hook = receiver()
daemon = Daemon(home, settings)
number, next_kill = 0, time.monotonic() + 2
while acknowledged < EVENTS:
    acknowledged += batch(number)
    number += 1
    if time.monotonic() < next_kill:
        continue
    next_kill = time.monotonic() + chance.uniform(1, 4)
    if chance.random() < 0.5:
        daemon.kill()
        daemon = Daemon(home, settings)
        counts["daemon killed"] += 1
    else:
        hook.kill()
        hook.wait()
        counts["receiver killed"] += 1
        threading.Timer(chance.uniform(0, 2), lambda: globals().update(hook=receiver())).start()
        time.sleep(2.1)
stored_in = time.monotonic() - begun
# The rest, with kills of both for as long as there is much.
deadline = time.monotonic() + PATIENCE
next_kill = time.monotonic() + 5
while (lag := status()["lag"]) and time.monotonic() < deadline:
    time.sleep(0.2)
    if lag > EVENTS // 10 and time.monotonic() > next_kill:
        daemon.kill()
        hook.kill()
        hook.wait()
        hook, daemon = receiver(), Daemon(home, settings)
        counts["daemon killed"] += 1
        counts["receiver killed"] += 1
        next_kill = time.monotonic() + chance.uniform(3, 9)
took = time.monotonic() - begun
last = status()
head = last["cursor"] + last["lag"]
daemon.stop()
hook.kill()
hook.wait()

troubles = pathlib.Path(f"{seen}.trouble").read_text().split()
counts |= {what: troubles.count(what) for what in ("refused", "hung")}
order, first, ids = [], set(), {}
for line in seen.read_text().splitlines():
    seq, name, kind = line.split(" ")
    seq = int(seq)
    order.append(seq)
    report.check(ids.setdefault(seq, name) == name, f"event {seq} came as {ids[seq]} and as {name}")
    report.check(kind == "message.received", f"{seq} is {kind}")
firsts = [seq for seq in order if not (seq in first or first.add(seq))]
report.check(last["lag"] == 0, f"all is posted: {last}")
report.check(last["missed"] == 0, f"nothing was missed: {last}")
report.check(firsts == sorted(firsts), "first posts are in the order of their numbers")
report.check(first == set(range(1, head + 1)), f"every event came: {len(first)} of {head}")
report.check(head >= acknowledged, f"{acknowledged} acknowledged, {head} stored")
remove(home)
kills = ", ".join(f"{what} {times} times" for what, times in counts.items())
report.end(
    f"{head} events, {acknowledged} acknowledged in {stored_in:.0f} s, all posted after {took:.0f} s; "
    f"{len(order) - len(first)} came more than once; {kills}"
)
