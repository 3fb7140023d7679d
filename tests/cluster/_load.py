"""Sends under load, what a service's log says became of them, and the machines that take and send them."""

import json
import random
import signal
import threading
import time

from _stage import Node, Servers, Telegram, until

TAKE_OVER = 15.0
PEOPLE = 8
UNDER_WAY = 5.0  # seconds around a fault in which the report of a call may be lost


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def check(is_fine, what):
    if not is_fine:
        raise Failed(what)


class Load:
    """Sends to several people from any machine; each message only after the last to that person was acknowledged."""

    def __init__(self, nodes, count, gap=0.0, is_enough=True):
        self.nodes, self.count, self.gap = nodes, count, gap
        self.is_enough = is_enough  # set it where the sends are to go on until then, whatever their count
        self.lock = threading.Lock()
        self.acknowledged = {str(1000 + i): [] for i in range(PEOPLE)}
        self.left = count
        self.held = set()
        self.taken_by = {}  # text: the machine that acknowledged it
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.send_to, args=(person,)) for person in self.acknowledged]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def wait(self, patience=3600):
        end = time.monotonic() + patience
        for thread in self.threads:
            thread.join(max(0, end - time.monotonic()))
            check(not thread.is_alive(), "the sends did not end")

    def send_to(self, person):
        number = 0
        while not self.over.is_set():
            with self.lock:
                if self.left == 0 and self.is_enough:
                    return
                self.left = max(0, self.left - 1)
            number += 1
            self.send(person, f"{person} {number}")
            if self.gap:
                time.sleep(self.gap)

    def send(self, person, text):
        """Until some machine acknowledges it. The key makes it one message, whichever takes it."""
        payload = {"channel": "telegram", "to": person, "text": text, "idempotency_key": text}
        while not self.over.is_set():
            try:
                node = random.choice(self.nodes)
                status, answer = node.call("send", payload, timeout=8)
                if status == 200:
                    self.acknowledged[person].append(text)
                    self.taken_by[text] = node.name
                    if "bus away" in answer.get("held", ""):
                        # On one disk only, and told so: other machines' messages may go first.
                        self.held.add(text)
                    return
            except OSError:
                time.sleep(0.1)

    def by(self, node):
        """How many messages a machine acknowledged."""
        return sum(name == node.name for name in list(self.taken_by.values()))

    def judge(self, telegram, faults, patience=60, by_machine=False):
        """What the service's log says of all that was acknowledged. Faults: (time, machine). By machine: the order is
        that of each machine alone, where it acknowledges before the others know of it."""
        everything = {text for texts in self.acknowledged.values() for text in texts}

        def missing():
            with telegram.lock:
                return everything - {text for _, _, _, text in telegram.sent}

        left, end = len(everything), time.monotonic() + patience
        while missing() and time.monotonic() < end:
            time.sleep(0.1)
            if len(missing()) < left:
                left, end = len(missing()), time.monotonic() + patience
        lost = missing()
        for node in self.nodes if lost else []:
            print(node.name, "held" if lost & self.held else "", json.dumps(node.call("cluster")[1]),
                  json.dumps(node.call("status")[1]["queues"]))
        check(not lost, f"{len(lost)} acknowledged messages never arrived, such as {sorted(lost)[:3]}")
        time.sleep(1)
        with telegram.lock:
            calls = list(telegram.sent)
        first, repeats = {}, 0
        for at, node, person, text in calls:
            if text in first:
                repeats += 1
                before, by = first[text]
                near = [one for one in faults if one[1] == by and abs(one[0] - before) < UNDER_WAY]
                check(near, f"{text!r} was sent twice, by {by} and {node}, and {by} was well")
            first[text] = (at, node)
        for person, texts in self.acknowledged.items():
            seen, order = set(self.held), []
            texts = [text for text in texts if text not in self.held]
            for _, _, to, text in calls:
                if to == person and text in everything and text not in seen:
                    seen.add(text)
                    order.append(text)
            takers = [{node.name} for node in self.nodes] if by_machine else [set(names(self.nodes))]
            for taken in takers:
                expected = [text for text in texts if self.taken_by[text] in taken]
                came = [text for text in order if self.taken_by[text] in taken]
                wrong = [pair for pair in zip(came, expected) if pair[0] != pair[1]][:4]
                check(not wrong, f"the order for {person} is {[one for one, _ in wrong]}, not {[one for _, one in wrong]}")
        return len(everything), repeats


def owners_in_turn(telegram, since=0.0):
    """The machines that called the service, in turn."""
    turns = []
    with telegram.lock:
        for at, node, _, _ in telegram.sent:
            if at >= since and (not turns or turns[-1] != node):
                turns.append(node)
    return turns


class Stage:
    def __init__(self, options, folder, nodes=None, ack="stream", environments=()):
        self.folder = folder
        self.telegram = Telegram()
        self.servers = Servers(options.server, options.servers, folder)
        names = "abc"[: nodes or options.nodes]
        extra = {"CLUSTER_ACK": ack}
        environments = dict(zip(names, environments))
        self.nodes = [Node(options.binary, name, folder, self.servers, self.telegram, extra | environments.get(name, {}))
                      for name in names]
        for node in self.nodes:
            until(f"{node.name} is on the bus", lambda node=node: "away_since_ms" not in node.call("cluster")[1])
            copies = node.call("cluster")[1]["replicas"]
            check(copies == len(self.servers.all), f"{copies} copies on {len(self.servers.all)} servers")

    def owner(self):
        return until("somebody owns the channel", lambda: next(
            (node for node in self.nodes if node.process.poll() is None and node.owner() == node.name), None))

    def others(self, node):
        return [other for other in self.nodes if other is not node]

    def stop(self):
        for node in self.nodes:
            node.cut(False)
            if node.process.poll() is None:
                node.process.send_signal(signal.SIGCONT)
                node.kill()
        self.servers.stop()


def after(stage, fault_at, taken_by):
    """How long after a fault another machine called the service first."""
    with stage.telegram.lock:
        times = [at for at, node, _, _ in stage.telegram.sent if at > fault_at and node in taken_by]
    return min(times) - fault_at if times else float("inf")


def names(nodes):
    return {node.name for node in nodes}


def taken_over(stage, options, owner, fail, within=0.0):
    """Has the owner fail under load, which takes effect within so long: when, and after how long another sent."""
    until("some are sent", lambda: len(stage.telegram.sent) > options.sends // 20)
    fault = time.monotonic()
    fail()
    others = names(stage.others(owner))
    until("another sends", lambda: after(stage, fault + within, others) < float("inf"))
    return fault, after(stage, fault + within, others) + within
