#!/usr/bin/env python3
"""What 100,000 messages that wait for their time cost: start, memory and processor time of a daemon that keeps them,
beside one that keeps nothing, and one that keeps as many that came in: what is stored is verified at each start.
tests/soak/scheduled.py [COUNT]
Needs: Linux, Python 3 and its standard library, and the release binary (another: CLEUDOCODEBOT_BIN=...)."""
import concurrent.futures
import os
import pathlib
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "faults"))
from _gateway import Daemon, fresh_home, remove

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
ROUNDS, CLIENTS, IDLE_SECONDS = 9, 16, 20
DAY_MS = 86_400_000
MOST_MS_MORE_TO_START = 10
own = threading.local()


def schedule(number):
    at = int(time.time() * 1000) + DAY_MS + number * 997 % (300 * DAY_MS)
    return "send", {"channel": "webchat", "to": f"peer-{number % 1000}", "text": f"later {number}", "at": at}


def receive(number):
    return "receive", {"channel": "webchat", "peer": f"peer-{number % 1000}", "text": f"later {number}"}


def fill(home, command):
    daemon = Daemon(home)

    def do(number):
        if getattr(own, "daemon", None) is not daemon:
            own.daemon, own.calls = daemon, object.__new__(Daemon)
            own.calls.__dict__.update(daemon.__dict__, connection=None)
        status, answer = own.calls.call(*command(number))
        assert status == 200, answer

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(do, range(COUNT)))
    daemon.stop()


def processor_seconds(pid):
    user, system = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid):
    lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.startswith(("Rss", "Anonymous"))}


def start_ms(home):
    began = time.monotonic()
    daemon = Daemon(home, wait=False)
    while True:
        try:
            daemon.get("/healthz")
            break
        except OSError:
            time.sleep(0.0005)
    took = (time.monotonic() - began) * 1000
    daemon.stop()
    return took


def idle(home):
    daemon = Daemon(home)
    before = processor_seconds(daemon.process.pid)
    time.sleep(IDLE_SECONDS)
    spent, memory = processor_seconds(daemon.process.pid) - before, resident_mib(daemon.process.pid)
    daemon.stop()
    return spent, memory


fills = {"nothing": None, f"{COUNT:,} received": receive, f"{COUNT:,} scheduled": schedule}
homes = {name: fresh_home() for name in fills}
try:
    for name, command in fills.items():
        if command:
            fill(homes[name], command)
    starts = {name: [] for name in homes}
    # The first start writes what later ones find.
    for number in range(ROUNDS + 1):
        for name, home in homes.items():
            took = start_ms(home)
            if number:
                starts[name].append(took)
    for name, home in homes.items():
        spent, memory = idle(home)
        print(
            f"{name:>18}: ready after {statistics.median(starts[name]):.1f} ms (median of {ROUNDS}), resident"
            f" {memory['Rss']:.1f} MiB, {memory['Anonymous']:.1f} of its own, {spent:.2f} s of processor in {IDLE_SECONDS} s"
        )
    _, received, scheduled = map(statistics.median, starts.values())
    if scheduled - received > MOST_MS_MORE_TO_START:
        sys.exit(f"FAILED: {scheduled - received:.1f} ms more to start; at most {MOST_MS_MORE_TO_START}")
finally:
    for home in homes.values():
        remove(home)
