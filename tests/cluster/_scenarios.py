"""What becomes of messages while machines and servers fail. Not here: clocks and disks (`_hard`), clients that
move (`_moves`)."""

import base64
import signal
import subprocess
import time

from _load import TAKE_OVER, Load, Skipped, Stage, check, owners_in_turn, taken_over
from _stage import Node, asked, until


def together(options, folder):
    """A message sent on one machine for the channel of another, events and history on both, topics between them."""
    stage = Stage(options, folder, nodes=1)
    try:
        owner = stage.nodes[0]
        far = Node(options.binary, "far", folder, stage.servers, None, {"CLUSTER_ACK": "stream"})
        stage.nodes.append(far)
        until("far knows the owner", lambda: far.owner() == owner.name)
        until("far has the channel", lambda: far.call("send", {
            "channel": "telegram", "to": "1", "text": "from far"})[0] == 200)
        until("it is sent", lambda: stage.telegram.sent)
        check(stage.telegram.sent[0][1] == owner.name, "the wrong machine sent")
        stage.telegram.write(77, "from Ana")
        for node in stage.nodes:
            def seen(node=node):
                messages = node.call("history")[1]["messages"]
                return {(one["text"], one["state"]) for one in messages} == {("from far", "sent"), ("from Ana", "received")}
            until(f"{node.name} has both messages as they are", seen)
        picture = bytes.fromhex("89504e470d0a1a0a") + b"x" * 3000
        status, answer = far.call("send", {"channel": "telegram", "to": "1", "text": "a file", "media": {
            "data": base64.b64encode(picture).decode(), "name": "a.bin", "mime": "application/octet-stream"}})
        check(status == 200, f"a file: {answer}")
        until("the owner has the file", lambda: any(
            one["text"] == "a file" and one.get("media") for one in owner.call("history")[1]["messages"]))
        return "one bus"
    finally:
        stage.stop()


def idempotency(options, folder):
    """One key on two machines is one message."""
    stage = Stage(options, folder)
    try:
        stage.owner()
        first, second = stage.nodes[:2]
        payload = {"channel": "telegram", "to": "1", "text": "once", "idempotency_key": "k"}
        check(first.call("send", payload)[0] == 200, "not taken")
        status, answer = second.call("send", payload)
        check(status == 200 and answer["duplicate"], f"no duplicate: {answer}")
        status, answer = second.call("send", payload | {"text": "another"})
        check(status != 200 and answer["code"] == "conflict", f"no conflict: {answer}")
        until("it is sent", lambda: stage.telegram.sent)
        time.sleep(1)
        check(len(stage.telegram.sent) == 1, f"sent {len(stage.telegram.sent)} times")
        return "one message"
    finally:
        stage.stop()


def filled(options, folder):
    """A machine that joins late has from another's backup what the bus has no more, and goes on with it as all do."""
    stage = Stage(options, folder)
    try:
        owner = stage.owner()
        other = stage.others(owner)[0]

        def send(node, text):
            status, answer = node.call("send", {"channel": "telegram", "to": "7", "text": text})
            check(status == 200, f"{text}: {answer}")
            return text

        def states(node, telling):
            status, answer = node.call("history", {"limit": 200})
            check(status == 200, f"{answer}")
            messages = [one for one in answer["messages"] if one["text"] in telling]
            return sorted((one["text"], one["state"]) for one in messages)

        def all_are(state, telling):
            return sorted((text, state) for text in telling)

        old = [send(node, f"{node.name} {number}") for number in range(20) for node in stage.nodes]
        until("all are sent", lambda: all(states(node, old) == all_are("sent", old) for node in stage.nodes))
        check(owner.call("pause", {"channel": "telegram"})[0] == 200, "not paused")
        waiting = [send(node, f"{node.name} later {number}") for number in range(5) for node in stage.nodes]
        until("they wait", lambda: all(len(states(node, waiting)) == len(waiting) for node in stage.nodes))
        backup = folder / "owner.tar"
        owner.command("backup", str(backup))
        purged = asked(stage.servers.all[0].port, "$JS.API.STREAM.PURGE.CDB_EV_home")
        check(purged.get("purged"), f"not purged: {purged}")
        late = Node(options.binary, "late", folder, stage.servers, None, {"CLUSTER_ACK": "stream"}, backup)
        stage.nodes.append(late)
        check(states(late, old) == all_are("sent", old), "it has other messages than the backup")
        until("it knows the owner", lambda: late.owner() == owner.name)
        check(owner.call("resume", {"channel": "telegram"})[0] == 200, "not resumed")
        until("what waited is sent everywhere", lambda: all(states(node, waiting) == all_are("sent", waiting) for node in stage.nodes))
        new = [send(node, f"{node.name} new {number}") for number in range(10) for node in (late, other)]
        until("what is new is everywhere", lambda: all(states(node, new) == all_are("sent", new) for node in stage.nodes))
        texts = [text for _, _, _, text in stage.telegram.sent]
        check(sorted(texts) == sorted(old + waiting + new), f"{len(texts)} calls for {len(old + waiting + new)} messages")
        check(states(late, old) == all_are("sent", old), "messages of the backup came again")
        return f"{len(old)} from the backup, {len(waiting)} that waited in it, {len(new)} after it, once each"
    finally:
        stage.stop()


