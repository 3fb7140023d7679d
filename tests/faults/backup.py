"""Backups that are cut off, damaged, of a newer version, or onto a full disk: a clear error, and nothing broken."""

import os
import pathlib
import subprocess

from _gateway import BINARY, FILE, Daemon, Report, cli, environment, fresh_home, mount, remove, skip, unmount

report = Report()
MESSAGES = 400


def filled():
    home = fresh_home()
    daemon = Daemon(home)
    for number in range(MESSAGES):
        daemon.send(f"{number} " + "x" * 2000, key=f"k{number}")
    return home, daemon


def ask(home, daemon, *words):
    done = subprocess.run([BINARY, *words], env=environment(home, daemon.port), capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def full_disks(home, daemon, whole):
    for place, size in [("backup", "256k"), ("restore", "256k")]:
        folder = mount(size)
        if folder is None:
            return skip("a full disk", "needs root and tmpfs")
        if place == "backup":
            code, _, said = ask(home, daemon, "backup", f"{folder}/all.tar")
        else:
            code, _, said = cli(folder, "restore", whole)
        report.check(code == 1 and "No space left" in said, f"{place} onto a full disk says {said!r}")
        left = [name for name in os.listdir(folder) if name != "daemon.lock"]
        report.check(left == [], f"{place} leaves {left} on a full disk")
        unmount(folder)
    report.check(daemon.send("on")[0] == 200, "the daemon goes on")


def damaged(whole):
    bytes_ = pathlib.Path(whole).read_bytes()
    schema = bytes_.index(b'"schema":')
    cases = {
        "cut off": bytes_[: len(bytes_) // 2],
        "without its end": bytes_[:-4096],
        "changed": bytes_[: len(bytes_) // 3] + bytes([bytes_[len(bytes_) // 3] ^ 1]) + bytes_[len(bytes_) // 3 + 1 :],
        "newer": bytes_[: schema + 9] + b"9" + bytes_[schema + 10 :],
        "empty": b"",
    }
    for name, content in cases.items():
        other = fresh_home()
        path = pathlib.Path(other) / "it.tar"
        path.write_bytes(content)
        code, _, said = cli(other, "restore", str(path))
        expected = "newer version" if name == "newer" else "damaged"
        report.check(code == 1 and expected in said, f"a backup that is {name}: {said!r}")
        report.check(not (pathlib.Path(other) / FILE).exists(), f"a backup that is {name} leaves a message file")
        remove(other)


def main():
    home, daemon = filled()
    folder = fresh_home()
    whole = f"{folder}/whole.tar"
    code, _, said = ask(home, daemon, "backup", whole)
    report.check(code == 0, f"a backup: {said}")
    full_disks(home, daemon, whole)
    damaged(whole)
    before = daemon.texts()
    daemon.stop()
    other = fresh_home()
    code, _, said = cli(other, "restore", whole)
    report.check(code == 0, f"restored: {said}")
    restored = Daemon(other)
    texts = restored.texts()
    report.check(len(texts) == MESSAGES and texts.items() <= before.items(), "the same messages under the same ids")
    restored.stop()
    for place in (home, other, folder):
        remove(place)
    report.end("backups")


main()
