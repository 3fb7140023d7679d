#!/usr/bin/env python3
"""Our Telegram and Cloud API against those of mockpost (PyPI): python3 tests/foreign/mockpost.py"""
import base64, json, sys, time

from stage import Stage, free_port, http, until

TOKEN = "123456789:" + "A" * 35
# One pixel.
PICTURE = ("89504e470d0a1a0a0000000d4948445200000001000000010806000000" "1f15c4890000000d49444154789c63f8ffff3f0005fe02fea72d1b2a0000000049454e44ae426082")
with Stage("mockpost") as stage:
    stage.install(sys.executable, "-m", "venv", "venv")
    stage.install(stage.folder / "venv/bin/pip", "install", "--quiet", "mockpost")
    ports = {f"MOCKPOST_{name}_PORT": str(free_port()) for name in ("HTTP", "SMTP", "FTP", "FTPS", "FTPS_IMPLICIT", "SFTP")}
    base = f"http://127.0.0.1:{ports['MOCKPOST_HTTP_PORT']}"
    with open(stage.folder / "mockpost.log", "w") as log:
        stage.start([stage.folder / "venv/bin/mockpost"], {**ports, "MOCKPOST_STRICT_AUTH": "true"}, stdout=log, stderr=log)
    if not until("mockpost answers", lambda: http("GET", base + "/api/messages")[0] == 200):
        sys.exit((stage.folder / "mockpost.log").read_text()[-2000:])
    stage.daemon({
        "TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_BOT_TOKEN_2": "wrong", "TELEGRAM_BASE_URL": base + "/telegram",
        "TELEGRAM_ALLOW_FROM": "*", "WHATSAPP_CLOUD_BASE_URL": base + "/whatsapp", "WHATSAPP_CLOUD_TOKEN": "any-token",
        "WHATSAPP_CLOUD_PHONE_ID": "15550000000", "WHATSAPP_CLOUD_APP_SECRET": "any-secret", "WHATSAPP_CLOUD_ALLOW_FROM": "*"})

    def captured(channel, field="body"):
        found = http("GET", f"{base}/api/messages?channel={channel}&limit=100")[1]
        found = found if isinstance(found, list) else found.get("messages", [])
        found = [one.get(field) for one in found if one["direction"] == "outbound"]
        return [json.loads(one) if field != "body" and isinstance(one, str) else one for one in found]

    stage.check("telegram: getMe and getUpdates", until("running", lambda: stage.standing("telegram")["state"] == "running"),
                str(stage.standing("telegram")))
    stage.check("telegram-2: a token of the wrong shape parks it",
                until("parked", lambda: stage.standing("telegram-2")["state"] == "parked"), str(stage.standing("telegram-2")))
    first = stage.send("telegram", "42", "a text", text="Olá, ça va? 👍🏽")
    stage.send("telegram", "42", "an answer to it", text="an answer", reply_to=first["message_id"])
    stage.send("telegram", "-1001234", "a text to a group", text="to a group")
    stage.send("telegram", "42", "a text of 9,000 characters in parts", text="one two three. " * 600)
    for kind in ("image", "document"):
        stage.send("telegram", "42", f"{kind} by URL", text="look", media={"kind": kind, "url": "https://example.com/a.bin"})
    picture = base64.b64encode(bytes.fromhex(PICTURE)).decode()
    for kind, name in (("image", "gato.png"), ("document", 'relatório "1".png')):
        media = {"kind": kind, "data": picture, "name": name, "mime": "image/png"}
        stage.send("telegram", "42", f"{kind} by upload", text=f"{kind} uploaded", media=media)
    for kind in ("video", "audio"):
        media = stage.ask("send", channel="telegram", to="42", text="look", wait=True, media={"kind": kind, "url": "https://example.com/a.bin"})
        stage.note(f"telegram: {kind}, which it does not know: {media.get('state')} {media.get('error') or ''}")
    stage.check("telegram: that failed alone and the bot goes on", stage.standing("telegram")["state"] == "running")
    texts = captured("telegram")
    stage.check("telegram: the texts as they were sent", {"Olá, ça va? 👍🏽", "an answer", "to a group"} <= set(texts))
    stage.check("telegram: the captions of the uploads", {"image uploaded", "document uploaded"} <= set(texts), str(texts)[-300:])
    uploads = captured("telegram", "raw_payload")
    named = {str(upload.get(field)) for upload in uploads if isinstance(upload, dict) for field in ("photo", "document")}
    stage.check("telegram: its reader of forms finds the files and their names",
                {"gato.png", "relatório %221%22.png"} <= named, str(named))
    stage.check("telegram: three parts, whole", sum(text.startswith(("one", "two", "three")) for text in texts) == 3)
    http("POST", base + "/telegram/client/sendMessage", {"chat_id": 42, "text": "from outside", "from_user": "ana"})
    stage.check("telegram: what comes in", until("received", lambda: stage.received("telegram", "from outside")))
    before = stage.processor_seconds()
    time.sleep(3)
    stage.note(f"telegram: this service holds no poll; 3 s of polling it cost {stage.processor_seconds() - before:.2f} s of processor")
    stage.check("telegram: it comes in once", len(stage.received("telegram", "from outside")) == 1)

    stage.send("whatsapp-cloud", "+5511999998888", "a text", text="Olá, ça va? 👍🏽")
    stage.send("whatsapp-cloud", "5511999998888", "a template", template={"name": "hello", "language": {"code": "pt_BR"}})
    for kind in ("image", "document"):
        stage.send("whatsapp-cloud", "5511999998888", f"{kind} by URL", text="look", media={"kind": kind, "url": "https://example.com/a.bin"})
    texts = captured("whatsapp")
    stage.check("whatsapp-cloud: text, template and media as they were sent",
                {"Olá, ça va? 👍🏽", "template:hello", "look"} <= set(texts), str(texts))
    stage.note(f"whatsapp-cloud stands at {stage.standing('whatsapp-cloud')['state']}: "
               f"{stage.standing('whatsapp-cloud').get('last_error')}")
    ours = {"X-MockPost-App": "ours"}
    http("POST", base + "/api/apps", {"name": "ours"})
    http("POST", base + "/api/webhooks", {"channel": "whatsapp", "target_url": f"http://{stage.address}/webhooks/whatsapp-cloud"}, ours)
    simulated = {"from": "551133334444", "text": "unsigned", "phone_number_id": "15550000000"}
    posted = http("POST", base + "/whatsapp/simulate/incoming", simulated, ours)[1]
    delivered = posted["webhooks_delivered"]
    stage.check("whatsapp-cloud: its webhook, which has no signature, is refused with 403", "403" in str(delivered), str(posted))
    stage.check("whatsapp-cloud: nothing unsigned came in", not stage.received("whatsapp-cloud", "unsigned"))
    stage.end()
