#!/usr/bin/env python3
"""Answers the questions of `onboard` on a terminal: tests/service/dialogue.py [PROGRAM]

Nothing is installed. Shows that a secret is not echoed, and that a second run changes nothing.
"""

import os
import pty
import select
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/debug/cleudocodebot")
SECRET = b"12345:this-must-not-be-shown"


def talk(home, *answers):
    """Runs onboard, answers each question when it is asked, and returns all that was shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(HOME=home, TERM="xterm", XDG_CONFIG_HOME=home + "/config")
        os.execv(PROGRAM, [PROGRAM, "onboard", "--no-install-daemon"])
    shown, unread = b"", b""
    answers = list(answers)
    while True:
        if answers and answers[0][0] in unread:
            os.write(terminal, answers.pop(0)[1] + b"\n")
            unread = b""
        try:
            if not select.select([terminal], [], [], 10)[0]:
                raise SystemExit(f"FAIL  it waits for more: {shown.decode()}")
            part = os.read(terminal, 4096)
        except OSError:
            part = b""
        if not part:
            break
        shown, unread = shown + part, unread + part
    status = os.waitpid(pid, 0)[1]
    assert not answers, f"not asked: {answers[0][0]} in {shown.decode()}"
    assert status == 0, shown.decode()
    return shown


def main():
    with tempfile.TemporaryDirectory() as home:
        shown = talk(
            home,
            (b"Port for clients", b"18995"),
            (b"Shall other machines", b""),
            (b"Connect Telegram?", b"y"),
            (b"empty for none): ", SECRET),
            (b"wuzapi)?", b""),
            (b"Cloud API?", b""),
        )
        env = os.path.join(home, ".cleudocodebot", ".env")
        with open(env, "rb") as file:
            settings = file.read()
        assert SECRET not in shown, shown.decode()
        assert b"TELEGRAM_BOT_TOKEN=" + SECRET in settings or SECRET in settings, settings
        assert b"CLEUDOCODEBOT_PORT=18995" in settings, settings
        token = settings.split(b"CLEUDOCODEBOT_TOKEN=")[1].split()[0]
        assert b"http://127.0.0.1:18995/#token=" + token in shown, shown.decode()
        print("ok    six questions, a secret that is not shown, and the link with the token")

        stands = os.stat(env)
        shown = talk(
            home,
            (b"Port for clients [18995]", b""),
            (b"Shall other machines", b""),
            (b"Telegram is set up. Change it?", b""),
            (b"wuzapi)?", b""),
            (b"Cloud API?", b""),
        )
        assert b"unchanged" in shown, shown.decode()
        assert os.stat(env) == stands, "the file was written"
        print("ok    a second time: what is there is shown, and nothing changes")

        piped = subprocess.run(
            [PROGRAM, "onboard"], env={"HOME": home}, stdin=subprocess.PIPE, capture_output=True, timeout=10
        )
        assert piped.returncode == 0 and b"?" not in piped.stdout, piped
        assert token not in piped.stdout + piped.stderr, piped
        print("ok    without a terminal nothing is asked, and the token is not shown")


if __name__ == "__main__":
    start = time.time()
    main()
    print(f"all as it should be, {time.time() - start:.1f} s")
