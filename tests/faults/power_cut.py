"""Power cuts, by replay: a daemon is traced while it stores messages, and its home folder is built anew as a disk could
have it at many moments. Three disks: one whose syncs hold, one whose syncs fail now and then, where what a failed sync
should have written is never written (as Linux does, which marks the pages as clean), and one that confirms syncs
without writing (nothing can be promised there, but the store must open or say that it is damaged).

Needs strace. CUTS sets how many moments are tried."""

import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import threading
import time

from _gateway import Daemon, Refused, Report, fresh_home, remove, skip

CUTS = int(os.environ.get("CUTS", "20"))
SECONDS = float(os.environ.get("SECONDS", "4"))
BLOCK = 4096
CALLS = "openat,write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,link,linkat"
LINE = re.compile(r"^(\d+)\s+(\d+\.\d+) (\w+)\((.*)\)\s+= (-?\d+)(?:<(.*?)>)?")
UNFINISHED = re.compile(r"^(\d+)\s+(\d+\.\d+) (.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^(\d+)\s+\d+\.\d+ <\.\.\. \w+ resumed>(.*)$")
FD = re.compile(r"^\d+<((?:\\x[0-9a-f]{2})*)>")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')

report = Report()


def unhex(text):
    return bytes.fromhex(text.replace("\\x", ""))


def whole_lines(path):
    """The lines of a trace, with those put together that another thread interrupted."""
    begun = {}
    for line in open(path, errors="replace"):
        line = line.rstrip("\n")
        if unfinished := UNFINISHED.match(line):
            begun[unfinished[1]] = f"{unfinished[1]} {unfinished[2]} {unfinished[3]}"
        elif (resumed := RESUMED.match(line)) and resumed[1] in begun:
            yield begun.pop(resumed[1]) + resumed[2]
        else:
            yield line


def operations(trace, home):
    """What happened to the files below `home`: (time, name, file, ...) in order."""
    ends = {}
    for line in whole_lines(trace):
        found = LINE.match(line)
        if not found:
            continue
        _, moment, call, arguments, result, opened = found.groups()
        moment, result = float(moment), int(result)
        texts = [unhex(text) for text in TEXT.findall(arguments)]
        path = FD.match(arguments)
        path = unhex(path[1]).decode() if path else ""
        if call in ("fsync", "fdatasync") and path.startswith(home):
            yield moment, "sync" if result == 0 else "failed sync", path
        if result < 0:
            continue
        if call == "openat" and opened:
            path = unhex(opened).decode() if opened.startswith("\\x") else opened
            if path.startswith(home) and "O_CREAT" in arguments:
                yield moment, "create", path, "O_TRUNC" in arguments
                ends.setdefault(path, 0)
        elif call == "pwrite64" and path.startswith(home):
            yield moment, "write", path, int(arguments.rsplit(", ", 1)[1]), texts[0][:result]
        elif call == "write" and path.startswith(home):
            yield moment, "append", path, texts[0][:result]
        elif call == "ftruncate" and path.startswith(home):
            yield moment, "resize", path, int(arguments.rsplit(", ", 1)[1])
        elif call.startswith("rename") and texts[0].decode().startswith(home):
            yield moment, "rename", texts[0].decode(), texts[1].decode()
        elif call.startswith("unlink") and texts and texts[0].decode().startswith(home):
            yield moment, "unlink", texts[0].decode()


