"""A daemon of its own in a fresh home folder, for the suites beside this file. Standard library only."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BINARY = os.environ.get("CLEUDOCODEBOT_BIN") or str(
    pathlib.Path(__file__).resolve().parents[2] / "target/release/cleudocodebot"
)
TOKEN = "faults-0123456789abcdef0123456789abcdef"
FILE = "messages.redb"
READY_TIMEOUT = 30
STOP_TIMEOUT = 30


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def fresh_home():
    return tempfile.mkdtemp(prefix="cleudocodebot-faults-")


def mount(size):
    """A folder with a disk of its own of this size; None where that is not allowed."""
    folder = tempfile.mkdtemp(prefix="cleudocodebot-faults-")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", folder], capture_output=True)
    if done.returncode:
        os.rmdir(folder)
        return None
    return folder


def unmount(folder):
    subprocess.run(["umount", folder], check=False)
    os.rmdir(folder)


def skip(what, why):
    print(f"SKIPPED {what}: {why}")


def environment(home, port, extra=None):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CLEUDOCODEBOT_")}
    kept.update(
        CLEUDOCODEBOT_HOME=home,
        CLEUDOCODEBOT_PORT=str(port),
        CLEUDOCODEBOT_TOKEN=TOKEN,
        CLEUDOCODEBOT_LOG_LEVEL="warn",
    )
    kept.update(extra or {})
    return kept


class Refused(Exception):
    """The daemon ended instead of becoming ready."""

    def __init__(self, code, text):
        super().__init__(f"exit {code}: {text}")
        self.code = code
        self.text = text


class Daemon:
    """A running daemon; `before` is put in front of its command."""

    def __init__(self, home, extra=None, before=(), wait=True):
        self.home = home
        self.port = free_port()
        self.env = environment(home, self.port, extra)
        self.connection = None
        self.errors = tempfile.TemporaryFile()
        command = [*before, BINARY, "daemon"]
        self.process = subprocess.Popen(
            command, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.errors
        )
        if wait:
            self.wait_until_ready()

    def said(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def wait_until_ready(self):
        end = time.monotonic() + READY_TIMEOUT
        while time.monotonic() < end:
            code = self.process.poll()
            if code is not None:
                raise Refused(code, self.said().strip())
            try:
                self.get("/healthz")
                return
            except OSError:
                time.sleep(0.01)
        self.kill()
        raise Refused("none", "it neither answers nor ends: " + self.said())

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def call(self, action, payload=None, timeout=20):
        """Does one action; returns the HTTP status and the payload of the answer."""
        command = {"type": "command", "action": action, "id": 1, "payload": payload or {}}
        headers = {"Authorization": "Bearer " + TOKEN, "Content-Type": "application/json"}
        for attempt in (1, 2):
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
            try:
                self.connection.request("POST", "/rpc", json.dumps(command), headers)
                answer = self.connection.getresponse()
                return answer.status, json.loads(answer.read())["payload"]
            except (OSError, http.client.HTTPException):
                self.connection.close()
                self.connection = None
                if attempt == 2 or self.process.poll() is not None:
                    raise

    def send(self, text, key=None):
        payload = {"channel": "webchat", "to": "ana", "text": text}
        if key:
            payload["idempotency_key"] = key
        return self.call("send", payload)

    def texts(self):
        """The text of every message by its id."""
        found, before = {}, None
        while True:
            page = {"limit": 500, **({"before": before} if before else {})}
            status, payload = self.call("history", page)
            if status != 200:
                raise Damaged(payload)
            found.update((one["message_id"], one["text"]) for one in payload["messages"])
            before = payload.get("next") or payload.get("before")
            if not before or not payload["messages"]:
                return found

    def stop(self):
        """Ends it in order."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_TIMEOUT)

    def kill(self):
        self.process.kill()
        self.process.wait(STOP_TIMEOUT)


class Damaged(Exception):
    """History says that it cannot be read."""


def cli(home, *words):
    done = subprocess.run(
        [BINARY, *words], env=environment(home, free_port()), capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


class Report:
    """Counts what was checked; the process ends with 1 if anything failed."""

    def __init__(self):
        self.failures = []
        self.checks = 0

    def check(self, is_fine, what):
        self.checks += 1
        if not is_fine:
            self.failures.append(what)
            print("FAILED", what)

    def end(self, summary):
        print(f"{summary}: {self.checks} checks, {len(self.failures)} failed")
        sys.exit(bool(self.failures))


def remove(home):
    shutil.rmtree(home, ignore_errors=True)
