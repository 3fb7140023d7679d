// A voice message: spoken, heard back by nobody, sent or thrown away.

import { $, write } from "../dom.js";
import { remuxed } from "../model/ogg.js";
import { Upload } from "../media/upload.js";
import { lengthText, words } from "../words.js";

/** The services take OGG with Opus as a voice; what a browser makes otherwise is put into it where it can be. */
const TYPES = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"];
const ENDINGS = { "audio/ogg": "ogg", "audio/webm": "webm", "audio/mp4": "m4a" };
const BITS_A_SECOND = 32_000;
/** Then it ends by itself, and waits to be sent. */
const LONGEST_MS = 15 * 60_000;
const TICK_MS = 250;

export class Recorder {
  #recorder;
  #pieces = [];
  #began = 0;
  #timer;
  #asked = 0;

  constructor(chat, say) {
    Object.assign(this, { chat, say });
    $("record").onclick = () => this.#begin();
    $("record-cancel").onclick = () => this.cancel(true);
    $("record-send").onclick = () => this.#send();
    $("recording").onkeydown = ({ key }) => key === "Escape" && this.cancel(true);
  }

  /** Throws away what was recorded. */
  cancel(backToText) {
    this.#asked++;
    if (!this.#recorder) return;
    this.#end();
    if (backToText) $("text").focus();
  }

  async #begin() {
    if (this.#recorder) return;
    // Browsers offer the microphone to pages over https and of this machine only.
    if (!navigator.mediaDevices || !window.MediaRecorder) return this.say(words("recordNowhere"));
    const asked = ++this.#asked;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      if (asked !== this.#asked) return stream.getTracks().forEach(track => track.stop());
      this.#record(stream);
    } catch {
      this.say(words("recordRefused"));
    }
  }

  #record(stream) {
    const mimeType = TYPES.find(type => MediaRecorder.isTypeSupported(type));
    this.#recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: BITS_A_SECOND });
    this.#pieces = [];
    this.#recorder.ondataavailable = ({ data }) => this.#pieces.push(data);
    this.#recorder.start();
    this.#began = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.say("");
    this.#show(true);
    this.#tick();
    $("record-send").focus();
  }

  #tick() {
    const passed = performance.now() - this.#began;
    write($("record-time"), lengthText(Math.min(passed, LONGEST_MS) / 1000));
    if (passed < LONGEST_MS || this.#recorder.state !== "recording") return;
    this.#recorder.pause();
    clearInterval(this.#timer);
  }

  /** The last piece comes with the end. */
  async #send() {
    const recorder = this.#recorder;
    if (!recorder) return;
    const [place, pieces, seconds] = [this.chat.open, this.#pieces, (performance.now() - this.#began) / 1000];
    const stopped = new Promise(resolve => (recorder.onstop = resolve));
    this.#end();
    $("text").focus();
    await stopped;
    const file = await fileOf(new Blob(pieces, { type: recorder.mimeType }));
    const upload = new Upload(file, this.chat.view.attachments.blobs, { kind: "voice", seconds: Math.max(1, Math.round(seconds)) });
    this.chat.say("", { uploads: [upload], place });
    this.chat.view.list.toEnd();
  }

  /** Gives the microphone back. */
  #end() {
    clearInterval(this.#timer);
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
    for (const track of this.#recorder.stream.getTracks()) track.stop();
    this.#recorder = undefined;
    this.#show(false);
  }

  #show(isRecording) {
    $("recording").hidden = !isRecording;
    $("composer").classList.toggle("recording", isRecording);
  }
}

/** What was recorded, as the services take it, with a name. */
async function fileOf(recorded) {
  const [type] = recorded.type.split(";");
  const ogg = type === "audio/webm" && remuxed(new Uint8Array(await recorded.arrayBuffer()));
  return ogg ? new File([ogg], "voice.ogg", { type: "audio/ogg" }) : new File([recorded], `voice.${ENDINGS[type] ?? "bin"}`, { type });
}
