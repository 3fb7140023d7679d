#!/usr/bin/env node
// A bot that answers what comes in with the same words, and misses nothing: after a lost connection or a restart of
// its own it goes on where it was.
//
//     node echo.ts [FILE]         FILE keeps how far it came; echo.position unless told
//
// Needs: Node 22.18 or later, which runs TypeScript and has WebSocket; or npm install ws, and tsx or Bun before.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";

/** A message as message.received and history have it. */
interface Message {
  message_id: string; // as m-17
  seq: number; // its number among all stored events: what `since` takes
  channel: string; // webchat, telegram …
  peer: string; // the conversation: a person, or a group
  sender?: string; // who wrote it, in a group
  direction: "in" | "out"; // from them, or from us
  kind?: string; // text unless told: image, voice, document, location …
  text: string; // the words, the caption, or the same in words
  content?: unknown; // what a kind without words says
  media?: unknown; // its file, or a list of them
  state: string; // received; or queued, sending, sent, delivered, read, failed, cancelled
  reply_to?: string; // what it answers
  created_ms: number; // ms since 1970
  updated_ms: number;
}

interface Frame {
  type: "response" | "event" | "error";
  action?: string;
  payload: any;
}

const url = process.env.CLEUDOCODEBOT_URL || "ws://127.0.0.1:18789/";
const home = process.env.CLEUDOCODEBOT_HOME || `${homedir()}/.cleudocodebot`;
const token: string =
  process.env.CLEUDOCODEBOT_TOKEN || readFileSync(`${home}/.env`, "utf8").match(/CLEUDOCODEBOT_TOKEN=['"]?([^'"\n]+)/)![1];
const position = process.argv[2] || "echo.position";
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30_000;
let wait = FIRST_WAIT;

/** What to say to a message; undefined for nothing. */
const answer = (message: Message): string | undefined => message.text || undefined;

function serve(): void {
  const socket = new WebSocket(url);
  const command = (action: string, payload: object) => socket.send(JSON.stringify({ type: "command", action, payload }));
  // With since, what was stored meanwhile comes first; without, only what comes from now on.
  const since = existsSync(position) ? { since: Number(readFileSync(position, "utf8")) } : {};
  socket.onopen = () => {
    wait = FIRST_WAIT;
    command("auth", { token, client: { name: "echo.ts" } });
    command("subscribe", { topics: ["message.received"], ...since });
  };
  socket.onmessage = ({ data }) => {
    const { type, action, payload }: Frame = JSON.parse(String(data));
    if (type === "error") {
      console.error(`echo.ts: ${action}: ${payload.message}`);
      if (action === "auth" || action === "subscribe") process.exit(1);
    } else if (action === "subscribe" && !("since" in since)) {
      writeFileSync(position, String(payload.seq));
    } else if (action === "message.received") {
      const message: Message = payload;
      const text = answer(message);
      // The key makes a repeat after a crash harmless: the same answer is queued once.
      if (text) command("send", { channel: message.channel, to: message.peer, text, idempotency_key: `echo-${message.message_id}` });
      writeFileSync(position, String(message.seq));
    }
  };
  socket.onclose = ({ code, reason }) => {
    console.error(`echo.ts: ${url}: closed with ${code} ${reason}; again in ${wait / 1000} s`);
    setTimeout(serve, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  };
}

serve();
