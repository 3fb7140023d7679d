"""What the scripts beside this one share: a temporary folder, a release daemon in a home of its own,
and a list of what was accepted. Nothing is installed outside the folder, which goes away."""
import json, os, pathlib, re, shutil, signal, socket, subprocess, sys, tempfile, time, urllib.error, urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 20


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(0)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, ask):
    """Asks until the answer is true; the answer, or false when it never was."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = ask()
        if found:
            return found
        time.sleep(0.1)
    print(f"        never: {what}")
    return False


def http(method, url, body=None, headers=None):
    """Status and JSON of an answer; status 0 where there is none."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    except OSError:
        return 0, None
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text.decode(errors="replace")


class Stage:
    def __init__(self, name):
        self.name, self.failures = name, 0
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cleudocodebot-foreign-"))
        self.processes = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def check(self, what, accepted, why=""):
        print(f"{'accepted' if accepted else 'REFUSED '}  {what}" + (f": {why}" if why and not accepted else ""))
        self.failures += not accepted

    def note(self, what):
        print(f"noted     {what}")

    def end(self):
        print(f"{self.name}: {'everything was accepted' if not self.failures else f'{self.failures} refused'}")
        sys.exit(min(self.failures, 1))

    def install(self, *command):
        print(f"installing: {' '.join(map(str, command[-2:]))}")
        try:
            done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=600)
        except (OSError, subprocess.TimeoutExpired) as error:
            self.__exit__()
            skip(f"{self.name} cannot be installed: {error}")
        if done.returncode:
            self.__exit__()
            skip(f"{self.name} cannot be installed: {(done.stderr or done.stdout).strip()[-400:]}")

    def start(self, command, env=None, **more):
        process = subprocess.Popen(command, cwd=self.folder, env={**os.environ, **(env or {})},
                                   stdin=subprocess.DEVNULL, start_new_session=True, text=True, **more)
        self.processes.append(process)
        return process

    def daemon(self, settings):
        """Starts the release daemon, or FOREIGN_PROGRAM, with these settings; the way to ask it."""
        self.program = pathlib.Path(os.environ.get("FOREIGN_PROGRAM", REPOSITORY / "target/release/cleudocodebot"))
        if "FOREIGN_PROGRAM" not in os.environ:
            built = subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=REPOSITORY)
            if built.returncode:
                sys.exit("the release build failed")
        self.home = home = self.folder / "home"
        env = {"CLEUDOCODEBOT_HOME": str(home), "CLEUDOCODEBOT_PORT": "0", **settings}
        process = self.start([self.program, "daemon"], env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for line in process.stderr:
            if found := re.search(r"daemon ready address=(\S+)", line):
                break
        else:
            sys.exit("the daemon never became ready")
        self.process, self.address = process, found[1]
        token = re.search(r"CLEUDOCODEBOT_TOKEN=['\"]?([^'\"\n]+)", (home / ".env").read_text())[1]
        # Its log must not fill the pipe.
        import threading
        threading.Thread(target=process.stderr.read, daemon=True).start()
        self.token, self.headers = token, {"Authorization": f"Bearer {token}"}

    def ask(self, action, **payload):
        command = {"type": "command", "action": action, "payload": payload}
        return http("POST", f"http://{self.address}/rpc", command, self.headers)[1]["payload"]

    def send(self, channel, to, what, **payload):
        """Sends and says whether the foreign service took it."""
        sent = self.ask("send", channel=channel, to=to, wait=True, **payload)
        self.check(f"{channel}: {what}", sent.get("state") == "sent", json.dumps(sent, ensure_ascii=False)[:300])
        return sent

    def received(self, channel, text):
        page = self.ask("history", channel=channel, limit=50)
        return [one for one in page["messages"] if one["direction"] == "in" and one["text"] == text]

    def standing(self, channel):
        return next(one for one in self.ask("status")["integrations"] if one["name"] == channel)

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
