#!/usr/bin/env python3
"""Our web push and a push service behind TLS that decrypts with http_ece and verifies with py-vapid (PyPI), as
browsers and their services do: python3 tests/foreign/push.py"""
import json, queue, subprocess, sys, threading, time

from stage import PATIENCE, Stage, until

PACKAGES = ["http_ece", "py-vapid", "cryptography"]
SERVICE = r'''
import base64, datetime, http.server, ipaddress, json, os, pathlib, ssl, sys, threading, time

import http_ece
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

folder = pathlib.Path(sys.argv[1])
text = lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
name = lambda common: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])
now = datetime.datetime.now(datetime.timezone.utc)


def certificate(subject, key, issuer, signer, extension):
    made = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer)).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
    made = made.not_valid_after(now + datetime.timedelta(days=2)).add_extension(extension, critical=False)
    return made.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
(folder / "ca.pem").write_bytes(certificate("authority", authority, "authority", authority, x509.BasicConstraints(ca=True, path_length=None)))
own = certificate("localhost", server, "authority", authority, x509.SubjectAlternativeName([x509.DNSName("localhost")]))
key = server.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
(folder / "server.pem").write_bytes(own + key)


class Device:
    """A browser: its keys, and what its service answers in turn."""

    def __init__(self, answers):
        self.private, self.auth, self.answers = ec.generate_private_key(ec.SECP256R1()), os.urandom(16), answers
        self.undelivered, self.is_open = {}, 0

    def keys(self):
        point = self.private.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        return {"p256dh": text(point), "auth": text(self.auth)}


devices = {
    "/fine": Device([]),
    "/gone-404": Device([(404, None)]),
    "/gone-410": Device([(410, None)]),
    "/busy": Device([(429, 2)]),
    "/brief": Device([(413, None)]),
}
lock = threading.Lock()


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        began = time.time()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        device, authorization = devices[self.path], self.headers["Authorization"]
        with lock:
            device.is_open += 1
            at_once = device.is_open
        seen = {"path": self.path, "began": began, "at_once": at_once, "bytes": len(body), "headers": {k.lower(): v for k, v in self.headers.items()}}
        try:
            seen["told"] = json.loads(http_ece.decrypt(body, private_key=device.private, auth_secret=device.auth, version="aes128gcm"))
            seen["verified"] = Vapid02.verify(authorization)
            token = authorization.split("t=", 1)[1].split(",")[0].split(".")[1]
            seen["claims"] = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        except Exception as error:
            seen["error"] = repr(error)
        # A while, in which a second push could come.
        time.sleep(0.2)
        status, wait = device.answers.pop(0) if device.answers else (201, None)
        if status == 201:
            device.undelivered[self.headers["Topic"]] = seen.get("told")
        with lock:
            device.is_open -= 1
        seen |= {"status": status, "undelivered": len(device.undelivered)}
        print(json.dumps(seen), flush=True)
        self.send_response(status)
        if wait is not None:
            self.send_header("Retry-After", str(wait))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder / "server.pem")
listening = http.server.ThreadingHTTPServer(("localhost", 0), Service)
listening.socket = context.wrap_socket(listening.socket, server_side=True)
print(json.dumps({"port": listening.server_port, "devices": {path: device.keys() for path, device in devices.items()}}), flush=True)
listening.serve_forever()
'''

