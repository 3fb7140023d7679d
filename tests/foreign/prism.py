#!/usr/bin/env python3
"""What we send to Meta's Cloud API, checked by prism (npm, @stoplight/prism-cli) against Meta's own
description of it, which no package brings: META_OPENAPI=business-messaging-api.yaml python3 tests/foreign/prism.py

Taken at its word that description refuses its own examples: each kind of message is made of the common
fields and of its own, and the second part forbids all fields but its own. That prohibition is left out."""
import os, pathlib, re, shutil, sys

from stage import Stage, free_port, http, skip, until

description = pathlib.Path(os.environ.get("META_OPENAPI", ""))
if not description.is_file():
    skip("set META_OPENAPI to Meta's OpenAPI description of the Cloud API (github.com/facebook/openapi)")
if not (shutil.which("npm") and shutil.which("node")):
    skip("prism needs npm and node")
with Stage("prism") as stage:
    stage.install("npm", "install", "--no-fund", "--no-audit", "@stoplight/prism-cli")
    mended = stage.folder / f"description{description.suffix}"
    mended.write_text(re.sub(r"(?m)^(      - type: object\n)        additionalProperties: false\n", r"\1", description.read_text()))
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with open(stage.folder / "prism.log", "w") as log:
        stage.start([stage.folder / "node_modules/.bin/prism", "mock", "--errors", "--port", str(port), mended],
                    stdout=log, stderr=log)
    if not until("prism answers", lambda: http("GET", base + "/")[0]):
        sys.exit((stage.folder / "prism.log").read_text()[-2000:])
    stage.daemon({"WHATSAPP_CLOUD_BASE_URL": base, "WHATSAPP_CLOUD_TOKEN": "any-token", "WHATSAPP_CLOUD_PHONE_ID": "106540352242922",
                  "CLEUDOCODEBOT_RETRY_DELAYS": "100ms"})
    stage.send("whatsapp-cloud", "+5511999998888", "a text", text="Olá")
    stage.send("whatsapp-cloud", "5511999998888", "an answer", text="an answer", reply_to="wamid.X")
    stage.send("whatsapp-cloud", "5511999998888", "a reaction", reaction=True, text="👍", reply_to="wamid.X")
    stage.send("whatsapp-cloud", "5511999998888", "a template", template={"name": "hello", "language": {"code": "pt_BR"}})
    for kind in ("image", "document", "video", "audio"):
        stage.send("whatsapp-cloud", "5511999998888", f"{kind} by URL", text="look", media={"kind": kind, "url": "https://example.com/a.bin"})
    standing = stage.standing("whatsapp-cloud")
    stage.check("the look at the phone number", standing["state"] == "running", str(standing))
    stage.end()
