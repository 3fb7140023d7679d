"""The agent `pi` with pi itself (npm, `@earendil-works/pi-coding-agent` on Node 24) and a model of our own
behind it: an answer as it is streamed, memory, a hundred conversations over four processes, and kill -9 of
pi, of the agent and of the daemon at random moments of many turns. FOREIGN_PI names a folder with both
packages installed; FOREIGN_PARTS says which of one, many, kills and tools to run, FOREIGN_KILLS how often each of the
three is killed (10), FOREIGN_SEED repeats a run."""
import json, os, pathlib, random, re, shutil, signal, subprocess, threading, time

import stage as shared
from model import Model
from stage import Stage, skip, until

VERSION = "1.5.2"
CONVERSATIONS = 100
POOL = 4
MOST_OF_OURS = 12 * 1024
MOST_LATE_MS = 50
TURNS_A_KILL = 8
KILLED = ["pi", "agent", "daemon"]


def processes():
    """Every process with its parent and its command line."""
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            found[int(folder.name)] = (parent, (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            pass
    return found


def resident_kib(pid):
    try:
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])
    except (OSError, TypeError):
        return 0


class PiStage(Stage):
    def prepare(self):
        packages = os.environ.get("FOREIGN_PI")
        if packages is None:
            if not shutil.which("npm"):
                skip(f"{self.name} needs npm")
            self.install("npm", "install", "--no-fund", "--no-audit", "node@24")
            os.environ["PATH"] = f"{self.folder}/node_modules/.bin:{os.environ['PATH']}"
            self.install("npm", "install", "--no-fund", "--no-audit", f"@earendil-works/pi-coding-agent@{VERSION}")
            packages = self.folder
        modules = pathlib.Path(packages) / "node_modules"
        self.command = f"{modules}/.bin/node {modules}/@earendil-works/pi-coding-agent/dist/cli.js"
        self.settings = {
            "AGENT": "pi", "AGENT_PI": self.command, "AGENT_PI_POOL": str(POOL),
            "OPENAI_BASE_URL": self.model.url, "OPENAI_API_KEY": "x", "OPENAI_MODEL": "fake-1",
            "AGENT_GATHER": "50ms", "AGENT_RATE": "1000", "AGENT_DAILY": "100000",
            "AGENT_SYSTEM_PROMPT": "Be kind.", "AGENT_PROMPTS": "webchat/bia=Be formal, always.;webchat/c*=Be brief.",
            "AGENT_READY_TIMEOUT": "60s", "HOME": str(self.folder), "WEBCHAT_MAX_AGE": "0",
        }

    def says(self, text, peer="ana"):
        self.ask("receive", channel="webchat", peer=peer, text=text)

    def answers(self, peer):
        page = self.ask("history", channel="webchat", peer=peer, limit=1000)
        return [one["text"] for one in page["messages"] if one["direction"] == "out"]

    def turns(self):
        return [one for peer in range(TURNS_A_KILL) for one in self.ask("turns", channel="webchat", peer=f"k{peer}", limit=1000)["turns"]]

    def agent_pid(self):
        daemon = self.process.pid
        return next((pid for pid, (parent, line) in processes().items()
                     if parent == daemon and " agent pi " in line), None)

    def pi_pids(self, agent):
        return [pid for pid, (parent, line) in processes().items() if parent == agent and "--mode rpc" in line]

    def settled(self, patience=180):
        """Waits until no turn waits or runs."""
        shared.PATIENCE, before = patience, shared.PATIENCE
        try:
            return until("every turn ends", lambda: not self.ask("agents")["running"])
        finally:
            shared.PATIENCE = before

    def orphans(self):
        """Processes of this stage that nobody here started any more."""
        family, grew = {os.getpid()}, True
        all_of_them = processes()
        while grew:
            more = {pid for pid, (parent, _) in all_of_them.items() if parent in family} - family
            family, grew = family | more, bool(more)
        own = str(self.folder)
        return [(pid, line) for pid, (_, line) in all_of_them.items()
                if pid not in family and (own in line or "--mode rpc" in line and str(self.home) in line)]


