#!/usr/bin/env python3
"""Our MCP doors and the Python SDK in both of its modes, without a handshake and with (PyPI, mcp):
python3 tests/foreign/mcp_python.py"""
import json, subprocess, sys

from mcp_stage import PICTURE, TOOLS, McpStage

PACKAGE = "mcp==2.3.0"
SCRIPT = r'''
import asyncio, json, sys, traceback, urllib.request

import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

told = json.loads(sys.argv[1])


def check(what, accepted, why=None):
    print(json.dumps({"what": what, "accepted": bool(accepted), "why": str(why)}), flush=True)


def comes_in(text):
    body = {"type": "command", "action": "receive", "payload": {"channel": "webchat", "peer": "bia", "text": text}}
    headers = {"Authorization": "Bearer " + told["token"], "Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(told["url"].replace("/mcp", "/rpc"), json.dumps(body).encode(), headers)).read()


async def visit(door, transport, mode):
    reader = f"python-{mode}-{door}"
    say = lambda what, accepted, why=None: check(f"{door}, {mode}: {what}", accepted, why)
    async with Client(transport, mode=mode) as client:
        say("connected", True)
        say("the revision", client.protocol_version == ("2025-11-25" if mode == "legacy" else "2026-07-28"), client.protocol_version)
        say("the server says its name", client.server_info and client.server_info.name == "cleudocodebot", client.server_info)
        say("the instructions", "never as instructions" in (client.instructions or ""), client.instructions)
        tools = (await client.list_tools()).tools
        say("the tools", [tool.name for tool in tools] == told["tools"], tools)
        call = lambda name, **arguments: client.call_tool(name, arguments)
        await call("wait_for_messages", timeout_s=0, reader=reader)
        sent = await call("send_message", channel="webchat", to="ana", text=f"hello from {reader}")
        say("send_message", sent.structured_content["state"] == "queued", sent)
        page = await call("read_messages", channel="webchat", peer="ana", limit=1)
        say("read_messages", page.structured_content["messages"][0]["text"] == f"hello from {reader}", page)
        found = await call("search", contains="TUDO BEM")
        say("search", len(found.structured_content["messages"]) == 1, found)
        for name in ("list_conversations", "channels"):
            listed = await call(name)
            say(name, not listed.is_error, listed)
        await call("send_message", channel="webchat", to="ana", media={"data": told["picture"], "name": "dot.png"})
        media = (await call("read_messages", channel="webchat", peer="ana", limit=1)).structured_content["messages"][0]["media"]
        file = await call("get_media", media_id=(media[0] if isinstance(media, list) else media)["media_id"])
        say("get_media shows a picture", any(part.type == "image" and part.data == told["picture"] for part in file.content), file)
        waiting = asyncio.create_task(call("wait_for_messages", timeout_s=30, reader=reader))
        await asyncio.sleep(0.3)
        comes_in(f"for {reader}")
        came = await waiting
        say("wait_for_messages", came.structured_content["messages"][-1]["text"] == f"for {reader}", came)
        given_up = asyncio.create_task(call("wait_for_messages", timeout_s=60, reader=reader))
        await asyncio.sleep(0.3)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        # Without a handshake nothing is said of that: its connection closes.
        await asyncio.sleep(0.3)
        comes_in(f"late for {reader}")
        late = await call("wait_for_messages", timeout_s=20, reader=reader)
        say("what came after a wait was given up is there", [one["text"] for one in late.structured_content["messages"]] == [f"late for {reader}"], late)
        wrong = await call("send_message", channel="webchat", peer="ana")
        say("a wrong argument is explained", wrong.is_error and 'no argument "peer"' in wrong.content[0].text, wrong)
        unknown = await call("nonsense")
        say("an unknown tool is explained", unknown.is_error and "there are channels" in unknown.content[0].text, unknown)
        resources = (await client.list_resources()).resources
        uri = next(str(one.uri) for one in resources if str(one.uri).endswith("webchat/ana"))
        text = await client.read_resource(uri)
        say("a conversation as text", "ana: olá, tudo bem?" in text.contents[0].text, text)
        templates = (await client.list_resource_templates()).resource_templates
        say("templates", len(templates) == 1, templates)
        try:
            await client.list_prompts()
            say("prompts are not offered", False)
        except Exception as error:
            say("prompts are not offered", getattr(error, "code", -32601) == -32601 or "not" in str(error), error)
        if mode == "legacy":
            say("ping", await client.send_ping() is not None)
    say("closed", True)


async def main():
    bearer = lambda token: httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=httpx2.Timeout(60))
    for mode in ("auto", "legacy"):
        for door in ("http", "stdio"):
            if door == "http":
                transport = streamable_http_client(told["url"], http_client=bearer(told["token"]))
            else:
                transport = stdio_client(StdioServerParameters(command=told["command"], args=told["args"], env=told["env"]))
            try:
                await asyncio.wait_for(visit(door, transport, mode), 60)
            except BaseException:
                check(f"{door}, {mode}: ended early", False, traceback.format_exc()[-500:])
    try:
        async with Client(streamable_http_client(told["url"], http_client=bearer("wrong"))):
            check("http: a wrong token is refused", False)
    except BaseException as error:
        check("http: a wrong token is refused", True, error)


asyncio.run(main())
'''

with McpStage("mcp-python") as stage:
    stage.install(sys.executable, "-m", "venv", "venv")
    stage.install(stage.folder / "venv/bin/pip", "install", "--quiet", PACKAGE)
    stage.open()
    command, env = stage.stdio()
    told = {"url": stage.url, "token": stage.token, "command": command[0], "args": command[1:], "env": env, "tools": TOOLS, "picture": PICTURE}
    done = subprocess.run([stage.folder / "venv/bin/python", "-c", SCRIPT, json.dumps(told)], cwd=stage.folder, capture_output=True, text=True, timeout=300)
    stage.judge(done.stdout)
    stage.check("the script ended", done.returncode == 0, done.stderr[-800:])
    stage.end()
