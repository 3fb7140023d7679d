"""A full disk on a small tmpfs (needs root), and the limit on the size of the store."""

import contextlib
import os
import subprocess
import time

from _gateway import FILE, Daemon, Refused, Report, fresh_home, mount, remove, skip, unmount

report = Report()


def fill(daemon):
    """Sends until 20 in a row are refused; returns what was acknowledged and the refusals."""
    acknowledged, refusals = [], []
    for number in range(5000):
        status, payload = daemon.send(f"{number} " + "x" * 8000, key=f"k{number}")
        if status == 200:
            acknowledged.append((payload["message_id"], f"{number} " + "x" * 8000))
            refusals.clear()
        else:
            refusals.append(payload)
            if len(refusals) == 20:
                break
    return acknowledged, refusals


def full_disk():
    home = mount("10m")
    if home is None:
        return skip("a full disk", "needs root and tmpfs")
    daemon = Daemon(home)
    acknowledged, refusals = fill(daemon)
    for refusal in refusals:
        report.check(refusal["code"] == "queue_full", f"a full disk says {refusal}")
        report.check(refusal.get("retry_after_ms", 0) > 0, "it says when to come back")
        report.check("stored" in refusal["message"], "it says whether it may have been stored")
    report.check(daemon.get("/readyz")[0] == 503, "readyz says no")
    report.check(daemon.call("history", {"limit": 1})[0] == 200, "history is readable")
    schedule = {"name": "q", "every": "1d", "send": {"channel": "webchat", "to": "ana", "text": "x"}}
    for action, payload in (("key.add", {"name": "x"}), ("pause", {"channel": "webchat"}), ("schedule.add", schedule)):
        status, answer = daemon.call(action, payload)
        # What is small may still find its place.
        report.check(status == 200 or answer["code"] == "queue_full", f"{action} on a full disk says {answer}")
    daemon.call("resume", {"channel": "webchat"})
    with open(f"{home}/fill", "wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(bytes(4096))
    daemon.kill()
    daemon = Daemon(home)
    report.check(daemon.call("history", {"limit": 1})[0] == 200, "it starts again without space, and shows what there is")
    subprocess.run(["mount", "-o", "remount,size=60m", home], check=True)
    time.sleep(1.5)
    report.check(daemon.send("again")[0] == 200, "it goes on when there is space")
    daemon.stop()
    daemon = Daemon(home)
    stored = daemon.texts()
    missing = [number for number, text in acknowledged if stored.get(number) != text]
    report.check(not missing, f"acknowledged and gone: {missing[:3]}")
    daemon.stop()
    unmount(home)
    return print(f"full disk: {len(acknowledged)} acknowledged before")


def start_on_full_disk():
    home = mount("1m")
    if home is None:
        return skip("a start on a full disk", "needs root and tmpfs")
    # The home is set up while there is room, so that the store is what finds none.
    with open(f"{home}/.env", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as settings:
        settings.write("CLEUDOCODEBOT_LOG_LEVEL=warn\n")
    with open(f"{home}/fill", "wb", buffering=0) as filler:
        try:
            while filler.write(bytes(4096)):
                pass
        except OSError:
            pass
    try:
        Daemon(home).kill()
        report.check(False, "it starts on a full disk")
    except Refused as refusal:
        report.check("space" in refusal.text, f"it says why: {refusal}")
    report.check(not os.path.exists(f"{home}/{FILE}.new"), "nothing is left half made")
    return unmount(home)


def limited():
    home = fresh_home()
    daemon = Daemon(home, {"CLEUDOCODEBOT_MAX_STORE_BYTES": "2000000"})
    acknowledged, refusals = fill(daemon)
    report.check(len(refusals) == 20 and len(acknowledged) > 50, f"the limit is reached: {len(acknowledged)}")
    for refusal in refusals:
        report.check(refusal["code"] == "queue_full" and "not stored" in refusal["message"], f"{refusal}")
    report.check(daemon.get("/readyz")[0] == 503, "readyz says that the limit is reached")
    report.check(len(daemon.texts()) == len(acknowledged), "history has all")
    daemon.stop()
    remove(home)


full_disk()
start_on_full_disk()
limited()
report.end("space")
