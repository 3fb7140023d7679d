#!/usr/bin/env python3
"""Our MCP doors and pi's own client (npm, @earendil-works/pi-coding-agent, node 24): python3 tests/foreign/mcp_pi.py"""
import os, subprocess

from mcp_stage import McpStage

PACKAGE = "@earendil-works/pi-coding-agent@1.5.2"

with McpStage("mcp-pi") as stage:
    node = stage.node()
    path = f"{stage.folder / 'node_modules/.bin'}:{os.environ['PATH']}"
    stage.install("env", f"PATH={path}", "npm", "install", "--no-fund", "--no-audit", PACKAGE)
    stage.open()
    command, env = stage.stdio("--reader", "pi")

    def pi(*arguments):
        asked = [node, (stage.folder / "node_modules/.bin/pi").resolve(), "mcp", *arguments]
        env_of_pi = {**os.environ, **env, "PATH": path, "PI_CODING_AGENT_DIR": str(stage.folder / "pi"), "HOME": str(stage.folder)}
        return subprocess.run(asked, cwd=stage.folder, env=env_of_pi, capture_output=True, text=True, timeout=120)

    added = pi("add", "gateway", "--url", stage.url, "--header", f"Authorization=Bearer {stage.token}", "--exposure", "direct", "--description", "messages")
    stage.check("http: added", added.returncode == 0, added.stdout + added.stderr)
    added = pi("add", "piped", "--exposure", "direct", "--description", "messages", "--", *command)
    stage.check("stdio: added", added.returncode == 0, added.stdout + added.stderr)
    listed = pi("list")
    stage.check("both are connected", listed.returncode == 0, listed.stdout + listed.stderr)
    stage.note(" | ".join(line.strip() for line in listed.stdout.splitlines() if line.strip())[:400])
    pi("add", "stranger", "--url", stage.url, "--header", "Authorization=Bearer wrong", "--description", "nothing")
    listed = pi("list")
    stage.check("a wrong token is told apart", listed.returncode == 1 and "requires authentication" in listed.stdout + listed.stderr, listed.stdout + listed.stderr)
    stage.end()
