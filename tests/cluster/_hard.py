"""Clocks that are off, and disks that burn: what each CLUSTER_ACK promises, by the service's log."""

import pathlib
import shutil
import signal
import sys
import time

from _load import TAKE_OVER, Load, Skipped, Stage, after, check, names, owners_in_turn, taken_over
from _stage import ROOT, until

sys.path.insert(0, str(pathlib.Path(ROOT) / "tests/faults"))
from clock import Clock, library  # noqa: E402

HOUR = 3600
SELDOM = {"FAKETIME_NO_CACHE": "0", "FAKETIME_CACHE_DURATION": "1"}  # how often it looks what time it is to be
GAP = 0.04  # seconds between the sends to one person, so that they last
UNNOTICED = 2.0  # seconds without the bus in which a machine still takes it for there


def steady(offset):
    """A clock that is off and goes on being so."""
    return {"LD_PRELOAD": library(), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}


def clocks(options, folder):
    """One machine an hour ahead, one an hour behind; the owner is killed, then the clock of the owner jumps."""
    if not library():
        raise Skipped("there is no libfaketime (apt install faketime)")
    jumping = Clock()
    jumping.set(f"-{HOUR}")
    environments = [steady(f"+{HOUR}")] + [{}] * (options.nodes - 2) + [jumping.environment() | SELDOM]
    stage = Stage(options, folder, environments=environments)
    try:
        first, last = stage.owner(), stage.nodes[-1]
        with Load(stage.nodes, options.sends, gap=GAP if options.gap else 0, is_enough=False) as load:
            killed, took = taken_over(stage, options, first, first.kill)
            first.start()
            until("it is handed to the last", lambda: stage.owner() is last or (stage.nodes[0].call(
                "cluster.hand_over", {"channel": "telegram", "node": last.name}) and False))
            handed = time.monotonic()
            until("the last sends", lambda: after(stage, handed, {last.name}) < float("inf"))
            jumping.set(f"+{HOUR}")
            jumped = time.monotonic()
            told = "the clock of this machine jumped"
            until("it noticed", lambda: told in last.said())
            noticed = time.monotonic()
            until("somebody goes on", lambda: after(stage, noticed, names(stage.nodes)) < float("inf"))
            one_key(stage)
            load.is_enough = True
            load.wait()
        # The library lets the true time through now and then where many threads ask it: those are jumps as well.
        with stage.telegram.lock:
            faults = [(at, last.name) for at, node, _, _ in stage.telegram.sent if node == last.name]
        count, repeats = load.judge(stage.telegram, [(killed, first.name)] + faults)
        times = [text for _, _, _, text in stage.telegram.sent].count("one key")
        check(times == 1, f"one key was sent {times} times")
        turns = owners_in_turn(stage.telegram)
        check(len(turns) <= 4, f"owners: {turns}")
        check(took <= TAKE_OVER, f"the take-over took {took:.1f} s")
        went_on = longest_silence(stage.telegram, jumped, noticed + 2)
        check(went_on <= TAKE_OVER, f"around the jump nobody sent for {went_on:.1f} s")
        return (f"{count} sent, {repeats} twice, taken over after {took:.1f} s, silent for {went_on:.1f} s around a jump"
                f" of two hours, owners {' '.join(turns)}")
    finally:
        stage.stop()


def longest_silence(telegram, since, until_at):
    """The longest time in which nothing was sent that began in these."""
    with telegram.lock:
        times = [at for at, _, _, _ in telegram.sent]
    return max((later - at for at, later in zip(times, times[1:]) if since - 1 < at < until_at), default=0.0)


def one_key(stage):
    """One key is one message on machines whose clocks are hours apart, now and from before they jumped."""
    payload = {"channel": "telegram", "to": "99", "text": "one key", "idempotency_key": "one key"}
    # A machine that is seconds behind may not know yet that it is a repeat; its owner does.
    answers = [node.call("send", payload) for node in stage.nodes]
    check([status for status, _ in answers] == [200] * len(answers), f"one key: {answers}")
    for node in stage.nodes:
        until(f"{node.name} knows the repeat", lambda node=node: node.call("send", payload)[1]["duplicate"])
    for node in stage.nodes:
        status, answer = node.call("send", payload | {"text": "another"})
        check(status != 200 and answer["code"] == "conflict", f"no conflict at {node.name}: {answer}")
        # The first message to the first person went out before the clocks jumped.
        before = {"channel": "telegram", "to": "1000", "text": "1000 1", "idempotency_key": "1000 1"}
        status, answer = node.call("send", before)
        check(status == 200 and answer["duplicate"], f"the key of before at {node.name}: {answer}")


