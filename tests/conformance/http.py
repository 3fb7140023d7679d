#!/usr/bin/env python3
"""HTTP/1.1 and the opening handshake against RFC 9110, RFC 9112 and RFC 6455, and peers that are slow or rude.

    python3 tests/conformance/http.py [PATH OF THE BINARY]

Starts a daemon of its own in a fresh home on loopback, sends raw bytes, prints what fails and a count, and
exits with 1 where something fails. Standard library only; it takes about half a minute, three at most."""
import sys
sys.path.pop(0)  # The folder of this file, in which it is called as a module of the standard library is.
import http.client, os, shutil, signal, socket, struct, subprocess, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOKEN = "conformance-token-0123456789abcdef0123456789abcdef"
# Short limits keep the run short.
LIMITS = {"HEADER_TIMEOUT_MS": "1500", "BODY_TIMEOUT_MS": "1500", "WRITE_TIMEOUT_MS": "1500", "AUTH_TIMEOUT_MS": "1500",
          "MAX_BODY_BYTES": "65536", "MAX_HEADER_BYTES": "8192", "MAX_UNAUTHENTICATED": "8", "MAX_PLAIN_CONNECTIONS": "64"}
PATIENCE = 10
DEADLINE = time.time() + 170


def binary():
    found = sys.argv[1:] + [os.path.join(ROOT, "target", kind, "cleudocodebot") for kind in ("release", "debug")]
    for path in found:
        if os.access(path, os.X_OK):
            return path
    sys.exit("no binary: cargo build, or give its path")


