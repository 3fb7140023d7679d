"""Files: large ones, many at once, a full disk in the middle, and kill -9 while they come in, are fetched and sent."""

import hashlib
import http.client
import http.server
import json
import os
import pathlib
import random
import re
import subprocess
import tempfile
import threading
import time
import urllib.parse

from _gateway import TOKEN, Daemon, Report, fresh_home, remove, skip

MIB = 1 << 20
LARGE = 100 * MIB
CLIENTS, MANY = 20, 1000
KILLS = 50
HEADERS = {"Authorization": "Bearer " + TOKEN}

report = Report()
chance = random.Random(14)


def resident_kib(daemon, field="VmRSS"):
    text = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(re.search(field + r":\s+(\d+)", text)[1])


def forget_peak(daemon):
    pathlib.Path(f"/proc/{daemon.process.pid}/clear_refs").write_text("5")


class Files:
    """One connection that uploads and downloads."""

    def __init__(self, daemon):
        self.connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=60)

    def put(self, data, name="a.bin"):
        headers = {**HEADERS, "Content-Disposition": f"attachment; filename={name}"}
        self.connection.request("POST", "/media", data, headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def get(self, media_id):
        self.connection.request("GET", "/media/" + media_id, headers=HEADERS)
        answer = self.connection.getresponse()
        digest, length = hashlib.sha256(), 0
        while piece := answer.read(MIB):
            digest.update(piece)
            length += len(piece)
        return answer.status, length, digest.hexdigest()


def on_disk(home):
    media = pathlib.Path(home) / "media"
    return sorted(path.name for path in media.rglob("*") if path.is_file())


def large():
    home = fresh_home()
    daemon = Daemon(home)
    files = Files(daemon)
    files.put(b"warm")
    blob = bytearray(os.urandom(MIB) * (LARGE // MIB))
    before, rates = resident_kib(daemon), []
    forget_peak(daemon)
    for turn in range(3):
        blob[:4] = turn.to_bytes(4, "big")
        data, begun = bytes(blob), time.monotonic()
        status, kept = files.put(data)
        up = time.monotonic() - begun
        report.check(status == 201 and kept["bytes"] == LARGE, f"100 MiB are kept: {kept}")
        begun = time.monotonic()
        status, length, digest = files.get(kept["media_id"])
        down = time.monotonic() - begun
        report.check((status, length, digest) == (200, LARGE, kept["media_id"]), "100 MiB come back")
        rates.append((LARGE / up / 1e6, LARGE / down / 1e6))
    peak = resident_kib(daemon, "VmHWM") - before
    report.check(peak <= 2048, f"100 MiB take {peak} KiB of memory")
    up, down = (max(rate) for rate in zip(*rates))
    print(f"100 MiB: {up:.0f} MB/s up, {down:.0f} MB/s down (the fastest of three), at most {peak} KiB more resident")
    daemon.stop()
    remove(home)


def many():
    home = fresh_home()
    daemon = Daemon(home)
    before, begun = resident_kib(daemon), time.monotonic()
    forget_peak(daemon)
    wrong = []

    def client(which):
        files = Files(daemon)
        for number in range(which, MANY, CLIENTS):
            data = f"{number} ".encode() * (MIB // len(f"{number} "))
            status, kept = files.put(data)
            if status != 201 or files.get(kept["media_id"])[2] != hashlib.sha256(data).hexdigest():
                wrong.append(number)

    threads = [threading.Thread(target=client, args=(which,)) for which in range(CLIENTS)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    took = time.monotonic() - begun
    report.check(not wrong, f"wrong files: {wrong[:5]}")
    report.check(len(on_disk(home)) == MANY, "each file is there once")
    more = resident_kib(daemon, "VmHWM") - before
    report.check(more <= 16 * 1024, f"{CLIENTS} uploads at once take {more} KiB")
    print(f"{MANY} files of 1 MiB by {CLIENTS} clients, up and down: {took:.1f} s, at most {more} KiB more resident")
    daemon.stop()
    remove(home)


def full_disk():
    home = tempfile.mkdtemp(prefix="cleudocodebot-faults-")
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m,mode=700", "tmpfs", home]
    if subprocess.run(mount, capture_output=True).returncode:
        os.rmdir(home)
        return skip("a full disk", "needs root and tmpfs")
    daemon = Daemon(home)
    small = Files(daemon).put(b"x" * MIB)[1]
    for _ in range(3):
        status, answer = Files(daemon).put(os.urandom(60 * MIB))
        report.check(status == 507 and answer["code"] == "queue_full", f"a full disk says {status} {answer}")
        report.check("nothing of the file was kept" in answer["message"], f"it says what became of it: {answer}")
        report.check(on_disk(home) == [small["media_id"]], f"nothing half is left: {on_disk(home)}")
    report.check(daemon.send("text goes on")[0] == 200, "text goes on")
    subprocess.run(["mount", "-o", "remount,size=200m", home], check=True)
    status, kept = Files(daemon).put(os.urandom(60 * MIB))
    report.check(status == 201, f"it goes on when there is space: {kept}")
    report.check(daemon.stop() == 0, "it stops in order")
    subprocess.run(["umount", home], check=False)
    os.rmdir(home)


def uploads_and_sends(daemon):
    """Uploads files and sends each until the daemon is gone."""
    own = object.__new__(Daemon)
    own.__dict__.update(daemon.__dict__, connection=None)
    try:
        files = Files(daemon)
        while True:
            data = f"{random.random()} ".encode() * random.randrange(1, 50_000)
            status, kept = files.put(data)
            if status == 201:
                own.call("send", {"channel": "webchat", "to": "ana", "media": {"media_id": kept["media_id"]}})
    except Exception:
        return


class Telegram(http.server.BaseHTTPRequestHandler):
    """As much of a bot API as incoming documents need (https://core.telegram.org/bots/api)."""

    protocol_version = "HTTP/1.1"
    updates = 0
    is_quiet = False

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = json.loads(body or b"{}") if body[:1] in (b"", b"{") else {}
        method = self.path.rsplit("/", 1)[-1]
        self.answer(getattr(self, method, lambda asked: True)(asked))

    def getMe(self, _):
        return {"id": 1, "is_bot": True, "first_name": "Bot", "username": "faults_bot"}

    def getUpdates(self, asked):
        offset = asked.get("offset", 1)
        if offset > Telegram.updates:
            time.sleep(0.02)
            if Telegram.is_quiet or random.random() < 0.5:
                return []
            Telegram.updates += 3
        return [self.update(number) for number in range(offset, Telegram.updates + 1)][:20]

    def update(self, number):
        ana = {"id": 77, "first_name": "Ana", "is_bot": False}
        document = {"file_id": f"F{number}", "file_unique_id": f"U{number}", "file_name": f"{number}.txt",
                    "mime_type": "text/plain", "file_size": len(content(number))}
        message = {"message_id": number, "date": 1_790_000_000, "from": ana, "chat": {"id": 77, "type": "private",
                   "first_name": "Ana"}, "document": document}
        return {"update_id": number, "message": message}

    def getFile(self, asked):
        return {"file_id": asked["file_id"], "file_path": "documents/" + asked["file_id"]}

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        if "/file/bot" not in path:
            return self.do_POST()
        data = content(int(path.rsplit("/F", 1)[1]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        try:
            for at in range(0, len(data), 65536):
                self.wfile.write(data[at : at + 65536])
                time.sleep(0.003)
        except OSError:
            self.close_connection = True
        return None

    def answer(self, result):
        data = json.dumps({"ok": True, "result": result}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:
            # Its asker was killed.
            self.close_connection = True


class Quiet(http.server.ThreadingHTTPServer):
    """Its askers are killed all the time."""

    def handle_error(self, *_):
        pass


def content(number):
    return f"{number} ".encode() * (1000 + number * 7919 % 60_000)


def killed():
    service = Quiet(("127.0.0.1", 0), Telegram)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    home = fresh_home()
    settings = {
        "TELEGRAM_BOT_TOKEN": "1:faults",
        "TELEGRAM_BASE_URL": f"http://127.0.0.1:{service.server_port}",
        "TELEGRAM_ALLOW_FROM": "*",
    }
    for _ in range(KILLS):
        daemon = Daemon(home, settings)
        threads = [threading.Thread(target=uploads_and_sends, args=(daemon,)) for _ in range(2)]
        [thread.start() for thread in threads]
        threads[0].join(chance.uniform(0, 0.4))
        daemon.kill()
        [thread.join() for thread in threads]
    daemon = Daemon(home, settings)
    time.sleep(1)
    Telegram.is_quiet = True
    end = time.monotonic() + 120
    while time.monotonic() < end and any(state(one) == "fetching" for one in messages(daemon)):
        time.sleep(0.2)
    service.shutdown()
    sent = fetched = 0
    for message in messages(daemon):
        if message["direction"] == "in":
            number = int(message["media"]["id"][1:])
            expected = hashlib.sha256(content(number)).hexdigest()
            report.check(state(message) == "ready", f"{message} was not fetched")
            report.check(message["media"].get("media_id") == expected, f"{message} has another file")
            fetched += 1
        else:
            sent += 1
        status, _, digest = Files(daemon).get(message["media"]["media_id"])
        report.check((status, digest) == (200, message["media"]["media_id"]), f"{message} has its file")
    known = daemon.call("media.list", {"limit": 1})[1]["files"]
    end = time.monotonic() + 20
    while len(on_disk(home)) != known and time.monotonic() < end:
        time.sleep(0.1)
    report.check(len(on_disk(home)) == known, f"{len(on_disk(home))} files, {known} known")
    report.check(fetched > 20 and sent > 20, f"only {fetched} fetched and {sent} sent")
    daemon.stop()
    remove(home)
    print(f"{KILLS} kills: {sent} messages sent with a file, {fetched} files fetched, each whole, none astray")


def state(message):
    return (message.get("media") or {}).get("state")


def messages(daemon):
    found, before = [], None
    while True:
        page = daemon.call("history", {"limit": 500, **({"before": before} if before else {})})[1]
        found += page["messages"]
        before = page.get("next")
        if not before:
            return found


large()
many()
full_disk()
killed()
report.end("files")