with Stage("web push") as stage:
    stage.install(sys.executable, "-m", "venv", "venv")
    stage.install(stage.folder / "venv/bin/pip", "install", "--quiet", *PACKAGES)
    service = stage.start([stage.folder / "venv/bin/python", "-c", SERVICE, stage.folder], stdout=subprocess.PIPE)
    told = json.loads(service.stdout.readline() or "{}")
    if "port" not in told:
        stage.check("the push service starts", False)
        stage.end()
    port, keys = told["port"], told["devices"]
    seen = queue.Queue()
    threading.Thread(target=lambda: [seen.put(json.loads(line)) for line in service.stdout], daemon=True).start()
    stage.daemon({"SSL_CERT_FILE": str(stage.folder / "ca.pem"), "PUSH_PRIVATE_HOSTS": f"localhost:{port}",
                  "PUSH_CONTACT": "mailto:owner@example.org"})

    def pushed(path):
        """The next push to this device."""
        try:
            found = seen.get(timeout=PATIENCE)
        except queue.Empty:
            stage.check(f"a push to {path}", False, "none came")
            stage.end()
        stage.check(f"a push to {path}", found["path"] == path, found["path"])
        return found

    subscribe = lambda path, **more: stage.ask("push.subscribe", endpoint=f"https://localhost:{port}{path}", keys=keys[path], **more)
    unsubscribe = lambda path: stage.ask("push.unsubscribe", endpoint=f"https://localhost:{port}{path}")
    receive = lambda peer, text: stage.ask("receive", channel="webchat", peer=peer, text=text, meta={"name": f"Name of {peer}"})
    subscriptions = lambda: stage.ask("push.list")["subscriptions"]

    public_key = stage.ask("push.key")["public_key"]
    stage.check("a subscription", subscribe("/fine", language="pt-BR").get("subscription", {}).get("id") == "p-1")
    receive("ana", "olá, tudo bem? 🎉")
    one = pushed("/fine")
    stage.check("http_ece reads it", one.get("told", {}).get("text") == "olá, tudo bem? 🎉", json.dumps(one)[:400])
    expected = {"channel": "webchat", "peer": "ana", "name": "Name of ana", "lang": "pt-BR", "open": "#chat/webchat/ana", "count": 1}
    stage.check("it says who and where", expected.items() <= one["told"].items(), json.dumps(one["told"]))
    stage.check("py-vapid verifies it", one.get("verified") is True, one.get("error"))
    claims = one.get("claims", {})
    stage.check("for this service", claims.get("aud") == f"https://localhost:{port}" and claims.get("sub") == "mailto:owner@example.org", claims)
    stage.check("for less than a day", 0 < claims.get("exp", 0) - time.time() <= 86400, claims)
    stage.check("the key is that of push.key", one["headers"]["authorization"].endswith(f",k={public_key}"))
    stage.check("at most 4096 bytes", one["bytes"] <= 4096, one["bytes"])
    stage.check("TTL and Urgency", int(one["headers"]["ttl"]) > 0 and one["headers"]["urgency"] == "high")

    topics, counts, most, undelivered = {one["headers"]["topic"]}, 0, 0, 0
    for number in range(5):
        receive("ana", f"mensagem {number}")
        time.sleep(0.3)
    while counts < 5:
        one = pushed("/fine")
        topics.add(one["headers"]["topic"])
        counts, most, undelivered = counts + one["told"]["count"], max(most, one["at_once"]), one["undelivered"]
    stage.check("five messages have one topic", len(topics) == 1, topics)
    stage.check("they are told by their newest", one["told"]["text"] == "mensagem 4" and counts == 5, one["told"])
    stage.check("one push at a time", most == 1, most)
    stage.check("one is outstanding", undelivered == 1, undelivered)
    receive("bia", "outra conversa")
    other = pushed("/fine")
    stage.check("another conversation has another topic", other["headers"]["topic"] not in topics and other["undelivered"] == 2)
    unsubscribe("/fine")

    for path in ["/gone-404", "/gone-410"]:
        subscribe(path)
        receive(path, "oi")
        pushed(path)
        stage.check(f"{path} ends", until("it is gone", lambda: not subscriptions()))

    subscribe("/busy")
    receive("caio", "oi")
    first, again = pushed("/busy"), pushed("/busy")
    waited = again["began"] - first["began"]
    stage.check("after 429 it waits as long as it is told", first["status"] == 429 and 2 <= waited < 6 and again["status"] == 201, waited)
    stage.note(f"{waited:.2f} s between the two")
    unsubscribe("/busy")

    subscribe("/brief")
    receive("davi", "um texto que ninguém quer")
    first, again = pushed("/brief"), pushed("/brief")
    stage.check("after 413 it goes without its text", "text" in first["told"] and "text" not in again["told"], again["told"])
    unsubscribe("/brief")

    status = stage.ask("status")
    stage.check("status counts", status["push"]["failed"] == 2 and status["push"]["ended"] == 2 and status["push"]["subscriptions"] == 0, status["push"])
    stage.check("nothing more came", seen.empty())
    stage.end()