class Daemon:
    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="conformance.")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        env = {k: v for k, v in os.environ.items() if not k.startswith(("CLEUDOCODEBOT_", "WHATSAPP_", "TELEGRAM_"))}
        env.update({"CLEUDOCODEBOT_" + k: v for k, v in LIMITS.items()})
        env.update(CLEUDOCODEBOT_HOME=self.home, CLEUDOCODEBOT_PORT=str(self.port), CLEUDOCODEBOT_TOKEN=TOKEN)
        self.process = subprocess.Popen([binary(), "daemon"], env=env, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.time() + PATIENCE
        while time.time() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        self.stop()
        sys.exit("the daemon did not start")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
        shutil.rmtree(self.home, ignore_errors=True)


D = Daemon()
HOST = f"Host: 127.0.0.1:{D.port}\r\n"
AUTH = f"Authorization: Bearer {TOKEN}\r\n"
failed, passed = [], 0


def check(name, fine, seen=""):
    global passed
    if fine:
        passed += 1
    else:
        failed.append(name)
        print(f"FAIL {name}: {seen!r}"[:300], flush=True)


def talk(data, timeout=3.0, half=False):
    """What comes back for these bytes until the end or silence, and whether it was the end."""
    with socket.create_connection(("127.0.0.1", D.port), PATIENCE) as s:
        s.settimeout(timeout)
        got = b""
        try:
            s.sendall(data if isinstance(data, bytes) else data.encode("latin1"))
            if half:
                s.shutdown(socket.SHUT_WR)
            while True:
                piece = s.recv(65536)
                if not piece:
                    return got, True
                got += piece
        except socket.timeout:
            return got, False
        except OSError:
            return got, True


def statuses(got):
    return [int(part[2:5]) for part in got.split(b"HTTP/1.")[1:] if part[2:5].isdigit()]


def answers(name, data, *expected):
    """The statuses of all answers to these bytes; an empty list is a connection closed without one."""
    got, _ = talk(data if isinstance(data, bytes) else data.replace("@HOST", HOST).replace("@AUTH", AUTH))
    check(name, statuses(got) in [list(e) if isinstance(e, (list, tuple)) else [e] for e in expected], got[:200])


CLOSE = "Connection: close\r\n"
END = "\r\n"


def heads():
    answers("a plain GET", f"GET /healthz HTTP/1.1\r\n@HOST{CLOSE}{END}", 200)
    answers("HEAD has no body", f"HEAD /healthz HTTP/1.1\r\n@HOST{CLOSE}{END}", 200)
    answers("HTTP/1.0 closes", f"GET /healthz HTTP/1.0\r\n@HOST{END}", 200)
    answers("no Host", f"GET /healthz HTTP/1.1\r\n{CLOSE}{END}", 400)
    answers("two Hosts", f"GET /healthz HTTP/1.1\r\n@HOST@HOST{CLOSE}{END}", 400)
    answers("another Host", f"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n{CLOSE}{END}", 403)
    answers("an absolute target of another host", f"GET http://evil.example/healthz HTTP/1.1\r\n@HOST{CLOSE}{END}", 403)
    answers("an unknown path", f"GET /nothing HTTP/1.1\r\n@HOST{CLOSE}{END}", 404)
    answers("a method of another path", f"DELETE /healthz HTTP/1.1\r\n@HOST{CLOSE}{END}", 405)
    answers("an empty line before the request", f"\r\nGET /healthz HTTP/1.1\r\n@HOST{CLOSE}{END}", 200)
    answers("a space before the colon", f"GET /healthz HTTP/1.1\r\n@HOSTX-A : b\r\n{CLOSE}{END}", 400)
    answers("a folded line", f"GET /healthz HTTP/1.1\r\n@HOSTX-A: b\r\n c\r\n{CLOSE}{END}", 400)
    answers("a space in a name", f"GET /healthz HTTP/1.1\r\n@HOSTX A: b\r\n{CLOSE}{END}", 400)
    answers("a line without a colon", f"GET /healthz HTTP/1.1\r\n@HOSTnonsense\r\n{CLOSE}{END}", 400)
    answers("a NUL in a value", f"GET /healthz HTTP/1.1\r\n@HOSTX-A: b\0c\r\n{CLOSE}{END}", 400)
    answers("a bare CR in a value", f"GET /healthz HTTP/1.1\r\n@HOSTX-A: b\rc\r\n{CLOSE}{END}", 400)
    answers("no version", f"GET /healthz\r\n@HOST{END}", 400)
    answers("version 3", f"GET /healthz HTTP/3.0\r\n@HOST{END}", 400, 505)
    answers("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 505, [])
    answers("a TLS hello", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(64), 400, [])
    answers("a long line", f"GET /healthz HTTP/1.1\r\n@HOSTX-A: {'x' * 9000}\r\n{CLOSE}{END}", 431)
    answers("a long target", f"GET /{'x' * 70000} HTTP/1.1\r\n@HOST{CLOSE}{END}", 414, 431)
    answers("too many lines", f"GET /healthz HTTP/1.1\r\n@HOST{'a: b' + END}".replace("a: b\r\n", "a: b\r\n" * 150) + CLOSE + END, 431)
    one = f"GET /healthz HTTP/1.1\r\n@HOST{END}"
    answers("three in one piece", one * 2 + f"GET /healthz HTTP/1.1\r\n@HOST{CLOSE}{END}", [200, 200, 200])


def framing():
    post = f"POST /rpc HTTP/1.1\r\n@HOST@AUTH{CLOSE}"
    follow = f"GET /healthz HTTP/1.1\r\n@HOST{CLOSE}{END}"
    keep = "POST /rpc HTTP/1.1\r\n@HOST@AUTH"
    answers("a length", f"{post}Content-Length: 4\r\n{END}ping", 200)
    answers("chunks", f"{post}Transfer-Encoding: chunked\r\n{END}2\r\npi\r\n2\r\nng\r\n0\r\n\r\n", 200)
    answers("chunks with extensions and trailers", f"{post}Transfer-Encoding: chunked\r\n{END}4;a=b\r\nping\r\n0\r\nX: y\r\n\r\n", 200)
    answers("two equal lengths", f"{post}Content-Length: 4\r\nContent-Length: 4\r\n{END}ping", 200, 400)
    for lines in ("Content-Length: 4\r\nContent-Length: 5\r\n", "Content-Length: 4, 5\r\n", "Content-Length: +4\r\n", "Content-Length: -4\r\n",
                  "Content-Length: 0x4\r\n", "Content-Length: 4 4\r\n", "Content-Length: \r\n", "Content-Length: 99999999999999999999\r\n"):
        answers(f"{lines.strip()!r}", f"{keep}{lines}{END}ping{follow}", 400, 413)
    for coding in ("chunked, chunked", "gzip, chunked", "chunked, gzip", "identity", "xchunked", "chunked;q=1", "\x0bchunked", '"chunked"'):
        answers(f"Transfer-Encoding: {coding!r}", f"{keep}Transfer-Encoding: {coding}\r\n{END}4\r\nping\r\n0\r\n\r\n{follow}", 400, 501)
    answers("two Transfer-Encodings", f"{keep}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n{END}4\r\nping\r\n0\r\n\r\n{follow}", 400)
    answers("chunked by HTTP/1.0", f"POST /rpc HTTP/1.0\r\n@HOST@AUTHTransfer-Encoding: chunked\r\n{END}4\r\nping\r\n0\r\n\r\n", 400)
    # Length and chunks together: the chunks count, and the connection ends, so that nothing behind passes for a request (RFC 9112 §6.3).
    for lines in ("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"):
        answers(f"both, {lines.split(':')[0]} first", f"{keep}{lines}{END}4\r\nping\r\n0\r\n\r\n{follow}", 200, 400)
    for chunk in ("-4\r\nping\r\n0\r\n\r\n", "0x4\r\nping\r\n0\r\n\r\n", "g\r\nping\r\n", "ffffffffffffffff1\r\nping\r\n", "4\r\npingX\r\n0\r\n\r\n", "4\nping\n0\n\n"):
        answers(f"the chunk {chunk[:12]!r}", f"{keep}Transfer-Encoding: chunked\r\n{END}{chunk}", 400)
    answers("more than a body may have", f"{post}Content-Length: 65537\r\n{END}", 413)
    answers("more in chunks", f"{post}Transfer-Encoding: chunked\r\n{END}" + ("4000\r\n" + "x" * 0x4000 + "\r\n") * 5, 413)
    answers("Expect", f"{post}Expect: 100-continue\r\nContent-Length: 4\r\n{END}ping", [100, 200])
    answers("Expect of too much", f"{post}Expect: 100-continue\r\nContent-Length: 65537\r\n{END}", 413)
    answers("a body for an unknown webhook", f"POST /webhooks/nosuch HTTP/1.1\r\n@HOST{CLOSE}Content-Length: 60000\r\n{END}", 404)
    answers("a body without a token", f"POST /rpc HTTP/1.1\r\n@HOST{CLOSE}Content-Length: 60000\r\n{END}", 401)
    seen = {}
    for size in (70_000, 1_000_000, 20_000_000):
        for _ in range(5):
            c = http.client.HTTPConnection("127.0.0.1", D.port, timeout=PATIENCE)
            try:
                c.request("POST", "/rpc", b" " * size, {"Authorization": "Bearer " + TOKEN})
                kind = c.getresponse().status
            except OSError as error:
                kind = type(error).__name__
            seen[size, kind] = seen.get((size, kind), 0) + 1
            c.close()
    check("413 is read by those who send on", {kind for _, kind in seen} == {413}, seen)


KEY = "dGhlIHNhbXBsZSBub25jZQ=="
GOOD = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13"}


def upgrade(method="GET", path="/", version="1.1", more="", **change):
    lines = dict(GOOD)
    for name, value in change.items():
        name = name.replace("_", "-")
        lines.pop(name)
        if value is not None:
            lines[name] = value
    return f"{method} {path} HTTP/{version}\r\n{HOST}" + "".join(f"{a}: {b}\r\n" for a, b in lines.items()) + more + END


def first(name, data, *expected):
    """The status of the first answer; a WebSocket may stay open behind it."""
    with socket.create_connection(("127.0.0.1", D.port), PATIENCE) as s:
        s.settimeout(3)
        s.sendall(data.encode("latin1"))
        got = b""
        try:
            while b"\r\n\r\n" not in got:
                piece = s.recv(65536)
                if not piece:
                    break
                got += piece
        except OSError:
            pass
    check(name, (statuses(got) or [0])[0] in expected, got[:200])
    return got


def handshake():
    got = first("the handshake of RFC 6455", upgrade(), 101)
    check("its accept key", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in got, got)
    first("names without case", upgrade(Upgrade="WebSocket", Connection="keep-alive, upgrade"), 101)
    first("on /ws", upgrade(path="/ws"), 101)
    first("with the token", upgrade(more=AUTH), 101)
    first("with a wrong one", upgrade(more="Authorization: Bearer wrong\r\n"), 401)
    first("with two", upgrade(more=AUTH + AUTH), 401)
    first("with one in the target", upgrade(path="/?token=" + TOKEN), 401)
    first("by POST", upgrade(method="POST"), 405)
    first("by HTTP/1.0", upgrade(version="1.0"), 426, 400)
    first("without Upgrade", upgrade(path="/ws", Upgrade=None), 426)
    first("without Connection", upgrade(Connection=None), 426)
    first("without a key", upgrade(Sec_WebSocket_Key=None), 400)
    for key in ("short", "dGhlIHNhbXBsZSBub25jZR==", KEY[:-1], KEY + "A", "!" * 22 + "=="):
        first(f"the key {key}", upgrade(Sec_WebSocket_Key=key), 400)
    first("two keys", upgrade(more=f"Sec-WebSocket-Key: {KEY}\r\n"), 400)
    for version in ("8", "12", "14", "13, 8", "x"):
        got = first(f"version {version}", upgrade(Sec_WebSocket_Version=version), 426)
        check(f"version {version} names ours", b"sec-websocket-version: 13" in got.lower(), got)
    first("without a version", upgrade(Sec_WebSocket_Version=None), 426)
    first("a foreign Origin", upgrade(more="Origin: http://evil.example\r\n"), 403)
    first("the Origin null", upgrade(more="Origin: null\r\n"), 403)
    first("two Origins", upgrade(more=f"Origin: http://127.0.0.1:{D.port}\r\nOrigin: http://evil.example\r\n"), 403)
    first("our Origin", upgrade(more=f"Origin: http://127.0.0.1:{D.port}\r\n"), 101)
    first("with a length", upgrade(more="Content-Length: 5\r\n") + "hello", 400)
    first("with a length of 0", upgrade(more="Content-Length: 0\r\n"), 101)
    first("with chunks", upgrade(more="Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", 400)
    got = first("an unknown subprotocol", upgrade(more="Sec-WebSocket-Protocol: graphql-ws\r\n"), 101)
    check("is not echoed", b"sec-websocket-protocol" not in got.lower(), got)
    got = first("an extension", upgrade(more="Sec-WebSocket-Extensions: permessage-deflate\r\n"), 101)
    check("is not accepted", b"sec-websocket-extensions" not in got.lower(), got)
    # Closing: the server ends TCP first, in order, also where bytes stand behind the close frame.
    with socket.create_connection(("127.0.0.1", D.port), PATIENCE) as s:
        s.settimeout(PATIENCE)
        s.sendall((upgrade(more=AUTH)).encode() + b"\x88\x82\0\0\0\0" + struct.pack(">H", 1000) + bytes(300_000))
        got = b""
        try:
            while piece := s.recv(65536):
                got += piece
        except OSError as error:
            got += repr(error).encode()
        check("a close frame with bytes behind it ends in order", got.endswith(b"\x88\x02\x03\xe8"), got[-80:])


def kept(data, drip, every, reads=True):
    """For how many seconds such a connection is kept."""
    begun = last = time.time()
    with socket.create_connection(("127.0.0.1", D.port), PATIENCE) as s:
        s.sendall(data)
        s.settimeout(0.02)
        while time.time() - begun < PATIENCE:
            try:
                if time.time() - last > every:
                    last = time.time()
                    s.sendall(drip)
                if not reads:
                    time.sleep(0.05)
                elif not s.recv(65536):
                    break
            except socket.timeout:
                pass
            except OSError:
                break
    return time.time() - begun


def slow():
    host, auth = HOST.encode(), AUTH.encode()
    get = b"GET /chat/chat.js HTTP/1.1\r\n" + host + b"\r\n"
    cases = [("a connection that sends nothing", b"", b"", 99, True),
             ("a dripped head", b"GET / HTTP/1.1\r\n" + host, b"X-a: b\r\n", 0.3, True),
             ("a dripped body", b"POST /rpc HTTP/1.1\r\n" + host + auth + b"Content-Length: 10000\r\n\r\n", b"x", 0.3, True),
             ("dripped chunks", b"POST /rpc HTTP/1.1\r\n" + host + auth + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", 0.3, True),
             ("an idle connection behind an answer", b"GET /healthz HTTP/1.1\r\n" + host + b"\r\n", b"", 99, True),
             ("a WebSocket without a token", upgrade().encode(), b"\x89\x80\0\0\0\0", 0.3, True)]
    results = {}
    def one(case):
        results[case[0]] = kept(*case[1:])
    threads = [threading.Thread(target=one, args=(case,)) for case in cases]
    [t.start() for t in threads]
    [t.join() for t in threads]
    for name, seconds in results.items():
        check(f"{name} ends", seconds < 7, round(seconds, 1))
    # Who reads nothing is dropped: writing to it fails then.
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", D.port))
        s.setblocking(False)
        begun, gone = time.time(), False
        while not gone and time.time() - begun < PATIENCE:
            try:
                s.send(get * 50)
            except BlockingIOError:
                time.sleep(0.05)
            except OSError:
                gone = True
        check("a peer that reads nothing is dropped", gone)


def crowds():
    def owner(name):
        begun = time.time()
        first(f"the owner by header, beside {name}", upgrade(more=AUTH), 101)
        text = f'{{"type":"command","action":"auth","payload":{{"token":"{TOKEN}"}}}}'.encode()
        with socket.create_connection(("127.0.0.1", D.port), PATIENCE) as s:
            s.settimeout(PATIENCE)
            s.sendall(upgrade().encode() + bytes([0x81, 0xFE]) + struct.pack(">H", len(text)) + bytes(4) + text)
            got = b""
            try:
                while b'"auth"' not in got and (piece := s.recv(65536)):
                    got += piece
            except OSError:
                pass
        check(f"the owner by message, beside {name}", b'"type":"response"' in got, got[-200:])
        check(f"at once, beside {name}", time.time() - begun < 2, round(time.time() - begun, 1))

    def crowd(name, count, data):
        held = []
        for _ in range(count):
            s = socket.create_connection(("127.0.0.1", D.port), PATIENCE)
            try:
                s.sendall(data)
            except OSError:
                pass
            held.append(s)
        owner(name)
        [s.close() for s in held]

    crowd("200 idle connections", 200, b"")
    crowd("200 half heads", 200, b"GET / HTTP/1.1\r\nHost: ")
    crowd("100 WebSockets without a token", 100, upgrade().encode())
    crowd("200 half bodies", 200, ("POST /webhooks/nosuch HTTP/1.1\r\n" + HOST + "Content-Length: 60000\r\n\r\n").encode() + b"x" * 50000)
    for n in range(12):
        talk(upgrade(more=f"Authorization: Bearer wrong-{n}\r\n"), timeout=0.05)
    owner("twelve wrong tokens")


try:
    for part in (heads, framing, handshake, slow, crowds):
        if time.time() > DEADLINE:
            failed.append("the time for the run is over")
            break
        part()
    check("the daemon is still there", D.process.poll() is None, D.process.returncode)
finally:
    D.stop()
print(f"{passed} of {passed + len(failed)} checks passed")
sys.exit(1 if failed else 0)
