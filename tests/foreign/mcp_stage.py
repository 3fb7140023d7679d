"""What the scripts of MCP clients share: a daemon with a conversation in it, and its two doors."""
import json, shutil

from stage import Stage, skip

# One pixel.
PICTURE = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4//8/AAX+Av6nLRseAAAAAElFTkSuQmCC")
TOOLS = ["channels", "list_conversations", "read_messages", "search", "wait_for_messages", "get_media", "send_message"]


class McpStage(Stage):
    def open(self):
        """Starts the daemon and lets `ana` write; the address of its door."""
        self.daemon({})
        self.url = f"http://{self.address}/mcp"
        self.says("olá, tudo bem?")
        return self.url

    def says(self, text, peer="ana"):
        self.ask("receive", channel="webchat", peer=peer, text=text)

    def stdio(self, *more):
        """The command of the other door, and the environment it needs."""
        return [str(self.program), "mcp", *more], {"CLEUDOCODEBOT_HOME": str(self.home)}

    def node(self, version=24):
        """Node of this version from npm, in the folder of the stage."""
        if not shutil.which("npm"):
            skip(f"{self.name} needs npm")
        self.install("npm", "install", "--no-fund", "--no-audit", f"node@{version}")
        return str(self.folder / "node_modules/.bin/node")

    def judge(self, output):
        """Reads what a client printed: a line of JSON {what, accepted, why} each."""
        for line in output.splitlines():
            if line.startswith("{"):
                found = json.loads(line)
                self.check(found["what"], found["accepted"], str(found.get("why", ""))[:600])
            elif line.strip():
                self.note(line)
