#!/usr/bin/env python3
"""The protocol's document before the parser of AsyncAPI's own makers (npm @asyncapi/parser), and every frame of a
real conversation before a JSON Schema validator (npm ajv): python3 tests/foreign/asyncapi.py"""
import json, shutil, subprocess

from stage import Stage, http, skip

CHECKS = r'''
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";
import Ajv from "ajv";
import WebSocket from "ws";

const { url, token, file } = JSON.parse(process.argv[2]);
const check = (what, accepted, why) => console.log(JSON.stringify({ what, accepted: Boolean(accepted), why: why && JSON.stringify(why) }));
const text = readFileSync(file, "utf8");
const { document, diagnostics } = await new Parser().parse(text);
const serious = diagnostics.filter(({ severity }) => severity === 0);
check("the document has no errors", document && serious.length === 0, serious.slice(0, 5));
for (const { message, path } of diagnostics.filter(({ severity }) => severity === 1).slice(0, 5)) console.log(`warning: ${message} at ${path.join("/")}`);
check("every operation is found", document?.operations().length > 80, document?.operations().length);

const raw = JSON.parse(text);
const ajv = new Ajv({ strict: false, allErrors: true });
const error = { ...raw.components.schemas.error };
const validators = Object.fromEntries(Object.entries(raw.components.messages).map(([key, { payload }]) => {
  const whole = JSON.parse(JSON.stringify(payload).replaceAll('{"$ref":"#/components/schemas/error"}', JSON.stringify(error)));
  return [key, ajv.compile(whole)];
}));
const seen = new Set();
const validate = frame => {
  const { type, action } = frame;
  const key = type === "error" ? "error" : type === "event" ? (action.startsWith("app.") ? "app.any.event" : `${action}.event`) : `${action}.response`;
  const fits = validators[key];
  if (!fits) return check(`${key} is described`, false);
  if (!fits(frame)) check(`${key} is as described`, false, { errors: fits.errors.slice(0, 3), frame });
  seen.add(key);
};

const socket = new WebSocket(url, { headers: { Authorization: `Bearer ${token}` } });
const waiting = new Map();
await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject; });
socket.onmessage = ({ data }) => {
  const frame = JSON.parse(data);
  validate(frame);
  waiting.get(frame.id)?.(frame);
};
let id = 0;
const call = (action, payload = {}) => new Promise(resolve => {
  const frame = { type: "command", action, id: ++id, payload };
  const fits = validators[`${action}.command`];
  if (fits && !fits(frame)) check(`${action}.command is as described`, false, fits.errors.slice(0, 3));
  waiting.set(id, resolve);
  socket.send(JSON.stringify(frame));
});
const topics = Object.values(raw.operations).filter(({ action }) => action === "send").map(({ messages }) => raw.components.messages[messages[0].$ref.split("/").at(-1)].name);
const { type, payload: why } = await call("subscribe", { topics: topics.filter(name => !["deliver", "agent.turn", "agent.abort"].includes(name)) });
check("every event can be heard", type === "response", why);
const { payload: { message_id } } = await call("send", { channel: "webchat", to: "ana", text: "*hello*", idempotency_key: "k" });
await call("receive", { channel: "webchat", peer: "ana", text: "olá", dedup_key: "1" });
await call("revise", { channel: "webchat", dedup_key: "1", text: "olá!" });
await call("publish", { topic: "app.mine", data: { a: 1 } });
await call("typing", { channel: "webchat", peer: "ana", text: "o" });
for (const [action, payload] of Object.entries({
  auth: {}, ping: {}, status: {}, describe: {}, message: { message_id }, history: { channel: "webchat", peer: "ana" }, conversations: {},
  read: { channel: "webchat", peer: "ana" }, cancel: { message_id }, retry: { message_id }, "media.list": {}, clients: {}, integrations: {},
  pairing: {}, agents: {}, turns: {}, keys: {}, "push.list": {}, outbox: {}, logs: {}, config: {}, reload: {}, "agents.found": {},
  "key.add": { name: "x", role: "read" }, unsubscribe: { topics: ["log"] }, "media.prune": {}, "message ": {}, nothing: {},
  "integration.stop": { name: "webchat" }, "integration.start": { name: "webchat" }, media: { media_id: "0".repeat(64) },
})) await call(action, payload);
check("answers and events of many kinds were seen", seen.size > 35, [...seen]);
check("every frame was as described", true);
console.log(`seen: ${[...seen].sort().join(" ")}`);
socket.close();
'''

if not shutil.which("npm"):
    skip("needs npm")
with Stage("AsyncAPI's parser") as stage:
    stage.install("npm", "install", "--no-fund", "--no-audit", "@asyncapi/parser", "ajv", "ws")
    stage.daemon({})
    token = stage.token
    status, document = http("GET", f"http://{stage.address}/asyncapi.json", headers={"Authorization": f"Bearer {token}"})
    stage.check("GET /asyncapi.json", status == 200 and document["asyncapi"] == "3.0.0", str(status))
    status, _ = http("GET", f"http://{stage.address}/asyncapi.json")
    stage.check("not without the token", status == 401, str(status))
    (stage.folder / "asyncapi.json").write_text(json.dumps(document))
    (stage.folder / "checks.mjs").write_text(CHECKS)
    told = json.dumps({"url": f"ws://{stage.address}/ws", "token": token, "file": str(stage.folder / "asyncapi.json")})
    done = subprocess.run(["node", "checks.mjs", told], cwd=stage.folder, capture_output=True, text=True, timeout=120)
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            found = json.loads(line)
            stage.check(found["what"], found["accepted"], str(found.get("why", ""))[:1500])
        else:
            stage.note(line)
    stage.check("the client ended well", done.returncode == 0, done.stderr[-800:])
    stage.end()
