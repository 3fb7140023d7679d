#!/usr/bin/env python3
"""Our daemon beside the gateway of OpenClaw (npm, with a Node of its own), each started five times in turn in a fresh
home with no channel set: python3 tests/foreign/openclaw.py
Measured: bytes on the disk, time until it is ready by its own word (GET /healthz of ours, /healthz of theirs), the
memory of all its processes then and when it is idle."""
import os, pathlib, shutil, statistics, subprocess, tempfile, time, urllib.request

from stage import Stage, free_port, skip

VERSION = os.environ.get("FOREIGN_OPENCLAW_VERSION", "latest")
ROUNDS = 5
IDLE_SECONDS = 20
PATIENCE = 120


def tree(pid):
    """A process and those it started."""
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout.split()
    return [pid] + [one for child in children for one in tree(int(child))]


def resident_mib(pid):
    """Proportional set size, so that shared pages count once."""
    total = 0
    for one in tree(pid):
        try:
            text = pathlib.Path(f"/proc/{one}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total / 1024


def is_ready(url):
    try:
        return urllib.request.urlopen(url, timeout=2).status == 200
    except OSError:
        return False


def round_of(stage, command, env, port, pause):
    began = time.monotonic()
    process = stage.start(command, {**env, "NO_COLOR": "1"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/healthz"
    while not is_ready(url):
        if process.poll() is not None or time.monotonic() - began > PATIENCE:
            return None
        time.sleep(pause)
    ready, at_ready = time.monotonic() - began, resident_mib(process.pid)
    time.sleep(IDLE_SECONDS)
    idle = resident_mib(process.pid)
    subprocess.run(["pkill", "-TERM", "-g", str(process.pid)])
    process.wait(timeout=30)
    stage.processes.remove(process)
    return ready, at_ready, idle


def size_mib(path):
    if path.is_file():
        return path.stat().st_size / 2**20
    files = (one for one in path.rglob("*") if one.is_file() and not one.is_symlink())
    return sum(one.stat().st_size for one in files) / 2**20


with Stage("OpenClaw's gateway") as stage:
    if not shutil.which("npm"):
        skip("needs npm")
    prepared = os.environ.get("FOREIGN_OPENCLAW")
    folder = pathlib.Path(prepared) if prepared else stage.folder
    if not prepared:
        stage.install("npm", "install", "--no-fund", "--no-audit", "node@24")
        os.environ["PATH"] = f"{folder}/node_modules/node/bin:{os.environ['PATH']}"
        if not (folder / "node_modules/node/bin/node").exists():
            stage.install("node", "node_modules/node/installArchSpecificPackage.js")
        stage.install("npm", "install", "--no-fund", "--no-audit", f"openclaw@{VERSION}")
    node = folder / "node_modules/node/bin/node"
    entry = folder / "node_modules/openclaw/openclaw.mjs"
    stage.daemon({})  # builds ours
    results = {"cleudocodebot": [], "OpenClaw": []}
    for _ in range(ROUNDS):
        port, home = free_port(), tempfile.mkdtemp(dir=stage.folder)
        ours = {"CLEUDOCODEBOT_HOME": home, "CLEUDOCODEBOT_PORT": str(port)}
        results["cleudocodebot"].append(round_of(stage, [stage.program, "daemon", "--quiet"], ours, port, 0.001))
        port, home = free_port(), tempfile.mkdtemp(dir=stage.folder)
        theirs = {"HOME": home, "PATH": f"{node.parent}:{os.environ['PATH']}"}
        command = [node, entry, "gateway", "run", "--allow-unconfigured", "--port", str(port), "--bind", "loopback",
                   "--auth", "token", "--token", "0123456789abcdef0123456789abcdef"]
        results["OpenClaw"].append(round_of(stage, command, theirs, port, 0.005))
    sizes = {"cleudocodebot": size_mib(stage.program), "OpenClaw": size_mib(folder / "node_modules")}
    for name, rounds in results.items():
        good = [one for one in rounds if one]
        stage.check(f"{name} became ready each time", len(good) == ROUNDS, str(rounds))
        if good:
            ready, at_ready, idle = (statistics.median(column) for column in zip(*good))
            stage.note(f"{name}: {sizes[name]:.1f} MiB on the disk, ready after {ready * 1000:.0f} ms with "
                       f"{at_ready:.1f} MiB, {idle:.1f} MiB when idle")
    stage.end()
