#!/usr/bin/env python3
"""Our MCP doors and the first JavaScript SDK, which most clients are built on (npm, @modelcontextprotocol/sdk):
python3 tests/foreign/mcp_sdk.py"""
import json, shutil, subprocess

from mcp_stage import PICTURE, TOOLS, McpStage
from stage import REPOSITORY, skip

PACKAGE = "@modelcontextprotocol/sdk@1.32.2"


def run(stage, sdk, era, node="node"):
    command, env = stage.stdio()
    told = {"sdk": sdk, "era": era, "url": stage.url, "token": stage.token, "command": command[0], "args": command[1:],
            "env": env, "tools": TOOLS, "picture": PICTURE}
    shutil.copy(REPOSITORY / "tests/foreign/mcp_checks.mjs", stage.folder)
    done = subprocess.run([node, "mcp_checks.mjs", json.dumps(told)], cwd=stage.folder, capture_output=True, text=True, timeout=120)
    stage.judge(done.stdout)
    stage.check(f"{sdk} {era}: the script ended", done.returncode == 0, done.stderr[-800:])


if __name__ == "__main__":
    if not (shutil.which("npm") and shutil.which("node")):
        skip("the SDK needs npm and node")
    with McpStage("mcp-sdk") as stage:
        stage.install("npm", "install", "--no-fund", "--no-audit", PACKAGE)
        stage.open()
        run(stage, "sdk", "handshake")
        stage.end()