class Disk:
    """Files as the system shows them, and as they are on the disk. Names are there at once."""

    def __init__(self):
        self.shown, self.kept, self.waiting = {}, {}, {}

    def do(self, operation, lies=False):
        _, name, path, *rest = operation
        if name == "create":
            for files in (self.shown, self.kept):
                files.setdefault(path, bytearray())
                if rest[0]:
                    files[path] = bytearray()
        elif name == "append":
            self.write(path, len(self.shown.get(path, b"")), rest[0])
        elif name == "write":
            self.write(path, *rest)
        elif name == "resize":
            for files in (self.shown, self.kept):
                resize(files.setdefault(path, bytearray()), rest[0])
        elif name == "sync" and not lies:
            for block in self.waiting.pop(path, ()):
                self.keep(path, block)
        elif name == "failed sync":
            self.waiting.pop(path, None)
        elif name == "rename":
            for files in (self.shown, self.kept, self.waiting):
                if path in files:
                    files[rest[0]] = files.pop(path)
        elif name == "unlink":
            for files in (self.shown, self.kept, self.waiting):
                files.pop(path, None)

    def write(self, path, offset, data):
        put(self.shown.setdefault(path, bytearray()), offset, data)
        blocks = self.waiting.setdefault(path, {})
        for block in range(offset // BLOCK, (offset + len(data) - 1) // BLOCK + 1):
            blocks[block] = True

    def keep(self, path, block):
        start = block * BLOCK
        put(self.kept.setdefault(path, bytearray()), start, self.shown[path][start : start + BLOCK])

    def cut_power(self, how, chance):
        """What of the unsynced blocks is there afterwards: none, a random half, or all with the last one torn."""
        for path, blocks in self.waiting.items():
            if path not in self.shown or how == "none":
                continue
            order = list(blocks)
            for block in order:
                if how == "all" or chance.random() < 0.5:
                    self.keep(path, block)
            if how == "all" and order:
                start = order[-1] * BLOCK + BLOCK // 2
                put(self.kept[path], start, bytes(min(BLOCK // 2, max(0, len(self.kept[path]) - start))))


def resize(content, length):
    del content[length:]
    content.extend(bytes(length - len(content)))


def put(content, offset, data):
    if len(content) < offset + len(data):
        resize(content, offset + len(data))
    content[offset : offset + len(data)] = data


def traced(failing):
    """Runs a daemon under strace; returns its operations and when each message was acknowledged."""
    home = fresh_home()
    trace = tempfile.mktemp(prefix="cleudocodebot-trace-")
    inject = ["-e", "inject=fsync,fdatasync:error=EIO:when=30+45"] if failing else []
    before = ["strace", "-f", "-y", "-xx", "-ttt", "-s", "4000000", "-o", trace, *inject, "-e", "trace=" + CALLS]
    daemon = Daemon(home, before=before)
    acknowledged, is_over = [], threading.Event()

    def send(which):
        own = object.__new__(Daemon)
        own.__dict__.update(daemon.__dict__, connection=None)
        number = 0
        while not is_over.is_set():
            text = f"{which}.{number} " + "z" * (number * 37 % 700)
            try:
                status, _ = own.send(text, key=f"{which}.{number}")
            except Exception:
                return
            if status == 200:
                acknowledged.append((time.time(), text))
                number += 1
            else:
                time.sleep(0.05)

    threads = [threading.Thread(target=send, args=(which,)) for which in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(SECONDS)
    is_over.set()
    for thread in threads:
        thread.join()
    children = pathlib.Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children")
    for child in children.read_text().split():
        os.kill(int(child), 9)
    daemon.process.wait(30)
    done = sorted(operations(trace, home), key=lambda operation: operation[0])
    os.unlink(trace)
    remove(home)
    return home, done, sorted(acknowledged)


def rebuilt(home, disk):
    folder = fresh_home()
    for path, content in disk.kept.items():
        target = pathlib.Path(folder + path[len(home) :])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(0o600)
    return folder


def check(folder, expected, what, lies):
    try:
        daemon = Daemon(folder)
    except Refused as refusal:
        is_told = lies and refusal.code == 78
        return report.check(is_told, f"{what}: the store does not open: {refusal}")
    found = set(daemon.texts().values())
    if not lies:
        lost = [text[:20] for text in expected if text not in found]
        report.check(not lost, f"{what}: acknowledged and gone: {lost[:3]}")
    report.check(daemon.send("new")[0] == 200, f"{what}: it takes a new message")
    return daemon.stop()


def suite(name, failing, lies):
    home, done, acknowledged = traced(failing)
    chance = random.Random(5)
    first = next((place for place, one in enumerate(done) if one[2].endswith("messages.redb")), 0)
    cuts = sorted(chance.sample(range(first + 1, len(done)), min(CUTS, len(done) - first - 1)))
    for cut in cuts:
        for how in ("none", "half", "all"):
            disk = Disk()
            for operation in done[:cut]:
                disk.do(operation, lies)
            disk.cut_power(how, chance)
            folder = rebuilt(home, disk)
            before = [text for moment, text in acknowledged if moment < done[cut][0]]
            check(folder, before, f"{name}, cut {cut}, {how} kept", lies)
            remove(folder)
    failures = sum(one[1] == "failed sync" for one in done)
    print(f"{name}: {len(done)} operations, {failures} failed syncs, {len(acknowledged)} acknowledged, {3 * len(cuts)} cuts")


if shutil.which("strace") is None:
    skip("power cuts", "needs strace")
else:
    suite("syncs that hold", failing=False, lies=False)
    suite("syncs that fail and forget", failing=True, lies=False)
    suite("syncs that lie", failing=False, lies=True)
report.end("power cuts")
