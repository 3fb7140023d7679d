#!/usr/bin/env python3
"""Ping, send and history over a plain socket: the protocol needs nothing but Python itself."""
import base64, hashlib, http.client, json, os, pathlib, re, socket, struct, sys
from urllib.parse import urlsplit

url = os.environ.get("CLEUDOCODEBOT_URL", "ws://127.0.0.1:18789/")
env = pathlib.Path(os.environ.get("CLEUDOCODEBOT_HOME", "~/.cleudocodebot")).expanduser() / ".env"
TOKEN = r"CLEUDOCODEBOT_TOKEN=['\"]?([^'\"\n]+)|$"
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


class Gateway:
    def __init__(self, token):
        """RFC 6455 section 4.1: an HTTP request that asks for another protocol."""
        address = urlsplit(url)
        self.socket = socket.create_connection((address.hostname, address.port or 80), timeout=10)
        self.stream = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((
            f"GET {address.path or '/'} HTTP/1.1\r\nHost: {address.netloc}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Authorization: Bearer {token}\r\n\r\n"
        ).encode())
        status = self.stream.readline().decode().strip()
        headers = http.client.parse_headers(self.stream)
        if " 101 " not in status:
            body = self.read(int(headers.get("Content-Length", 0))).decode().strip()
            sys.exit(f"plain.py: {url}: {status} {body}")
        accept = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        if headers.get("Sec-WebSocket-Accept") != base64.b64encode(accept).decode():
            sys.exit(f"plain.py: {url}: this is no WebSocket server")

    def send_frame(self, opcode, payload):
        """Section 5.2: final frame, length in 7, 16 or 64 bits; section 5.3: clients mask."""
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
        elif size < 1 << 16:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
        mask = os.urandom(4)
        self.socket.sendall(head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)))

    def read(self, size):
        data = self.stream.read(size)
        if len(data) < size:
            raise ConnectionError("the connection broke off")
        return data

    def read_text(self):
        """The next message. Section 5.5: a ping is answered at once, a close is the end."""
        while True:
            opcode, size = struct.unpack("!BB", self.read(2))
            if size > 125:
                size = int.from_bytes(self.read(2 if size == 126 else 8), "big")
            payload = self.read(size)
            if opcode == 0x80 | TEXT:
                return payload.decode()
            if opcode == 0x80 | PING:
                self.send_frame(PONG, payload)
            if opcode == 0x80 | CLOSE:
                sys.exit(f"plain.py: {url}: closed: {payload[2:].decode()}")

    def ask(self, action, **payload):
        self.send_frame(TEXT, json.dumps({"type": "command", "action": action, "payload": payload}).encode())
        reply = json.loads(self.read_text())
        return reply["payload"] if reply["type"] == "response" else sys.exit(f"plain.py: {reply['payload']['message']}")


try:
    gateway = Gateway(os.environ.get("CLEUDOCODEBOT_TOKEN") or re.search(TOKEN, env.read_text())[1])
    print(gateway.ask("ping"))
    print(gateway.ask("send", channel="webchat", to="visitor", text="Hello from a plain socket"))
    print(gateway.ask("history", channel="webchat", peer="visitor", limit=5))
    gateway.send_frame(CLOSE, struct.pack("!H", 1000))
except OSError as error:
    sys.exit(f"plain.py: {url}: {error}")
