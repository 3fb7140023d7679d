#!/usr/bin/env python3
"""Our chat completions and the official client of OpenAI, whole and streaming (PyPI, openai), with the agent
`echo`: python3 tests/foreign/openai_client.py"""
import json, subprocess, sys

from mcp_stage import PICTURE, McpStage
from stage import until

PACKAGE = "openai"
SCRIPT = r'''
import asyncio, json, sys, time

import openai

told = json.loads(sys.argv[1])
url, token = told["url"], told["token"]


def check(what, accepted, why=None):
    print(json.dumps({"what": what, "accepted": bool(accepted), "why": str(why)[:400]}), flush=True)


def refused(what, kind, ask):
    try:
        check(what, False, ask())
    except Exception as error:
        check(what, isinstance(error, kind), repr(error))


client = openai.OpenAI(base_url=url, api_key=token, max_retries=0, timeout=30)
say = lambda text: [{"role": "user", "content": text}]
models = [model.id for model in client.models.list()]
check("models", models == ["default", "echo"], models)
check("one model", client.models.retrieve("echo").id == "echo")
answer = client.chat.completions.create(model="echo", messages=say("olá, tudo bem?"), temperature=0.3, max_tokens=5, user="ana")
check("an answer", answer.choices[0].message.content == "olá, tudo bem?" and answer.choices[0].finish_reason == "stop", answer)
check("usage is left out", answer.usage is None, answer.usage)
check("the default model", client.chat.completions.create(model="default", messages=say("x")).model == "echo")
long = "um texto longo. " * 2000
stream = client.chat.completions.create(model="echo", messages=say(long), stream=True, stream_options={"include_usage": True})
chunks = list(stream)
text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
check("a stream", text == long, len(text))
check("its end", any(chunk.choices and chunk.choices[0].finish_reason == "stop" for chunk in chunks))
check("usage where it is asked for", chunks[-1].usage is not None and chunks[-1].usage.total_tokens == 0, chunks[-1])
with client.chat.completions.stream(model="echo", messages=say("helper")) as helper:
    for _ in helper:
        pass
    check("the client's own helper of streams", helper.get_final_completion().choices[0].message.content == "helper")
parts = [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64," + told["picture"]}}]
seen = client.chat.completions.create(model="echo", messages=[{"role": "system", "content": "be short"}, {"role": "user", "content": parts}])
check("a picture as data", "look" in seen.choices[0].message.content, seen)
create = client.chat.completions.create
refused("n=2", openai.BadRequestError, lambda: create(model="echo", messages=say("x"), n=2))
refused("tools", openai.BadRequestError, lambda: create(model="echo", messages=say("x"), tools=[{"type": "function", "function": {"name": "a"}}]))
refused("JSON mode", openai.BadRequestError, lambda: create(model="echo", messages=say("x"), response_format={"type": "json_object"}))
refused("no messages", openai.BadRequestError, lambda: create(model="echo", messages=[]))
refused("a picture by address", openai.BadRequestError, lambda: create(model="echo", messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}]))
refused("an unknown model", openai.NotFoundError, lambda: create(model="gpt-5", messages=say("x")))
refused("an unknown path", openai.NotFoundError, lambda: client.embeddings.create(model="echo", input="x"))
stranger = openai.OpenAI(base_url=url, api_key="wrong", max_retries=0)
refused("a wrong token", openai.AuthenticationError, lambda: stranger.chat.completions.create(model="echo", messages=say("x")))
refused("a body over its limit", openai.APIStatusError, lambda: create(model="echo", messages=say("x" * 1_200_000)))


async def many():
    patient = openai.AsyncOpenAI(base_url=url, api_key=token, max_retries=8, timeout=60)

    async def one(number):
        stream = await patient.chat.completions.create(model="echo", messages=say(f"number {number}"), stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]) == f"number {number}"

    begun = time.monotonic()
    answers = await asyncio.gather(*(one(number) for number in range(100)))
    check("100 streams at a time", all(answers), answers)
    print(f"100 streams took {time.monotonic() - begun:.1f} s")


asyncio.run(many())
'''

with McpStage("openai") as stage:
    stage.install(sys.executable, "-m", "venv", "venv")
    stage.install(stage.folder / "venv/bin/pip", "install", "--quiet", PACKAGE)
    stage.daemon({"AGENT": "echo"})
    standing = lambda: any(agent["name"] == "echo" and agent["state"] == "running" for agent in stage.ask("agents")["agents"])
    if not until("echo runs", standing):
        # Where the daemon starts no agents, any machine may run one.
        stage.start([stage.program, "agent", "echo"], {"CLEUDOCODEBOT_HOME": str(stage.home)})
        stage.check("echo runs", until("echo runs", standing))
    told = {"url": f"http://{stage.address}/v1", "token": stage.token, "picture": PICTURE}
    done = subprocess.run([stage.folder / "venv/bin/python", "-c", SCRIPT, json.dumps(told)], cwd=stage.folder, capture_output=True, text=True, timeout=300)
    stage.judge(done.stdout)
    stage.check("the script ended", done.returncode == 0, done.stderr[-800:])
    stage.end()
