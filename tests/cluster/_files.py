"""Files of other machines: small ones come with their message, large ones when somebody needs them."""

import json
import os
import threading

from _load import Stage, check
from _stage import Node, asked, until

SMALL, LARGE = 3000, 3 << 20
ASKERS = 8


def files(options, folder):
    """A file is asked for on another machine, sent by another, out of reach, gone from the bus, and gone for good."""
    stage = Stage(options, folder, nodes=1)
    try:
        owner = stage.nodes[0]
        far = Node(options.binary, "far", folder, stage.servers, None, {"CLUSTER_ACK": "stream"})
        stage.nodes.append(far)
        until("far knows the owner", lambda: far.owner() == owner.name)

        small, large = os.urandom(SMALL), os.urandom(LARGE)
        little, big = sent(stage, owner, far, small), sent(stage, owner, far, large)
        until("the small one came with its message", lambda: far.has_file(little))
        check(not far.has_file(big), "the large one was fetched before anybody asked")
        asked_by_many(far, big, large)

        # The owner is to send what another machine took in.
        other = os.urandom(LARGE)
        sent(stage, far, owner, other)
        until("the owner sends it", lambda: any(one == (owner.name, "1", other) for one in stage.telegram.files))

        # Out of reach, and back.
        far.cut(False)
        out_of_reach = sent(stage, owner, far, os.urandom(LARGE))
        far.cut(True)
        until("far knows that the bus is away", lambda: "away_since_ms" in far.call("cluster")[1])
        refused(far, out_of_reach, 503, "the bus is away")
        far.cut(False)
        until("it comes once the bus is back", lambda: far.http("GET", f"/media/{out_of_reach}")[0] == 200)

        # It has left the bus, and the machine that has it is there; then it is not.
        kept, gone = os.urandom(LARGE), os.urandom(LARGE)
        kept_id, gone_id = sent(stage, owner, far, kept), sent(stage, owner, far, gone)
        purged = asked(stage.servers.all[0].port, "$JS.API.STREAM.PURGE.OBJ_cdb-home-files")
        check(purged.get("purged"), f"not purged: {purged}")
        check(far.http("GET", f"/media/{kept_id}") == (200, kept), "the owner did not put it on the bus again")
        owner.kill()
        refused(far, gone_id, 404, "no machine that is there has it")
        report = json.loads(far.command("backup", str(folder / "far.tar"), "--json"))
        check((report["elsewhere"], report["missing"]) == (1, 0), f"the backup says {report}")
        owner.start()
        until("it comes once its machine is back", lambda: far.http("GET", f"/media/{gone_id}") == (200, gone))
        return f"{LARGE >> 20} MiB came when asked for, once for {ASKERS} askers; the owner fetched what it sent"
    finally:
        stage.stop()


def sent(stage, node, other, data):
    """The id of a file that is sent on one machine, once the other knows of its message."""
    media_id = node.upload(data)
    status, answer = node.call("send", {"channel": "telegram", "to": "1", "media": {"media_id": media_id, "kind": "document"}})
    check(status == 200, f"a file: {answer}")
    # Each event of its message puts the file on the bus where it is not: the last one is to have come.
    until("all know that it is sent", lambda: all(any(
        one.get("media", {}).get("media_id") == media_id and one["state"] == "sent"
        for one in machine.call("history")[1]["messages"]) for machine in (node, other)))
    return media_id


def asked_by_many(node, media_id, data):
    """The same file by many at the same time: it comes over the bus once."""
    carried = sum(proxy.carried for proxy in node.proxies)
    answers = []
    askers = [threading.Thread(target=lambda: answers.append(node.http("GET", f"/media/{media_id}"))) for _ in range(ASKERS)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    check(all(answer == (200, data) for answer in answers) and len(answers) == ASKERS,
          f"others came: {[(status, len(body)) for status, body in answers]}")
    carried = sum(proxy.carried for proxy in node.proxies) - carried
    check(LARGE <= carried < 2 * LARGE, f"{carried} bytes came for a file of {LARGE}")


def refused(node, media_id, status, why):
    answer = node.http("GET", f"/media/{media_id}")
    check(answer[0] == status and why in answer[1].decode(), f"not refused: {answer[0]} {answer[1][:200]}")