def watch(stage):
    """Notes when each piece of an answer is heard."""
    heard, texts = {}, {}
    events = subprocess.Popen([stage.program, "events", "--topics", "agent.*", "--json"], text=True,
                              env={**os.environ, "CLEUDOCODEBOT_HOME": str(stage.home)}, stdout=subprocess.PIPE,
                              start_new_session=True)
    stage.processes.append(events)

    def read():
        for line in events.stdout:
            event = json.loads(line)
            if event["action"] == "agent.delta" and event["payload"]["text"]:
                heard.setdefault(event["payload"]["peer"], []).append(time.monotonic())
                texts.setdefault(event["payload"]["peer"], []).append(event["payload"]["text"])
    threading.Thread(target=read, daemon=True).start()
    return heard, texts


def one_conversation(stage):
    heard, texts = watch(stage)
    until("pi answers", lambda: [one for one in stage.ask("agents")["agents"] if one["state"] == "running"])
    words = "one two three four five six seven eight"
    stage.says(words)
    answered = until("an answer", lambda: stage.answers("ana"))
    stage.check("an answer of pi", answered == [f"You said: {words}"], str(answered))
    pieces = texts.get("ana", [])
    stage.check("is shown as it grows", len(pieces) > 3 and "".join(pieces) == f"You said: {words}", str(pieces))
    stage.says("and again")
    until("a second", lambda: len(stage.answers("ana")) == 2)
    stage.check("pi remembers what was said", any("six seven" in str(one) for one in stage.model.asked[-1][:-1]))
    for peer, told in (("bia", "Be formal, always."), ("caio", "Be brief."), ("ana", "Be kind.")):
        before = len(stage.model.asked)
        stage.says("who are you?", peer)
        until("it is asked", lambda: len(stage.model.asked) > before)
        head = stage.model.asked[before][0]
        stage.check(f"{peer} has the system prompt of its route", head["role"] == "system" and told in str(head["content"]), str(head)[:300])
    until("a third", lambda: len(stage.answers("ana")) == 3)
    late = []
    for count in range(20):
        said, peer = f"late {count}", "ana"
        before = len(heard.get(peer, []))
        stage.says(said)
        until("a piece", lambda: len(heard.get(peer, [])) > before)
        late.append((heard[peer][before] - stage.model.first_words[said]) * 1000)
        until("its end", lambda: len(stage.answers(peer)) == count + 4)
    late.sort()
    stage.note(f"the first piece is heard {late[10]:.1f} ms after the model said it (median of 20; most {late[-1]:.1f})")
    stage.check(f"the first piece is late by at most {MOST_LATE_MS} ms", late[10] <= MOST_LATE_MS, f"{late[10]:.1f} ms")


def tools(stage):
    """pi has tools, and those of the gateway with a key for the conversation it answers in."""
    stage.process.send_signal(signal.SIGTERM)
    stage.process.wait()
    stage.processes.remove(stage.process)
    stage.daemon({**stage.settings, "AGENT_TOOLS": "1"})
    stage.says("a secret of eva", "eva")
    stage.says("hello", "dora")
    until("both are answered", lambda: stage.answers("dora") and stage.answers("eva"))
    of_gateway = [name for name in stage.model.tools if name.endswith(("read_messages", "list_conversations", "send_message"))]
    reads = next((name for name in of_gateway if name.endswith("read_messages")), "")
    stage.check("the gateway's tools that read are there", bool(reads), str(stage.model.tools))
    stage.check("and none that sends", not any(name.endswith("send_message") for name in of_gateway), str(of_gateway))
    for count, (peer, seen) in enumerate((("dora", True), ("eva", False))):
        before = len(stage.answers("dora"))
        arguments = json.dumps({"channel": "webchat", "peer": peer})
        stage.says(f"call {reads} {arguments}", "dora")
        until("an answer", lambda: len(stage.answers("dora")) > before)
        result = str(stage.model.asked[-1][-1])
        words = "hello" if peer == "dora" else "a secret of eva"
        stage.check(f"{peer}'s messages are {'read' if seen else 'not read'} for dora", (words in result) == seen, result[:600])


