// What a client of the JavaScript SDKs does with our two doors; run by mcp_sdk.py and mcp_client.py. Arguments:
// a JSON object {sdk, era, url, token, command, args, env, tools, picture}.
const told = JSON.parse(process.argv[2]);
const check = (what, accepted, why) => console.log(JSON.stringify({ what, accepted: Boolean(accepted), why: why && JSON.stringify(why) }));
const load = async () => {
  if (told.sdk === "sdk") {
    const base = "@modelcontextprotocol/sdk/client/";
    return {
      ...(await import(base + "index.js")),
      ...(await import(base + "streamableHttp.js")),
      ...(await import(base + "stdio.js")),
    };
  }
  return { ...(await import("@modelcontextprotocol/client")), ...(await import("@modelcontextprotocol/client/stdio")) };
};
const { Client, StreamableHTTPClientTransport, StdioClientTransport } = await load();
const options = told.era === "auto" ? { versionNegotiation: { mode: "auto" } } : {};
const reader = (door) => `${told.sdk}-${told.era}-${door}`;
const http = (token) => new StreamableHTTPClientTransport(new URL(told.url), { requestInit: { headers: { Authorization: `Bearer ${token}` } } });
const stdio = () => new StdioClientTransport({ command: told.command, args: told.args, env: told.env });

async function visit(door, transport) {
  const client = new Client({ name: "foreign", version: "1.0.0" }, options);
  const say = (what, accepted, why) => check(`${door}: ${what}`, accepted, why);
  await client.connect(transport);
  say("connected", true);
  const about = client.getServerVersion?.();
  say("the server says its name", about?.name === "cleudocodebot", about);
  say("the instructions", client.getInstructions?.()?.includes("never as instructions"));
  const { tools } = await client.listTools();
  say("the tools", JSON.stringify(tools.map((tool) => tool.name)) === JSON.stringify(told.tools), tools);
  const call = (name, args) => client.callTool({ name, arguments: args });

  const from = await call("wait_for_messages", { timeout_s: 0, reader: reader(door) });
  say("a look at what came", !from.isError, from);
  const sent = await call("send_message", { channel: "webchat", to: "ana", text: `hello from ${door}`, idempotency_key: reader(door) });
  say("send_message", sent.structuredContent?.state === "queued", sent);
  const again = await call("send_message", { channel: "webchat", to: "ana", text: `hello from ${door}`, idempotency_key: reader(door) });
  say("the same again is the same message", again.structuredContent?.duplicate === true, again);
  const page = await call("read_messages", { channel: "webchat", peer: "ana", limit: 5 });
  say("read_messages", page.structuredContent?.messages?.at(-1)?.text === `hello from ${door}`, page);
  const found = await call("search", { contains: "TUDO BEM" });
  say("search", found.structuredContent?.messages?.length === 1, found);
  const list = await call("list_conversations", {});
  say("list_conversations", list.structuredContent?.conversations?.[0]?.peer === "ana", list);
  const channels = await call("channels", {});
  say("channels", channels.structuredContent?.integrations?.some((one) => one.name === "webchat"), channels);

  const picture = await call("send_message", { channel: "webchat", to: "ana", text: "", media: { data: told.picture, name: "dot.png" } });
  say("a picture is sent", picture.structuredContent?.state === "queued", picture);
  const newest = await call("read_messages", { channel: "webchat", peer: "ana", limit: 1 });
  const media = newest.structuredContent?.messages?.[0]?.media;
  const file = await call("get_media", { media_id: (Array.isArray(media) ? media[0] : media)?.media_id });
  say("get_media shows it", file.content?.some((part) => part.type === "image" && part.data === told.picture), file);

  const waiting = call("wait_for_messages", { timeout_s: 30, reader: reader(door) });
  await fetch(told.url.replace("/mcp", "/rpc"), {
    method: "POST",
    headers: { Authorization: `Bearer ${told.token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ type: "command", action: "receive", payload: { channel: "webchat", peer: "bia", text: `for ${door}` } }),
  });
  const came = await waiting;
  say("wait_for_messages", came.structuredContent?.messages?.at(-1)?.text === `for ${door}`, came);
  const nothing = await call("wait_for_messages", { timeout_s: 0, reader: reader(door) });
  say("each message comes once", nothing.structuredContent?.timed_out === true, nothing);

  const wrong = await call("send_message", { channel: "webchat", peer: "ana", text: "x" });
  say("a wrong argument is explained", wrong.isError && wrong.content[0].text.includes('no argument "peer"; it takes channel, to, text'), wrong);
  const unknown = await call("nonsense", {});
  say("an unknown tool is explained", unknown.isError && unknown.content[0].text.includes("there are channels"), unknown);
  const refused = await client.listPrompts().then((list) => list.prompts?.length ? list : null, (error) => ({ code: error.code ?? 0 }));
  say("prompts are not offered", refused === null || refused.code <= 0 || typeof refused.code === "string", refused);

  const { resources } = await client.listResources();
  say("resources", resources.some((one) => one.uri.endsWith("webchat/ana")), resources);
  const { resourceTemplates } = await client.listResourceTemplates();
  say("templates", resourceTemplates.length === 1, resourceTemplates);
  const text = await client.readResource({ uri: resources.find((one) => one.uri.endsWith("webchat/ana")).uri });
  say("a conversation as text", text.contents[0].text.includes("ana: olá, tudo bem?"), text);
  const missing = await client.readResource({ uri: "cleudocodebot://conversation/webchat/nobody" }).then(() => null, (error) => error);
  say("a conversation that is not there", missing?.message.includes("no such conversation"), missing?.message);

  const abort = new AbortController();
  const when = told.sdk === "sdk" ? [undefined, { signal: abort.signal }] : [{ signal: abort.signal }];
  const left = client.callTool({ name: "wait_for_messages", arguments: { timeout_s: 60, reader: reader(door) } }, ...when);
  setTimeout(() => abort.abort(), 300);
  await left.then((answer) => say("a wait is given up", false, answer), () => say("a wait is given up", true));
  await fetch(told.url.replace("/mcp", "/rpc"), {
    method: "POST",
    headers: { Authorization: `Bearer ${told.token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ type: "command", action: "receive", payload: { channel: "webchat", peer: "bia", text: `late for ${door}` } }),
  });
  const late = await call("wait_for_messages", { timeout_s: 20, reader: reader(door) });
  say("what came after a wait was given up is there", late.structuredContent?.messages?.at(-1)?.text === `late for ${door}`, late);
  await client.close();
  say("closed", true);
}

for (const [door, transport] of [["http", http(told.token)], ["stdio", stdio()]]) {
  try {
    await visit(door, transport);
  } catch (error) {
    check(`${door}: ended early`, false, String(error.stack ?? error));
  }
}
const stranger = new Client({ name: "foreign", version: "1.0.0" }, options);
const refused = await stranger.connect(http("wrong")).then(() => null, (error) => error);
check("http: a wrong token is refused as such", /401|[Uu]nauthorized/.test(String(refused)), String(refused));
process.exit(0);
