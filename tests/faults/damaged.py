"""200 damaged copies of a message file: flipped bits, torn pages, lost pages. Each is refused with exit code 78 and
left as it is, or serves every message as it was; salvage saves the rest, and what was acknowledged later stays."""

import os
import pathlib
import random

from _gateway import FILE, Daemon, Damaged, Refused, Report, cli, fresh_home, remove

COPIES = int(os.environ.get("COPIES", "200"))
MESSAGES = 300
PAGE = 4096

report = Report()
chance = random.Random(17)
origin = fresh_home()
daemon = Daemon(origin)
for number in range(MESSAGES):
    daemon.send(f"text {number} " + "y" * 200, key=f"k{number}")
whole = daemon.texts()
daemon.stop()
content = (pathlib.Path(origin) / FILE).read_bytes()
used = len(content.rstrip(b"\0"))


def damaged(which):
    copy = bytearray(content)
    if which % 4 == 3:
        page = chance.randrange(0, used, PAGE)
        start = page + chance.randrange(PAGE)
        copy[start : page + PAGE] = os.urandom(len(copy[start : page + PAGE]))
        return bytes(copy), f"a torn page at {page}"
    if which % 4 == 2:
        page = chance.randrange(0, used, PAGE)
        copy[page : page + PAGE] = bytes(len(copy[page : page + PAGE]))
        return bytes(copy), f"a lost page at {page}"
    place = chance.randrange(used)
    copy[place] ^= 1 << chance.randrange(8)
    return bytes(copy), f"a bit flipped at {place}"


def serves(daemon, what):
    """A file that was accepted has every message, and keeps what it acknowledges across a kill."""
    try:
        report.check(daemon.texts() == whole, f"{what}: the texts are those that were stored")
    except Damaged as told:
        report.check(daemon.get("/readyz")[0] == 503, f"{what}: damage told by history is told by readyz: {told}")
    sent = [daemon.send(f"new {number}") for number in range(5)]
    acknowledged = [payload["message_id"] for status, payload in sent if status == 200]
    daemon.kill()
    again = Daemon(daemon.home)
    found = again.texts()
    report.check(all(one in found for one in acknowledged), f"{what}: what was acknowledged is there after a kill")
    again.stop()


def salvages(home, copy, what):
    """What can be read is saved, and nothing else than what was stored."""
    code, out, err = cli(home, "doctor")
    report.check(code == 1 and "message file" in out, f"{what}: doctor tells: {out}{err}")
    code, out, err = cli(home, "store", "salvage", "--json")
    if code:
        report.check(copy[:PAGE] != content[:PAGE], f"{what}: salvage fails: {err}")
        return None
    kept = [one for one in pathlib.Path(home).iterdir() if ".damaged-" in one.name]
    report.check(len(kept) == 1 and kept[0].read_bytes() == copy, f"{what}: the damaged file is kept")
    daemon = Daemon(home)
    found = daemon.texts()
    wrong = [one for one, text in found.items() if whole.get(one) != text]
    report.check(not wrong, f"{what}: salvage gave wrong texts {wrong[:3]}")
    status, payload = daemon.send("new")
    report.check(status == 200, f"{what}: the saved store takes messages: {payload}")
    daemon.stop()
    return len(found)


served = refused = 0
saved = []
for which in range(COPIES):
    home = fresh_home()
    copy, what = damaged(which)
    path = pathlib.Path(home) / FILE
    path.write_bytes(copy)
    path.chmod(0o600)
    try:
        daemon = Daemon(home)
    except Refused as refusal:
        refused += 1
        report.check(refusal.code == 78, f"{what}: {refusal}")
        report.check("panicked" not in refusal.text.splitlines()[-1], f"{what}: {refusal}")
        report.check(path.read_bytes() == copy, f"{what}: the refused file is left as it is")
        if refused % 5 == 1:
            count = salvages(home, copy, what)
            saved += [count] if count is not None else []
    else:
        served += 1
        serves(daemon, what)
    remove(home)
remove(origin)
least = min(saved, default=0)
report.end(f"{COPIES} copies: {served} served whole, {refused} refused; least saved {least} of {MESSAGES}")
