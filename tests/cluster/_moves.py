"""What clients hear that go from machine to machine with the cursor of the last event they heard."""

import collections
import signal
import threading
import time

from _load import Load, Stage, check
from _stage import Socket, until


def subscribed(node, since):
    """A client that asked for the events of messages, from the cursor on where it has one."""
    socket = Socket(node)
    payload = {"topics": ["message.*"]} | ({"since": since} if since else {})
    socket.send({"type": "command", "action": "subscribe", "id": 1, "payload": payload})
    return socket


class Mover(threading.Thread):
    """A client that goes from machine to machine with the cursor of the last event it heard."""

    def __init__(self, nodes, stay):
        super().__init__()
        self.nodes, self.stay = nodes, stay
        self.heard, self.since, self.moves = [], None, 0
        self.places = []  # of what was heard: the machine, and the cursor
        self.is_over = threading.Event()
        self.failed = None
        self.is_there = threading.Event()

    def run(self):
        try:
            while not self.is_over.is_set():
                self.follow(self.nodes[self.moves % len(self.nodes)])
                self.moves += 1
        except (OSError, RuntimeError) as error:
            self.failed = error

    def follow(self, node):
        socket = subscribed(node, self.since)
        count, came = 0, time.monotonic()
        while not self.is_over.is_set() and (count < self.stay or time.monotonic() - came < 0.3):
            frame = socket.read(0.2)
            if frame is None:
                continue
            if frame["type"] == "error":
                raise RuntimeError(frame)
            if frame["type"] == "response":
                self.is_there.set()
                continue
            told = frame["payload"]
            self.heard.append((frame["action"], told["text"], told["state"]))
            self.since = told["cursor"]
            self.places.append(f"{self.moves} {node.name} {self.since} {told}")
            count += 1
        socket.close()


def moved(options, folder):
    """A client that moves between the machines under load misses nothing and hears nothing twice."""
    stage = Stage(options, folder)
    try:
        stage.owner()
        movers = [Mover(stage.nodes, 15), Mover(stage.nodes[::-1], 40)]
        for mover in movers:
            mover.start()
        for mover in movers:
            check(mover.is_there.wait(10), f"no answer to subscribe: {mover.failed}")
        with Load(stage.nodes, options.sends, gap=options.gap) as load:
            for number in range(40):
                stage.telegram.write(500 + number % 4, f"in {number}")
                time.sleep(0.05)
            load.wait()
        count, _ = load.judge(stage.telegram, [])
        texts = [text for texts in load.acknowledged.values() for text in texts]
        expected = {("message.status", text, state) for text in texts for state in ("queued", "sending", "sent")}
        expected |= {("message.received", f"in {number}", "received") for number in range(40)}
        for mover in movers:
            try:
                until("all is heard", lambda mover=mover: mover.failed or expected <= set(mover.heard), 20)
            except TimeoutError:
                pass
            mover.is_over.set()
            mover.join()
            check(not mover.failed, f"broke off after {mover.moves} moves: {mover.failed}")
            missed = expected - set(mover.heard)
            check(not missed, f"{len(missed)} of {len(expected)} missed in {mover.moves} moves, such as {sorted(missed)[:3]}")
            twice = heard_twice(mover.heard)
            where = [place for one, place in zip(mover.heard, mover.places) if one in twice[:1]]
            check(not twice, f"{len(twice)} heard twice in {mover.moves} moves, such as {twice[:1]} at {where}")
            check(mover.moves > 5, f"moved {mover.moves} times only")
        moves = " and ".join(str(mover.moves) for mover in movers)
        return f"{count} sent, {len(expected)} events heard once each, {moves} moves"
    finally:
        stage.stop()


def left(options, folder):
    """A client that moves on and on before the stream has what it heard hears nothing twice."""
    stage = Stage(options, folder, nodes=3)
    try:
        owner = stage.owner()
        others = stage.others(owner)
        heard, since = [], None

        def follow(node, is_over):
            """Hears events of a node, from the cursor on, until one ends it."""
            nonlocal since
            socket = subscribed(node, since)
            check(socket.read(10)["type"] == "response", "no answer to subscribe")
            yield
            while not is_over():
                frame = socket.read(10)
                check(frame, f"nothing more is heard, only {heard}")
                told = frame["payload"]
                heard.append((told["text"], told["state"]))
                since = told["cursor"]
            socket.close()

        # What others take is on the stream of events once the owner tells of it.
        owner.signal(signal.SIGSTOP)
        texts = [f"before move {number}" for number in range(4)]
        for number, text in enumerate(texts):
            node = others[number % 2]
            following = follow(node, lambda text=text: (text, "queued") in heard)
            next(following)
            node.call("send", {"channel": "telegram", "to": "1", "text": text})
            list(following)
        names_of_stores = len(since.split("-")) // 2
        check(names_of_stores == 2, f"the last cursor is {since}")
        following = follow(others[0], lambda: all((text, "sent") in heard for text in texts))
        next(following)
        owner.signal(signal.SIGCONT)
        list(following)
        twice = heard_twice(heard)
        check(not twice, f"heard twice: {twice}")
        return f"{len(heard)} events heard once each"
    finally:
        stage.stop()


def heard_twice(heard):
    return [one for one, count in collections.Counter(heard).items() if count > 1]


ALL = [moved, left]
