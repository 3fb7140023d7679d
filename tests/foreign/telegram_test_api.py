#!/usr/bin/env python3
"""Our Telegram against telegram-test-api (npm): python3 tests/foreign/telegram_test_api.py"""
import shutil, time

from stage import Stage, free_port, http, skip, until

TOKEN = "sampleToken"
SERVER = "const T = require('telegram-test-api'); new T({{port: {}, host: '127.0.0.1'}}).start();"
if not (shutil.which("npm") and shutil.which("node")):
    skip("telegram-test-api needs npm and node")
with Stage("telegram-test-api") as stage:
    stage.install("npm", "install", "--no-fund", "--no-audit", "telegram-test-api")
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    stage.start(["node", "-e", SERVER.format(port)])
    until("it answers", lambda: http("POST", f"{base}/bot{TOKEN}/getMe", {})[0] == 200)
    stage.daemon({"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_BASE_URL": base, "TELEGRAM_ALLOW_FROM": "*",
                  "CLEUDOCODEBOT_RETRY_DELAYS": "100ms,200ms"})
    stage.check("getMe and getUpdates", until("running", lambda: stage.standing("telegram")["state"] == "running"),
                str(stage.standing("telegram")))

    def outside(number, text):
        who = {"id": 42, "first_name": "Ana", "is_bot": False}
        return http("POST", base + "/sendMessage", {"botToken": TOKEN, "date": int(time.time()), "text": text,
                                                    "from": who, "chat": {**who, "type": "private"}})

    for number in range(20):
        outside(number, f"from outside {number}")
    stage.check("20 messages come in", until("received", lambda: stage.received("telegram", "from outside 19")))
    times = [len(stage.received("telegram", f"from outside {number}")) for number in range(20)]
    stage.check("each once", times == [1] * 20, str(times))
    asked = stage.received("telegram", "from outside 0")[0]
    stage.send("telegram", "42", "an answer to one of them", text="Olá, ça va? 👍🏽", reply_to=asked["message_id"])
    stage.send("telegram", "42", "a text of 9,000 characters in parts", text="one two three. " * 600)
    got = http("POST", base + "/getUpdates", {"token": TOKEN, "chatId": 42})[1]["result"]
    texts = [update["message"]["text"] for update in got]
    stage.check("the text as it was sent, then three parts in order",
                texts[:1] == ["Olá, ça va? 👍🏽"] and len(texts) == 4 and " ".join(texts[1:]).split() == ("one two three. " * 600).split(), str(texts)[:300])
    stage.check("the answer names the message it answers", "reply_parameters" in got[0]["message"], str(got[0]))
    media = stage.ask("send", channel="telegram", to="42", text="look", wait=True, media={"kind": "image", "url": "https://example.com/a.png"})
    stage.note(f"sendPhoto, which it does not know: {media.get('state')} {media.get('error') or ''}")
    stage.end()