def killed(options, folder):
    """kill -9 of the owner under load."""
    stage = Stage(options, folder)
    try:
        owner = stage.owner()
        with Load(stage.nodes, options.sends, gap=options.gap) as load:
            fault, took = taken_over(stage, options, owner, owner.kill)
            owner.start()
            load.wait()
        count, repeats = load.judge(stage.telegram, [(fault, owner.name)])
        check(took <= TAKE_OVER, f"the take-over took {took:.1f} s")
        check(len(owners_in_turn(stage.telegram)) == 2, f"owners: {owners_in_turn(stage.telegram)}")
        return f"{count} sent, {repeats} twice, taken over after {took:.1f} s"
    finally:
        stage.stop()


def paused(options, folder):
    """SIGSTOP of the owner with calls under way; when it wakes it must not send one more message."""
    stage = Stage(options, folder)
    try:
        owner = stage.owner()
        stage.telegram.slow = 0.05
        with Load(stage.nodes, options.sends // 2, gap=options.gap) as load:
            fault, took = taken_over(stage, options, owner, lambda: owner.signal(signal.SIGSTOP), within=0.5)
            time.sleep(max(0, options.pause - (time.monotonic() - fault)))
            woken = time.monotonic()
            owner.signal(signal.SIGCONT)
            load.wait()
        count, repeats = load.judge(stage.telegram, [(fault, owner.name)])
        with stage.telegram.lock:
            late = [one for one in stage.telegram.sent if one[1] == owner.name and one[0] > woken]
        check(not late, f"{owner.name} sent {len(late)} after it woke")
        check(took <= TAKE_OVER, f"the take-over took {took:.1f} s")
        return f"{count} sent, {repeats} twice, taken over after {took:.1f} s, silent after {options.pause} s"
    finally:
        stage.stop()


def cut(options, folder):
    """The owner cut off from the bus, not from the service; it comes back and stays second."""
    stage = Stage(options, folder)
    try:
        owner = stage.owner()
        with Load(stage.nodes, options.sends, gap=options.gap) as load:
            fault, took = taken_over(stage, options, owner, lambda: owner.cut(True))
            time.sleep(5)
            status, answer = owner.call("send", {"channel": "telegram", "to": "1", "text": "cut off"})
            check(status == 200 and "bus away since" in answer.get("held", ""), f"not held: {answer}")
            owner.cut(False)
            load.wait()
        count, repeats = load.judge(stage.telegram, [(fault, owner.name)])
        until("what was held arrives", lambda: any(one[3] == "cut off" for one in stage.telegram.sent))
        check(took <= TAKE_OVER, f"the take-over took {took:.1f} s")
        check(len(owners_in_turn(stage.telegram)) == 2, f"owners: {owners_in_turn(stage.telegram)}")
        return f"{count} sent, {repeats} twice, taken over after {took:.1f} s"
    finally:
        stage.stop()


def away(options, folder):
    """No server at all: the one machine with the credentials goes on, another holds; all flows when it is back."""
    stage = Stage(options, folder, nodes=1)
    try:
        owner = stage.nodes[0]
        far = Node(options.binary, "far", folder, stage.servers, None, {"CLUSTER_ACK": "stream"})
        stage.nodes.append(far)
        until("far has the channel", lambda: far.owner() == owner.name and far.call("send", {
            "channel": "telegram", "to": "1", "text": "before"})[0] == 200)
        until("it is sent", lambda: len(stage.telegram.sent) == 1)
        until("the owner knows that it is alone", lambda: owner.call("cluster")[1]["channels"][0]["alone"])
        time.sleep(4)
        for server in stage.servers.all:
            server.kill()
        until("both know", lambda: all("away_since_ms" in node.call("cluster")[1] for node in stage.nodes))
        time.sleep(12)
        status, answer = owner.call("send", {"channel": "telegram", "to": "1", "text": "alone"})
        check(status == 200 and "held" not in answer, f"the owner: {answer}")
        until("it is sent without the bus", lambda: any(one[3] == "alone" for one in stage.telegram.sent))
        status, answer = far.call("send", {"channel": "telegram", "to": "1", "text": "held"})
        check(status == 200 and "bus away since" in answer.get("held", ""), f"far: {answer}")
        # The machine that is alone starts again without the bus.
        owner.kill()
        owner.start()
        until("it goes on after a restart", lambda: owner.call("send", {
            "channel": "telegram", "to": "1", "text": "again alone"})[0] == 200 and any(
            one[3] == "again alone" for one in stage.telegram.sent), 20)
        for server in stage.servers.all:
            server.start()
        until("what was held arrives", lambda: any(one[3] == "held" for one in stage.telegram.sent))
        time.sleep(3)
        texts = [one[3] for one in stage.telegram.sent]
        check(texts.count("alone") == texts.count("held") == 1, f"sent: {texts}")
        until("far has all of it", lambda: {"before", "alone", "held", "again alone"} <= {
            one["text"] for one in far.call("history")[1]["messages"] if one["state"] == "sent"})
        return "alone it went on, and nothing twice"
    finally:
        stage.stop()


def handed(options, folder):
    """Handing a channel over, and draining a machine, under load."""
    stage = Stage(options, folder)
    try:
        owner = stage.owner()
        other = stage.others(owner)[0]
        with Load(stage.nodes, options.sends, gap=options.gap) as load:
            until("some are sent", lambda: len(stage.telegram.sent) > options.sends // 20)
            until("both stand", lambda: owner.call("cluster.hand_over", {"channel": "telegram", "node": other.name})[0] == 200)
            until("it is handed over", lambda: other.owner() == other.name, 15)
            done = subprocess.run([options.binary, "cluster", "drain"], env=other.env, capture_output=True, text=True)
            check(done.returncode == 0, f"drain: {done.stderr}")
            until("it is drained", lambda: (other.owner() or other.name) != other.name, 15)
            load.wait()
        count, repeats = load.judge(stage.telegram, [])
        check(repeats == 0, f"{repeats} sent twice")
        return f"{count} sent, none twice, owners {' '.join(owners_in_turn(stage.telegram))}"
    finally:
        stage.stop()


def rolling(options, folder):
    """Each machine stopped in order and started again, as an upgrade does, under load."""
    stage = Stage(options, folder)
    try:
        stage.owner()
        faults = []
        with Load(stage.nodes, options.sends, gap=options.gap) as load:
            for node in stage.nodes:
                until("some are sent", lambda: len(stage.telegram.sent) > options.sends // 20)
                faults.append((time.monotonic(), node.name))
                node.stop()
                node.start()
                stage.owner()
            load.wait()
        count, repeats = load.judge(stage.telegram, faults)
        return f"{count} sent, {repeats} twice"
    finally:
        stage.stop()


def servers(options, folder):
    """With three servers: each killed in turn under load."""
    if options.servers < 3:
        raise Skipped("needs --full")
    stage = Stage(options, folder)
    try:
        stage.owner()
        faults = []
        with Load(stage.nodes, options.sends, gap=options.gap) as load:
            for server in stage.servers.all:
                until("some are sent", lambda: len(stage.telegram.sent) > options.sends // 20)
                faults += [(time.monotonic(), node.name) for node in stage.nodes]
                server.kill()
                time.sleep(8)
                server.start()
                time.sleep(8)
            load.wait()
        count, repeats = load.judge(stage.telegram, faults)
        return f"{count} sent, {repeats} twice"
    finally:
        stage.stop()


ALL = [together, idempotency, filled, killed, paused, cut, away, handed, rolling, servers]
