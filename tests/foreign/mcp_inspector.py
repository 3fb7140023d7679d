#!/usr/bin/env python3
"""Our MCP doors and the command line of the inspector in both eras (npm, @modelcontextprotocol/inspector, node 24):
python3 tests/foreign/mcp_inspector.py"""
import json, os, subprocess

from mcp_stage import TOOLS, McpStage

PACKAGE = "@modelcontextprotocol/inspector@2.12.0"

with McpStage("mcp-inspector") as stage:
    node = stage.node()
    stage.install("npm", "install", "--no-fund", "--no-audit", PACKAGE)
    stage.open()
    program = stage.folder / "node_modules/.bin/mcp-inspector"
    command, env = stage.stdio()

    def ask(door, era, *more):
        """Asks by one door; what the inspector prints as JSON."""
        target = [stage.url, "--transport", "http", "--header", f"Authorization: Bearer {stage.token}"] if door == "http" else command
        given = [] if door == "http" else ["-e", f"CLEUDOCODEBOT_HOME={stage.home}"]
        asked = [node, program.resolve(), "--cli", *given, *target, "--protocol-era", era, *more]
        path = f"{stage.folder / 'node_modules/.bin'}:{os.environ['PATH']}"
        done = subprocess.run(asked, cwd=stage.folder, env={**os.environ, **env, "PATH": path}, capture_output=True, text=True, timeout=120)
        try:
            return json.loads(done.stdout), done
        except ValueError:
            return {}, done

    for door in ("http", "stdio"):
        for era in ("legacy", "auto", "modern"):
            found, done = ask(door, era, "--method", "tools/list")
            stage.check(f"{door}, {era}: the tools", [tool["name"] for tool in found.get("tools", [])] == TOOLS, (done.stdout + done.stderr)[-600:])
            found, done = ask(door, era, "--method", "tools/call", "--tool-name", "read_messages", "--tool-arg", "channel=webchat", "peer=ana")
            texts = [one["text"] for one in found.get("structuredContent", {}).get("messages", [])]
            stage.check(f"{door}, {era}: read_messages", texts == ["olá, tudo bem?"], (done.stdout + done.stderr)[-600:])
            found, done = ask(door, era, "--method", "resources/list")
            stage.check(f"{door}, {era}: resources", len(found.get("resources", [])) == 1, (done.stdout + done.stderr)[-600:])
    stage.end()
