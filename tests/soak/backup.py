#!/usr/bin/env python3
"""What a backup of many messages takes, and what others feel of it: alone, then under 5,000 messages a second, with the
p99 of a lone `send` before and meanwhile. What was backed up is restored elsewhere and compared: numbers, ids, keys.
tests/soak/backup.py [COUNT]
Needs: Linux, Python 3 and its standard library, and the release binary (another: CLEUDOCODEBOT_BIN=...)."""
import http.client
import json
import multiprocessing
import os
import pathlib
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "faults"))
from _gateway import BINARY, TOKEN, Daemon, environment, free_port, fresh_home, remove

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
BATCH, FILLERS = 250, 4
LOAD_A_SECOND, LOAD_BATCH = 5_000, 50
SAMPLE_SECONDS = 10
MOST_SECONDS, MOST_TIMES_P99 = 10, 1.5


def rpc(connection, calls):
    headers = {"Authorization": "Bearer " + TOKEN, "Content-Type": "application/json"}
    connection.request("POST", "/rpc", json.dumps(calls), headers)
    answers = json.loads(connection.getresponse().read())
    for answer in answers if isinstance(answers, list) else [answers]:
        assert "error" not in answer, answer
    return answers


def connect(daemon):
    return http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=60)


def received(number):
    text = f"message {number} of a conversation that goes on for a while, about nothing in particular"
    params = {"channel": "webchat", "peer": f"peer-{number % 2000}", "text": text}
    return {"jsonrpc": "2.0", "id": number, "method": "receive", "params": params}


def fill(daemon, first, count):
    def part(at):
        connection = connect(daemon)
        for start in range(first + at * BATCH, first + count, FILLERS * BATCH):
            rpc(connection, [received(n) for n in range(start, min(start + BATCH, first + count))])

    threads = [threading.Thread(target=part, args=(at,)) for at in range(FILLERS)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]


def sent(number):
    params = {"channel": "webchat", "to": "ana", "text": f"sent {number}", "idempotency_key": f"key-{number}"}
    return {"jsonrpc": "2.0", "id": 1, "method": "send", "params": params}


class Load(multiprocessing.Process):
    """So many messages a second, as far as the daemon takes them. A process: threads of one interpreter wait for each
    other, and that would count as the daemon's."""

    def __init__(self, daemon):
        super().__init__()
        self.daemon, self.done = daemon, multiprocessing.Event()
        self.count, self.seconds = multiprocessing.Value("q"), multiprocessing.Value("d")

    def run(self):
        connection, began, count = connect(self.daemon), time.monotonic(), 0
        while not self.done.is_set():
            rpc(connection, [received(COUNT + count + n) for n in range(LOAD_BATCH)])
            count += LOAD_BATCH
            time.sleep(max(0, count / LOAD_A_SECOND - (time.monotonic() - began)))
        self.count.value, self.seconds.value = count, time.monotonic() - began


class Lone(threading.Thread):
    """A client that sends one message after the other, and how long each took."""

    def __init__(self, daemon, first):
        super().__init__()
        self.daemon, self.first, self.done, self.took, self.ids = daemon, first, threading.Event(), [], {}

    def run(self):
        connection, number = connect(self.daemon), self.first
        while not self.done.is_set():
            began = time.monotonic()
            self.ids[number] = rpc(connection, sent(number))["result"]["message_id"]
            self.took.append(time.monotonic() - began)
            number += 1

    def p99_ms(self):
        return sorted(self.took)[int(len(self.took) * 0.99)] * 1000


def measured(thread, work):
    thread.start()
    result = work()
    thread.done.set()
    thread.join()
    return result


def backup(home, port, path):
    env = environment(home, port)
    began = time.monotonic()
    done = subprocess.run([BINARY, "backup", path, "--json"], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return time.monotonic() - began, json.loads(done.stdout)


def main():
    home, other, folder = fresh_home(), fresh_home(), fresh_home()
    try:
        daemon = Daemon(home, {"GUIDE": "0"})
        began = time.monotonic()
        fill(daemon, 0, COUNT)
        print(f"{COUNT} messages stored in {time.monotonic() - began:.0f} s")
        alone, manifest = backup(home, daemon.port, f"{folder}/alone.tar")
        print(f"backup alone: {alone:.1f} s, {manifest['bytes'] / 2**20:.0f} MiB")
        load = Load(daemon)
        load.start()
        before = Lone(daemon, 0)
        measured(before, lambda: time.sleep(SAMPLE_SECONDS))
        meanwhile = Lone(daemon, 1_000_000)
        loaded, manifest = measured(meanwhile, lambda: backup(home, daemon.port, f"{folder}/loaded.tar"))
        load.done.set()
        load.join()
        times = meanwhile.p99_ms() / before.p99_ms()
        print(f"under {load.count.value / load.seconds.value:.0f} messages/s: {loaded:.1f} s; p99 of a lone send "
              f"{before.p99_ms():.1f} ms before, {meanwhile.p99_ms():.1f} ms meanwhile, {times:.2f} times")
        compare(daemon, other, f"{folder}/loaded.tar", manifest, {**before.ids, **meanwhile.ids})
        daemon.stop()
        ends_well = alone <= MOST_SECONDS * max(COUNT / 1_000_000, 0.1) and times <= MOST_TIMES_P99
        print("within the bounds" if ends_well else "BEYOND THE BOUNDS")
        sys.exit(not ends_well)
    finally:
        for place in (home, other, folder):
            remove(place)


def compare(daemon, other, path, manifest, ids):
    """The restored store has exactly what had been stored at the moment, under the same ids, and knows the keys."""
    env = environment(other, free_port())
    began = time.monotonic()
    done = subprocess.run([BINARY, "restore", path], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    print(f"restored in {time.monotonic() - began:.1f} s")
    restored = Daemon(other, {"GUIDE": "0"})
    status = restored.call("status")[1]["store"]
    assert status["seq"] == manifest["seq"], (status, manifest["seq"])
    assert status["messages"] == manifest["messages"], status
    held = 0
    for number, message_id in ids.items():
        there, answer = restored.call("message", {"message_id": message_id})
        is_of_moment = int(message_id[2:]) <= manifest["seq"]
        assert (there == 200) == is_of_moment, (message_id, answer)
        if is_of_moment:
            again = restored.call("send", sent(number)["params"])[1]
            assert again["message_id"] == message_id and again["duplicate"], again
            held += 1
    restored.stop()
    print(f"{held} of {len(ids)} idempotency keys are of the moment, and hold; the others are unknown")


main()
