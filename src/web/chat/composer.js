// Where one writes. What is written stays with its conversation until it is sent, and so does what is
// attached and which message it answers.

import { $, write } from "../dom.js";
import { keyOf } from "../model/conversations.js";
import { texts } from "../state/database.js";
import { momentOf, numberText, words } from "../words.js";
import { lineOf } from "./card.js";
import { Recorder } from "./recorder.js";
import { whoOf } from "./sidebar.js";
import { Tray } from "./tray.js";

/** Whether one most likely writes with a keyboard of keys. */
const hasKeys = matchMedia("(hover: hover)");

export class Composer {
  #text = $("text");
  /** By conversation: the message that is answered. */
  #answers = new Map();
  #said = "";
  /** The dialog that asks when it is to go out. */
  #choice;

  constructor(chat) {
    this.chat = chat;
    const say = text => this.say(text);
    this.tray = new Tray(chat, say);
    this.recorder = new Recorder(chat, say);
    $("composer").onsubmit = event => this.#send(event);
    $("postpone").onclick = event => this.#postpone(event);
    $("answer-end").onclick = () => this.answer(undefined);
    this.#text.oninput = () => this.#changed();
    this.#text.onkeydown = event => {
      // Enter that ends the choice of a character (Japanese, Chinese) is not meant for us.
      if (event.key === "Enter" && event.altKey && chat.mayPostpone && !event.isComposing) this.#postpone(event);
      else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.#send(event);
      else if (event.key === "Escape" && !event.isComposing) this.answer(undefined);
    };
  }

  opened() {
    this.recorder.cancel();
    this.#choice?.close("");
    if (!this.chat.open) return;
    this.chat.pauses.look();
    this.#text.value = texts()[this.#draft] ?? "";
    this.say("");
    this.#drawAnswer();
    if (hasKeys.matches) this.#text.focus();
  }

  draw() {
    const { chat } = this;
    $("thread").classList.toggle("only-read", !chat.maySay);
    if (!this.#said) this.say("");
    $("postpone").hidden = !chat.mayPostpone;
    const held = chat.open && !chat.isMine(chat.open) && chat.maySay && chat.pauses.reasonOf(chat.open.channel);
    $("held-back").hidden = !held;
    write($("held-back"), held || "");
    this.tray.draw();
  }

  /** Says this of what is written, or how it is sent. */
  say(text) {
    this.#said = text;
    // A keyboard on the screen shows by itself what Enter does.
    write($("text-hint"), text || (this.chat.isOffline ? words("sendsLater") : hasKeys.matches ? words("enterSends") : ""));
  }

  /** Whether something is being said. */
  get isBusy() {
    return Boolean(this.#text.value || this.tray.any || this.recorder.isRecording || [...this.#answers.values()].some(Boolean));
  }

  /** What was attached and answered was somebody else's. */
  forget() {
    this.#answers.clear();
    this.tray.forget();
    this.#text.value = "";
  }

  /** Answers this message, or none. */
  answer(message) {
    this.#answers.set(keyOf(this.chat.open), message);
    this.#drawAnswer();
    this.#text.focus();
  }

  /** Says this, as the answer to what is answered there. */
  handOver(text, uploads, place = this.chat.open, at = undefined) {
    const reply_to = this.#answers.get(keyOf(place))?.message_id;
    this.#answers.delete(keyOf(place));
    this.#drawAnswer();
    this.chat.say(text, uploads, place, reply_to, at);
    this.chat.view.list.toEnd();
  }

  get #draft() {
    return `draft:${keyOf(this.chat.open)}`;
  }

  #drawAnswer() {
    const message = this.chat.open && this.#answers.get(keyOf(this.chat.open));
    $("answer").hidden = !message;
    if (!message) return;
    write($("answer-who"), whoOf(this.chat, message));
    write($("answer-line"), lineOf(message));
  }

  #changed() {
    const { value } = this.#text;
    if (value) texts()[this.#draft] = value;
    else delete texts()[this.#draft];
    if (value) this.chat.typing();
    this.say("");
    this.tray.draw();
  }

  /** What is written, where it can be sent; otherwise says why it cannot. */
  #written() {
    const text = this.#text.value.trim();
    if (!text && !this.tray.all.length) return void this.#text.focus();
    // Room for the frame around the text, besides the text itself.
    const bytes = new TextEncoder().encode(JSON.stringify(text)).length + 500;
    const most = this.chat.session.limits?.max_message_bytes ?? Infinity;
    if (bytes > most) return void this.say(words("tooLong", { n: numberText(most) }));
    return { text };
  }

  #send(event) {
    event.preventDefault();
    const written = this.#written();
    if (written) this.#sendOff(written.text);
  }

  /** Asks when it is to go out. */
  async #postpone(event) {
    event.preventDefault();
    const written = this.chat.mayPostpone && this.#written();
    if (!written) return;
    const submit = at => {
      this.#sendOff(written.text, at);
      this.say(words("goesOut", { time: momentOf(at) }));
    };
    const { chooseTime } = await import("../later/choose.js");
    this.#choice = chooseTime({ title: words("sendLater"), act: words("postpone"), submit });
  }

  #sendOff(text, at) {
    this.handOver(text, this.tray.take(), undefined, at);
    this.#text.value = "";
    this.#changed();
    this.#text.focus();
  }
}
