// Files on their way out: chosen, pasted, dropped, recorded; how far they are, and that they can be stopped.

import { writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";

import { FILES } from "../samples.mjs";
import { assert, same, until } from "../until.mjs";

const { beach, tall, bill } = FILES;

/** More than the sockets on the way hold. */
const LARGE = Buffer.alloc(24_000_000, "large");

/** The gateway behind a door that lets the beginning of an upload through, and then nothing more of it. */
async function halfOpenDoor(stage) {
  const server = createServer((client) => {
    const gateway = connect(stage.daemon.port, "127.0.0.1");
    gateway.pipe(client);
    client.on("data", (piece) => {
      if (piece.toString("latin1").startsWith("POST ")) client.pause();
      gateway.write(piece);
    });
    for (const [one, other] of [[client, gateway], [gateway, client]]) one.on("close", () => other.destroy()).on("error", () => {});
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  // Its connections end with the browser's.
  stage.context.once("close", () => server.close());
  return server;
}

/** Opens the conversation with this visitor: what is attached before would stay in the last one. */
async function goTo(stage, peer) {
  await stage.go(`chat/webchat/${peer}`);
  await until("it is open", async () => (await stage.page.textContent("#thread-name")) === peer);
}

/** The file names in the tray. */
const tray = (page) => page.$$eval("#tray b", (all) => all.map((one) => one.textContent));

/** Waits until the tray holds exactly these. */
const holds = (page, names) => until(`the tray holds ${names}`, async () => (await tray(page)).join() === names.join());

/** Runs in the page: hands files to the thread as a paste or a drop does. */
function handOver({ type, files, text }) {
  const data = new DataTransfer();
  for (const { name, mimeType, content } of files) data.items.add(new File([Uint8Array.from(content)], name, { type: mimeType }));
  if (text) data.setData("text/plain", text);
  const event = type === "paste" ? new ClipboardEvent(type, { clipboardData: data, bubbles: true, cancelable: true }) : new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true });
  document.getElementById("text").dispatchEvent(event);
  return event.defaultPrevented;
}

const over = (page, type, files, text) => page.evaluate(handOver, { type, text, files: files.map(({ name, mimeType, buffer }) => ({ name, mimeType, content: [...buffer] })) });

const sent = (client) => client.heard("message.status", ({ media }) => Boolean(media));

export const checks = [
  {
    name: "what is attached is told in the language that is spoken now",
    async run(stage) {
      const { page } = stage;
      await stage.open();
      await goTo(stage, "ana");
      await page.setInputFiles("#files", [{ name: "notes.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(77_500) }]);
      const told = () => page.textContent("#tray li");
      await until("its size", async () => (await told()).includes("77.5 KB"));
      await page.selectOption("#language", "pt");
      await until("with a comma", async () => (await told()).includes("77,5 KB"));
      same(await page.getAttribute("#tray button.round", "aria-label"), "Descartar notes.bin", "what the cross does");
      await page.reload();
      await stage.connected();
      await page.setInputFiles("#files", [{ name: "notes.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(77_500) }]);
      await until("also where it is so from the beginning", async () => (await told()).includes("77,5 KB"));
    },
  },
  {
    name: "several chosen files are one message with a caption",
    async run(stage) {
      const { page } = stage;
      // Asked for this early, since until the browser has heard it the dialog is a real one.
      const chooser = new Promise((resolve) => page.once("filechooser", resolve));
      const other = await stage.client("message.*");
      await stage.open();
      await goTo(stage, "ana");
      await page.focus("#attach");
      await page.keyboard.press("Enter");
      await (await chooser).setFiles([beach, tall, bill]);
      await holds(page, ["beach.png", "tall.png", "bill.pdf"]);
      await stage.accessible("the tray");
      await stage.shot("sending-tray");
      await page.click("#tray li:last-child button.round");
      await holds(page, ["beach.png", "tall.png"]);
      await stage.say("two pictures");
      const message = await sent(other);
      same([message.text, message.media.map(({ kind, name }) => [kind, name])], ["two pictures", [["image", "beach.png"], ["image", "tall.png"]]], "what is sent");
      assert(await page.isHidden("#tray"), "the tray is empty");
      await until("both are shown side by side", () => page.$$eval("#messages .grid img", (all) => all.length === 2 && all.every((one) => one.naturalWidth > 0)));
      await stage.shows(["two pictures"]);
    },
  },
  {
    name: "the visitor sends a file without a word",
    async run(stage) {
      const { page } = stage;
      const other = await stage.client("message.*");
      await stage.open();
      await page.setInputFiles("#files", [bill]);
      await page.click("#send");
      const message = await other.heard("message.received");
      same([message.kind, message.media.name, message.direction], ["document", "bill.pdf", "in"], "what comes in");
      await page.waitForSelector("#messages li[data-key^=m-] .card .download");
      same(await page.$$eval("#messages > li", (all) => all.length), 1, "it stands there once");
    },
  },
  {
    name: "files are pasted and dropped, text that comes with a picture stays text",
    async run(stage) {
      const { page } = stage;
      await stage.open();
      await goTo(stage, "ana");
      assert(await over(page, "paste", [beach]), "the pasted picture is taken");
      await holds(page, ["beach.png"]);
      assert(!(await over(page, "paste", [tall], "a cell of a table")), "the text is left to the browser");
      await over(page, "dragover", [bill]);
      assert(await page.isVisible("#drop"), "where to drop it is shown");
      await over(page, "drop", [bill]);
      await holds(page, ["beach.png", "bill.pdf"]);
      assert(await page.isHidden("#drop"), "the hint is gone");
      await page.setInputFiles("#files", Array.from({ length: 12 }, (_, i) => ({ ...bill, name: `${i}.pdf` })));
      await until("more than a message takes are refused aloud", async () => (await page.textContent("#text-hint")).includes("10"));
      same((await tray(page)).length, 10, "files in the tray");
      await goTo(stage, "bia");
      await holds(page, []);
      await goTo(stage, "ana");
      await until("they stay with their conversation", async () => (await tray(page)).length === 10);
    },
  },
  {
    name: "what is larger than the gateway takes, or empty, is refused before it goes out",
    needs: { settings: { CLEUDOCODEBOT_MAX_MEDIA_BYTES: "1024" } },
    async run(stage) {
      const { page } = stage;
      const asked = [];
      page.on("request", (request) => request.method() === "POST" && asked.push(request.url()));
      await stage.open();
      await goTo(stage, "ana");
      const said = (text) => until(`it says ${text}`, async () => (await page.textContent("#text-hint")).includes(text));
      await page.setInputFiles("#files", [{ ...bill, name: "long.pdf", buffer: Buffer.alloc(1025) }, bill]);
      await said("long.pdf is larger than the gateway takes (1 KB)");
      await holds(page, ["bill.pdf"]);
      await page.setInputFiles("#files", [{ ...bill, name: "nothing.pdf", buffer: Buffer.alloc(0) }]);
      await said("nothing.pdf is empty");
      await until("only the other went out", () => asked.length === 1);
    },
  },
  {
    name: "an upload tells how far it is and is given up",
    async run(stage) {
      const { page, daemon } = stage;
      stage.tolerate(/a request to/);
      const other = await stage.client("message.*");
      const door = await halfOpenDoor(stage);
      await page.goto(daemon.link.replace(daemon.port, door.address().port));
      await stage.connected();
      await goTo(stage, "ana");
      const path = join(daemon.home, "large.bin");
      writeFileSync(path, LARGE);
      await page.setInputFiles("#files", path);
      await stage.say("a large one");
      await page.waitForSelector("#messages .sending progress");
      const part = () => page.$eval("#messages .sending progress", (bar) => bar.value);
      await until("some of it is out", async () => (await part()) > 0 && (await part()) < 1);
      await stage.accessible("an upload");
      await stage.shot("sending-progress");
      await page.click("#messages .sending > button");
      await until("its row is gone", async () => !(await page.$("#messages .sending")));
      await stage.say("never mind");
      const message = await other.heard("message.status");
      same([message.text, message.media ?? null], ["never mind", null], "the first message of all");
    },
  },
  {
    name: "an upload that fails says why and is tried again",
    async run(stage) {
      const { page } = stage;
      stage.tolerate(/ERR_FAILED|507/);
      const other = await stage.client("message.*");
      await stage.open();
      await goTo(stage, "ana");
      const full = { status: 507, contentType: "application/json", body: JSON.stringify({ code: "queue_full", message: "all files together have reached 5 GB" }) };
      await page.route("**/media", (route) => route.fulfill(full));
      await page.setInputFiles("#files", [bill]);
      await until("the tray says why", async () => (await page.textContent("#tray .trouble")).includes("5 GB"));
      await stage.say("the bill");
      await until("so does the row", async () => (await page.textContent("#messages .trouble")).includes("5 GB"));
      await stage.accessible("a failed upload");
      await page.unroute("**/media");
      await page.click("#messages .retry");
      same((await sent(other)).media.name, "bill.pdf", "what is sent in the end");
    },
  },
  {
    name: "a voice message is recorded by keyboard, thrown away or sent, and plays",
    async run(stage) {
      const { page } = stage;
      const other = await stage.client("message.*");
      await stage.open();
      await goTo(stage, "ana");
      await page.focus("#record");
      await page.keyboard.press("Enter");
      await until("it records", () => page.evaluate(() => document.activeElement.id === "record-send"));
      await stage.accessible("recording");
      await page.keyboard.press("Escape");
      await until("the text is back", () => page.evaluate(() => document.activeElement.id === "text"));
      await page.focus("#record");
      await page.keyboard.press("Space");
      await until("it records again", () => page.evaluate(() => document.activeElement.id === "record-send"));
      await until("a second has passed", async () => (await page.textContent("#record-time")) === "0:01");
      await stage.shot("sending-recording");
      await page.keyboard.press("Enter");
      const { media } = await sent(other);
      same([media.kind, media.name], ["voice", "voice.ogg"], "what is sent");
      const row = await other.ask("media", { media_id: media.media_id });
      same(row.mime, "audio/ogg", "what its bytes say it is");
      await page.waitForSelector("#messages li[data-key^=m-] audio[src]");
      const length = await until("its length is known", () => page.$eval("#messages audio", (audio) => audio.duration));
      // The clock of the page starts before the first sound of a busy machine is there.
      assert(length > 0.3 && length < 10, "how long it is", length);
      await page.$eval("#messages audio", (audio) => Object.assign(audio, { loop: true }).play());
      await until("it plays", () => page.$eval("#messages audio", (audio) => audio.currentTime > 0));
      await page.$eval("#messages audio", (audio) => (audio.onpause = () => (window.paused = true)));
      const message_id = await page.getAttribute("#messages > li", "data-key");
      await other.ask("receive", { channel: "webchat", peer: "ana", kind: "reaction", content: { to: message_id, emoji: "👏" } });
      await page.waitForSelector("#messages .reactions");
      same(await page.$eval("#messages audio", ({ paused }) => [paused, window.paused ?? false]), [false, false], "it goes on while its row is made anew");
      await stage.shot("sending-voice");
      await page.$eval("#messages audio", (audio) => audio.pause());
      await page.click("#messages > li .act");
      const [file] = await Promise.all([page.waitForEvent("download"), page.click("#act-menu [data-do=download]")]);
      same(file.suggestedFilename(), "voice.ogg", "what its menu hands over");
    },
  },
];
