#!/usr/bin/env python3
"""A wall clock that lies, under a running daemon and at its start.

    tests/faults/clock.py [BINARY]         # about two minutes; exit code 1 if anything does not hold

Each case starts a daemon of its own in a fresh home on a free port of loopback, with `libfaketime` in
front of its wall clock (the monotonic clock stays true, as in life), sets the clock wrong, then right
again, and looks for what was forgotten, failed, sent early, sent late or sent twice.

What takes a day of running (believing a clock, forgetting by it) is tested with clocks of their own in
`src/store/time/tests.rs` and `src/store/tests/time.rs`.

Needs Python 3 and Debian's `faketime`; without that it says so and ends with 0."""

import base64
import contextlib
import glob
import http.client
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOKEN = "0123456789abcdef0123456789abcdef0123456789abcdef"
HOUR, DAY = 3600, 86400
YEAR = 365 * DAY
JUMPS = {"+1 year": f"+{YEAR}", "-1 year": f"-{YEAR}", "1970": "@1970-01-02 00:00:00",
         "1960": "@1960-06-01 00:00:00", "2300": "@2300-01-01 00:00:00", "+1 hour": f"+{HOUR}",
         "-1 hour": f"-{HOUR}", "+8 days": f"+{8 * DAY}"}
LIBRARIES = ["/usr/lib/*/faketime/libfaketime.so.1", "/usr/local/lib/faketime/libfaketime.so.1"]


def library():
    found = [path for pattern in LIBRARIES for path in glob.glob(pattern)]
    return found[0] if found else None