def many_conversations(stage):
    agent, most, most_pis, over = stage.agent_pid(), 0, 0, threading.Event()

    def measure():
        nonlocal most, most_pis
        while not over.wait(0.2):
            most, most_pis = max(most, resident_kib(agent)), max(most_pis, len(stage.pi_pids(agent)))
    threading.Thread(target=measure, daemon=True).start()
    begun = time.monotonic()
    for number in range(CONVERSATIONS):
        stage.says(f"hello from {number}", f"peer{number}")
    stage.settled(patience=600)
    over.set()
    took = time.monotonic() - begun
    wrong = [n for n in range(CONVERSATIONS) if stage.answers(f"peer{n}") != [f"You said: hello from {n}"]]
    stage.check(f"{CONVERSATIONS} conversations, each answered once", not wrong, str(wrong))
    stage.check(f"at most {POOL} processes of pi", most_pis <= POOL, str(most_pis))
    stage.note(f"{took:.0f} s; the agent held {most / 1024:.1f} MiB at most, the daemon holds {resident_kib(stage.process.pid) / 1024:.1f}")
    if "release" in str(stage.program):
        stage.check("the agent holds at most 12 MiB", most <= MOST_OF_OURS, f"{most} KiB")


def kill(stage, dice, what):
    """Kills one of the three and has the daemon run again; what was killed."""
    if what == "daemon":
        stage.processes.remove(stage.process)
        stage.process.kill()
        stage.process.wait()
        stage.daemon(stage.settings)
        return what

    def running():
        agent = stage.agent_pid()
        return agent and ([agent] if what == "agent" else stage.pi_pids(agent))
    pids = until(f"{what} runs", running)
    if not pids:
        return "nothing"
    try:
        os.kill(dice.choice(pids), signal.SIGKILL)
    except ProcessLookupError:
        return "nothing"
    return what


def kills(stage):
    each = int(os.environ.get("FOREIGN_KILLS", "10"))
    seed = os.environ.get("FOREIGN_SEED", str(random.randrange(1 << 32)))
    dice, done = random.Random(seed), {}
    stage.note(f"FOREIGN_SEED={seed}")
    said, deck = set(), KILLED * each
    dice.shuffle(deck)
    for number, what in enumerate(deck):
        for turn in range(TURNS_A_KILL):
            text = f"question {number} {turn}: " + "word " * 30
            said.add((f"k{turn}", text.strip()))
            stage.says(text.strip(), f"k{turn}")
        time.sleep(dice.uniform(0, 3))
        what = kill(stage, dice, what)
        done[what] = done.get(what, 0) + 1
        if number % 3 == 2:
            stage.settled()
    stage.check("every turn ends", bool(stage.settled(patience=300)))
    judge_kills(stage, said, done)


def judge_kills(stage, said, done):
    turns = [one for one in stage.turns() if one["peer"].startswith("k")]
    failed = [one for one in turns if one["state"] == "failed"]
    odd = [one for one in turns if one["state"] not in ("done", "failed")]
    again = sum(one["attempt"] > 1 for one in turns)
    stage.note(f"killed {done}; {len(turns)} turns, {len(turns) - len(failed)} answered, {len(failed)} failed visibly, {again} offered again")
    for reason in sorted({one.get("error", "") for one in failed}):
        stage.note(f"    {reason[:200]}")
    stage.check("every turn is done or failed", not odd, str(odd)[:300])
    answers = {}
    for peer in {peer for peer, _ in said}:
        page = stage.ask("history", channel="webchat", peer=peer, limit=1000)["messages"]
        for one in page:
            if one["direction"] == "out":
                answers.setdefault(one.get("meta", {}).get("turn"), []).append(one["text"])
    twice = {turn: texts for turn, texts in answers.items() if len(texts) != 1}
    stage.check("no turn has two answers", not twice, str(twice)[:300])
    states = {one["turn_id"]: one["state"] for one in turns}
    missing = [turn for turn, state in states.items() if (state == "done") != (turn in answers)]
    stage.check("every turn that is done has its answer, and no other", not missing, str(missing)[:300])
    taken = sum(len(one["messages"]) for one in turns)
    stage.check("every message is of a turn", taken == len(said), f"{taken} of {len(said)}")


def main():
    with PiStage("pi") as stage:
        stage.model = Model()
        stage.prepare()
        stage.daemon(stage.settings)
        parts = os.environ.get("FOREIGN_PARTS", "one,many,kills,tools").split(",")
        for name, part in (("one", one_conversation), ("many", many_conversations), ("kills", kills), ("tools", tools)):
            if name in parts:
                part(stage)
        stage.processes.remove(stage.process)
        stage.process.send_signal(signal.SIGTERM)
        stage.process.wait()
        left = until("all are gone", lambda: not stage.orphans())
        stage.check("no process is left", bool(left), str(stage.orphans())[:600])
        stage.end()


if __name__ == "__main__":
    main()