def local(options, folder):
    """`local`: what a machine acknowledged by its disk alone goes out once it comes back with that, in its order."""
    stage = Stage(options, folder, ack="local")
    try:
        faults, alone = [], 0
        with Load(stage.nodes, options.sends, gap=GAP, is_enough=False) as load:
            for victim in (stage.others(stage.owner())[0], stage.owner()):
                sent = len(stage.telegram.sent)
                until("some are sent", lambda: len(stage.telegram.sent) > sent + options.sends // 20)
                faults.append((time.monotonic(), victim.name))
                victim.cut(True)
                taken = load.by(victim)
                until("it took some alone", lambda: load.by(victim) > taken + 4)
                time.sleep(UNNOTICED)
                alone += load.by(victim) - taken
                faults.append((time.monotonic(), victim.name))
                victim.kill()
                until("another owns the channel", lambda: stage.owner() is not victim)
                victim.cut(False)
                victim.start()
            load.is_enough = True
            load.wait()
        count, repeats = load.judge(stage.telegram, faults, by_machine=True)
        return f"{count} sent, {repeats} twice, {alone} acknowledged without the bus by a machine that then died"
    finally:
        stage.stop()


def burnt(options, folder, ack):
    """A machine that burns with its disk takes nothing with it that it acknowledged."""
    stage = Stage(options, folder, ack=ack)
    try:
        faults = []
        with Load(stage.nodes, options.sends, gap=GAP, is_enough=False) as load:
            for victim in (stage.others(stage.owner())[0], stage.owner()):
                sent = len(stage.telegram.sent)
                until("some are sent", lambda: len(stage.telegram.sent) > sent + options.sends // 20)
                faults.append((time.monotonic(), victim.name))
                victim.kill()
                shutil.rmtree(victim.home)
                victim.home.mkdir(mode=0o700)
                until("another owns the channel", lambda: stage.owner() is not victim)
                victim.start()
            load.is_enough = True
            load.wait()
        count, repeats = load.judge(stage.telegram, faults)
        return f"{count} sent, {repeats} twice, {len(load.held)} held at a start, through two machines that lost their disks"
    finally:
        stage.stop()


def stream(options, folder):
    """`stream`: nothing acknowledged while the bus is there is lost, even with the disk."""
    return burnt(options, folder, "stream")


def both(options, folder):
    """`both`: the same, and nothing is acknowledged while the bus is away."""
    said = burnt(options, folder, "both")
    (folder / "away").mkdir()
    stage = Stage(options, folder / "away", ack="both")
    try:
        stage.owner()
        payload = {"channel": "telegram", "to": "1", "text": "kept", "idempotency_key": "kept"}
        # One that is there and says nothing, as nobody noticed yet: refused while a client has patience.
        for server in stage.servers.all:
            server.process.send_signal(signal.SIGSTOP)
        status, answer = stage.nodes[0].call("send", {**payload, "text": "silent", "idempotency_key": "silent"}, timeout=12)
        check(status != 200, f"no refusal: {answer}")
        for server in stage.servers.all:
            server.process.send_signal(signal.SIGCONT)
        until("it is sent", lambda: len(stage.telegram.sent) == 1)
        for server in stage.servers.all:
            server.kill()
        for node in stage.nodes:
            status, answer = node.call("send", payload)
            check(status != 200 and "the bus has not acknowledged it" in answer.get("message", ""), f"no refusal: {answer}")
        for server in stage.servers.all:
            server.start()
        until("it is acknowledged", lambda: all(node.call("send", payload)[0] == 200 for node in stage.nodes))
        until("it is sent", lambda: len(stage.telegram.sent) > 1)
        time.sleep(2)
        check(len(stage.telegram.sent) == 2, f"sent {len(stage.telegram.sent)} times")
        return said + "; refused without the bus, sent once with it"
    finally:
        stage.stop()


ALL = [clocks, local, stream, both]