class Clock:
    """The wall clock of one daemon."""

    def __init__(self):
        folder = tempfile.mkdtemp(prefix="clock-")
        self.folder, self.file = folder, os.path.join(folder, "now")
        self.set("+0")

    def set(self, value):
        with open(self.file + ".new", "w") as file:
            file.write(value + "\n")
        os.rename(self.file + ".new", self.file)

    def environment(self):
        return {"LD_PRELOAD": library(), "FAKETIME_TIMESTAMP_FILE": self.file, "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}


class Daemon:
    """A daemon of its own in a fresh home."""

    def __init__(self, settings=None, clock="+0"):
        self.clock = Clock()
        self.clock.set(clock)
        self.home = tempfile.mkdtemp(prefix="clock-home-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        ours = ("CLEUDOCODEBOT_", "WHATSAPP_", "TELEGRAM_", "EXTERNAL_")
        self.plain = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
        self.plain.update(CLEUDOCODEBOT_HOME=self.home, CLEUDOCODEBOT_PORT=str(self.port),
                          CLEUDOCODEBOT_TOKEN=TOKEN, **(settings or {}))
        self.process = None
        self.start()

    def start(self, ready=True):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([BINARY, "daemon"], env={**self.plain, **self.clock.environment()},
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        end = time.monotonic() + 10
        while ready and time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"the daemon ended with {self.process.returncode}: {self.text()[-800:]}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.get("/readyz")[0] == 200:
                    return
            time.sleep(0.02)
        if ready:
            raise RuntimeError("not ready: " + self.text()[-800:])

    def text(self):
        self.log.seek(0)
        return self.log.read().decode("utf8", "replace")

    def get(self, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.closing(connection):
            headers = {"Authorization": "Bearer " + TOKEN, "Content-Type": "application/json"}
            connection.request("POST" if body else "GET", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def call(self, action, **payload):
        command = {"type": "command", "action": action, "id": 1, "payload": payload}
        answer = json.loads(self.get("/rpc", json.dumps(command))[1])
        if answer["type"] != "response":
            raise RuntimeError(f"{action}: {answer}")
        return answer["payload"]

    def history(self):
        return self.call("history", limit=500)["messages"]

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def end(self):
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.rmtree(self.clock.folder, ignore_errors=True)


class Bridge:
    """A client that delivers the messages of a channel: just enough WebSocket for that."""

    def __init__(self, daemon, channel):
        self.socket = socket.create_connection(("127.0.0.1", daemon.port), 5)
        self.rest = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\nUpgrade: websocket\r\n"
                             f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                             f"Authorization: Bearer {TOKEN}\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.socket.recv(65536)
        self.rest = self.rest.split(b"\r\n\r\n", 1)[1]
        self.send("auth", token=TOKEN, client={"kind": "integration", "channel": channel})

    def send(self, action, **payload):
        text = json.dumps({"type": "command", "action": action, "id": 7, "payload": payload}).encode()
        length = bytes([128 | len(text)]) if len(text) < 126 else bytes([254]) + struct.pack(">H", len(text))
        self.socket.sendall(b"\x81" + length + b"\0\0\0\0" + text)

    def need(self, count):
        while len(self.rest) < count:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("closed")
            self.rest += more

    def frame(self):
        self.need(2)
        length, start = self.rest[1] & 127, 2
        if length >= 126:
            start = 4 if length == 126 else 10
            self.need(start)
            length = int.from_bytes(self.rest[2:start], "big")
        self.need(start + length)
        kind, payload = self.rest[0] & 15, self.rest[start:start + length]
        self.rest = self.rest[start + length:]
        return kind, payload

    def delivery(self, seconds):
        """The next message to deliver, or None."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                kind, payload = self.frame()
            except TimeoutError:
                return None
            if kind == 1 and (told := json.loads(payload)).get("action") == "deliver":
                return told["payload"]
        return None

    def close(self):
        self.socket.close()


def fill(daemon):
    for i in range(20):
        daemon.call("receive", channel="webchat", peer="ana", text=f"in {i}", dedup_key=f"d{i}")
    for i in range(5):
        daemon.call("send", channel="webchat", to="ana", text=f"waiting {i}", idempotency_key=f"w{i}")


def keys_hold(daemon):
    again = daemon.call("send", channel="webchat", to="ana", text="waiting 0", idempotency_key="w0")
    seen = daemon.call("receive", channel="webchat", peer="ana", text="in 3", dedup_key="d3")
    return again.get("duplicate") is True and seen.get("duplicate") is True


def sound(daemon, messages):
    """That nothing is missing, failed, out of order or broken."""
    history = daemon.history()
    ids = [int(message["message_id"][2:]) for message in history]
    status = daemon.call("status")
    return {"all there": len(history) == messages, "in order": ids == sorted(ids),
            "none failed": all(message["state"] != "failed" for message in history),
            "keys hold": keys_hold(daemon), "no panic": status["counters"]["panics"] == 0
            and "panic" not in daemon.text()}


def running(name):
    """The clock jumps while the daemon runs, and is put right three seconds later."""
    daemon = Daemon()
    try:
        fill(daemon)
        daemon.clock.set(JUMPS[name])
        daemon.call("send", channel="webchat", to="bob", text="meanwhile")
        time.sleep(3)
        during = sound(daemon, 26)
        told = daemon.call("status")["clock"]["believed"] is False
        # The command line reads the clock as the daemon does.
        line = subprocess.run([BINARY, "status"], env=daemon.plain, capture_output=True, text=True, timeout=10)
        daemon.clock.set("+0")
        time.sleep(1.2)
        after = sound(daemon, 26)
        lines = daemon.text().count("the clock of this machine jumped")
        return {**{f"{key} meanwhile": value for key, value in during.items()}, **after, "told": told,
                "told by status": bool(re.search("^clock .* the clock went", line.stdout, re.M)),
                "one line in the log": lines == 1,
                "believed again": daemon.call("status")["clock"]["believed"] is True}
    finally:
        daemon.end()


def at_start(name, wait):
    """The machine comes up with a wrong clock, which is put right later; then it is killed."""
    daemon = Daemon()
    try:
        fill(daemon)
        daemon.stop()
        daemon.clock.set(JUMPS[name])
        daemon.start(ready=name != "1960")
        if name == "1960":
            time.sleep(1)
            status, _ = daemon.get("/readyz")
            served = {"says why it does not serve": status == 503 and "clock" in daemon.text(),
                      "alive": daemon.process.poll() is None, "no panic meanwhile": "panic" not in daemon.text()}
        else:
            time.sleep(wait)
            served = {f"{key} meanwhile": value for key, value in sound(daemon, 25).items()}
        daemon.clock.set("+0")
        time.sleep(0.5)
        result = {**served, **sound(daemon, 25)}
        daemon.stop(signal.SIGKILL)
        daemon.start()
        return {**result, **{f"{key} after kill -9": value for key, value in sound(daemon, 25).items()}}
    finally:
        daemon.end()


def first_start(name):
    """A new store made by a wrong clock."""
    daemon = Daemon(clock=JUMPS[name])
    try:
        fill(daemon)
        daemon.clock.set("+0")
        time.sleep(1.2)
        daemon.stop()
        daemon.start()
        return sound(daemon, 25)
    finally:
        daemon.end()


def retry(name, restarts):
    """A delivery fails and is tried again three seconds later, whatever the clock does meanwhile."""
    daemon = Daemon({"CLEUDOCODEBOT_RETRY_DELAYS": "3s,3s,3s,3s"})
    bridge = None
    try:
        bridge = Bridge(daemon, "clock")
        time.sleep(0.2)
        daemon.call("send", channel="clock", to="ana", text="hello")
        first = bridge.delivery(5)
        bridge.send("failed", message_id=first["message_id"], error="later", certainty="transient")
        begun = time.monotonic()
        if restarts:
            time.sleep(0.3)
            bridge.close()
            daemon.stop()
            daemon.clock.set(JUMPS[name])
            daemon.start()
            bridge = Bridge(daemon, "clock")
        else:
            daemon.clock.set(JUMPS[name])
        second = bridge.delivery(10)
        took = time.monotonic() - begun
        if second:
            bridge.send("delivered", message_id=second["message_id"])
        twice = bridge.delivery(1)
        daemon.call("send", channel="clock", to="bob", text="new")
        new = bridge.delivery(5)
        daemon.clock.set("+0")
        # The delay varies by a fifth; a restart may take a second more.
        return {f"tried again after its delay ({took:.1f} s)": bool(second) and 2.3 <= took <= 5.5,
                "not twice": twice is None, "new ones go out": bool(new)}
    finally:
        if bridge:
            bridge.close()
        daemon.end()


def pace(name):
    """A channel that may send one message a second keeps to it."""
    daemon = Daemon({"EXTERNAL_RATE": "60"})
    bridge = None
    try:
        bridge = Bridge(daemon, "clock")
        time.sleep(0.2)
        for i in range(12):
            daemon.call("send", channel="clock", to=f"p{i}", text="x")
        daemon.clock.set(JUMPS[name])
        count, end = 0, time.monotonic() + 6
        while (left := end - time.monotonic()) > 0:
            if one := bridge.delivery(left):
                count += 1
                bridge.send("delivered", message_id=one["message_id"])
        return {f"five to eight of twelve in six seconds ({count})": 5 <= count <= 8}
    finally:
        if bridge:
            bridge.close()
        daemon.end()


def cases():
    for name in JUMPS:
        yield f"{name} while running", lambda name=name: running(name)
    for name in ("+1 year", "-1 year", "1970", "1960", "2300"):
        yield f"{name} at the start", lambda name=name: at_start(name, 2)
    # The first retention run comes a minute after the start.
    yield "+1 year at the start, for a minute", lambda: at_start("+1 year", 66)
    for name in ("+1 year", "1970", "2300"):
        yield f"{name} at the first start", lambda name=name: first_start(name)
    for name in ("+1 year", "-1 year", "+1 hour", "-1 hour", "1960", "2300"):
        yield f"a retry, {name} while running", lambda name=name: retry(name, False)
    for name in ("+1 year", "-1 year"):
        yield f"a retry, {name} across a restart", lambda name=name: retry(name, True)
    for name in ("+1 hour", "-1 hour"):
        yield f"the pace, {name}", lambda name=name: pace(name)


def main():
    if not library():
        print("SKIPPED: there is no libfaketime (apt install faketime)")
        return 0
    failed = 0
    for title, run in cases():
        try:
            result = run()
            wrong = [name for name, holds in result.items() if not holds]
        except Exception as error:  # noqa: BLE001: whatever it is, the other cases go on
            wrong = [f"{type(error).__name__}: {error}"]
        failed += bool(wrong)
        print(f"{'FAILED' if wrong else 'ok':7} {title}{': ' if wrong else ''}{'; '.join(wrong)}", flush=True)
    print(f"{failed} failed" if failed else "all hold")
    return 1 if failed else 0


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.join(ROOT, "target/release/cleudocodebot")
    if not os.path.exists(BINARY):
        sys.exit(f"there is no {BINARY}: cargo build --release")
    sys.exit(main())
