"""kill -9 at random moments while messages are sent: what was acknowledged is there afterwards."""

import random
import threading

from _gateway import Daemon, Report, fresh_home, remove

LIVES = 12
SENDERS = 4

report = Report()
chance = random.Random(3)
home = fresh_home()
acknowledged = {}


def sender(daemon, life, which):
    # One connection a thread.
    own = object.__new__(Daemon)
    own.__dict__.update(daemon.__dict__, connection=None)
    for number in range(100_000):
        text = f"{life}.{which}.{number}"
        try:
            status, payload = own.send(text, key=text)
        except Exception:
            return
        if status == 200:
            acknowledged[text] = payload["message_id"]


for life in range(LIVES):
    daemon = Daemon(home)
    threads = [threading.Thread(target=sender, args=(daemon, life, which)) for which in range(SENDERS)]
    for thread in threads:
        thread.start()
    threads[0].join(chance.uniform(0.05, 0.6))
    daemon.kill()
    for thread in threads:
        thread.join()
daemon = Daemon(home)
stored = daemon.texts()
for text, number in acknowledged.items():
    report.check(stored.get(number) == text, f"{text} was acknowledged as {number}, found {stored.get(number)!r}")
for text in list(acknowledged)[::50]:
    status, payload = daemon.send(text, key=text)
    report.check(payload.get("duplicate") is True, f"{text} is known by its key")
daemon.stop()
remove(home)
report.end(f"{LIVES} kills, {len(acknowledged)} acknowledged")
