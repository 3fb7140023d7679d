"""What may stand in the place of the message file, and a file or home folder that goes away underneath."""

import os
import pathlib
import shutil
import time

from _gateway import FILE, Daemon, Refused, Report, fresh_home, remove, skip

report = Report()


def refused(what, make):
    home = fresh_home()
    path = pathlib.Path(home) / FILE
    make(path)
    try:
        daemon = Daemon(home)
        daemon.kill()
        report.check(False, f"{what} was accepted")
    except Refused as refusal:
        report.check(refusal.code == 78 and FILE in refusal.text, f"{what}: {refusal}")
        report.check(os.path.lexists(path), f"{what} was left as it is")
    remove(home)


refused("an empty file", lambda path: path.write_bytes(b""))
refused("a link to nowhere", lambda path: path.symlink_to("/nonexistent/file"))
refused("a pipe", os.mkfifo)
refused("a folder", os.mkdir)
refused("another program's file", lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(4080)))
refused("a cut-off file", lambda path: path.write_bytes(b"redb\x1a\x0a\xa9\x0d\x0a" + bytes(91)))
if os.geteuid() == 0:

    def foreign(path):
        path.write_bytes(b"x" * 8192)
        os.chown(path, 65534, 65534)

    refused("a file of another user", foreign)
else:
    skip("a file of another user", "needs root")


def goes_away(what, take, restore=None):
    home = fresh_home()
    daemon = Daemon(home)
    daemon.send("before")
    take(home)
    begun = time.monotonic()
    while daemon.get("/readyz")[0] == 200 and time.monotonic() < begun + 5:
        time.sleep(0.02)
    taken = time.monotonic() - begun
    report.check(taken < 1.5, f"{what} is noticed within a second, not {taken:.1f}")
    status, payload = daemon.send("refused")
    report.check(status != 200, f"{what}: nothing is acknowledged: {payload}")
    if restore:
        restore(home)
        time.sleep(1.2)
        report.check(daemon.send("after")[0] == 200, f"{what}: it goes on when the file is back")
    daemon.kill()
    remove(home)


goes_away("the home folder deleted", lambda home: shutil.rmtree(home))
goes_away(
    "the file moved away",
    lambda home: os.rename(f"{home}/{FILE}", f"{home}/away"),
    lambda home: os.rename(f"{home}/away", f"{home}/{FILE}"),
)
report.end("places")
