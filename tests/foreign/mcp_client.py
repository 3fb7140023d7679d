#!/usr/bin/env python3
"""Our MCP doors and the second JavaScript SDK in both of its modes, with a handshake and without (npm,
@modelcontextprotocol/client): python3 tests/foreign/mcp_client.py"""
import shutil

from mcp_sdk import run
from mcp_stage import McpStage
from stage import skip

PACKAGE = "@modelcontextprotocol/client@2.4.0"

if not (shutil.which("npm") and shutil.which("node")):
    skip("the SDK needs npm and node")
for era in ("handshake", "auto"):
    stage = McpStage(f"mcp-client, {era}")
    with stage:
        stage.install("npm", "install", "--no-fund", "--no-audit", PACKAGE)
        stage.open()
        run(stage, "client", era)
    if stage.failures or era == "auto":
        stage.end()
