// A voice message: spoken, then sent or thrown away.

import { $, write } from "../dom.js";
import { Upload } from "../files/upload.js";
import { remuxed } from "../model/ogg.js";
import { lengthText, words } from "../words.js";

/** The services take Opus in OGG as a voice. */
const TYPES = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"];
const BITS_A_SECOND = 32_000;
/** Then it ends by itself, and waits to be sent. */
const LONGEST_S = 15 * 60;
const TICK_MS = 250;

export class Recorder {
  #recorder;
  #pieces;
  #began;
  #timer;
  #asked = 0;

  constructor(chat, say) {
    Object.assign(this, { chat, say });
    $("record").onclick = () => this.#begin();
    $("record-cancel").onclick = () => this.cancel();
    $("record-send").onclick = () => this.#send();
    $("recording").onkeydown = ({ key }) => {
      if (key === "Escape") this.cancel();
    };
  }

  get isRecording() {
    return Boolean(this.#recorder);
  }

  /** Throws away what was recorded, and what is about to be. */
  cancel() {
    this.#asked++;
    if (this.#recorder) this.#end();
  }

  async #begin() {
    // Browsers offer the microphone to pages over https and of this machine only.
    if (!navigator.mediaDevices || !window.MediaRecorder) return this.say(words("recordNowhere"));
    const asked = ++this.#asked;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      if (asked === this.#asked) this.#record(stream);
      else silence(stream);
    } catch {
      this.say(words("recordRefused"));
    }
  }

  #record(stream) {
    const mimeType = TYPES.find(type => MediaRecorder.isTypeSupported(type));
    this.#recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: BITS_A_SECOND });
    const pieces = (this.#pieces = []);
    this.#recorder.ondataavailable = ({ data }) => pieces.push(data);
    this.#recorder.start();
    this.#began = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#show(true);
    this.#tick();
    $("record-send").focus();
  }

  get #seconds() {
    return Math.min((performance.now() - this.#began) / 1000, LONGEST_S);
  }

  #tick() {
    write($("record-time"), lengthText(this.#seconds));
    if (this.#seconds < LONGEST_S) return;
    this.#recorder.pause();
    clearInterval(this.#timer);
  }

  async #send() {
    const [recorder, pieces, place, seconds] = [this.#recorder, this.#pieces, this.chat.open, Math.ceil(this.#seconds)];
    // The last piece comes with the end.
    const ended = new Promise(resolve => (recorder.onstop = resolve));
    this.#end();
    await ended;
    const file = await fileOf(new Blob(pieces, { type: recorder.mimeType }));
    const upload = new Upload(file, this.chat.view.attachments.blobs, { kind: "voice", seconds });
    this.chat.composer.handOver("", [upload], place);
  }

  #end() {
    clearInterval(this.#timer);
    this.#recorder.stop();
    silence(this.#recorder.stream);
    this.#recorder = undefined;
    this.#show(false);
    $("text").focus();
  }

  #show(isRecording) {
    $("recording").hidden = !isRecording;
    $("composer").classList.toggle("recording", isRecording);
  }
}

/** Gives the microphone back. */
const silence = stream => stream.getTracks().forEach(track => track.stop());

/** What was recorded, as the services take it where it can be, with a name. */
async function fileOf(recorded) {
  const blob = remuxed(new Uint8Array(await recorded.arrayBuffer())) ?? recorded;
  const [type] = blob.type.split(";");
  return new File([blob], `voice.${type.slice(6)}`, { type });
}
