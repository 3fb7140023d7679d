// Where one writes. What is written stays with its conversation until it is sent.

import { $, write } from "../dom.js";
import { keyOf } from "../model/conversations.js";
import { numberText, words } from "../words.js";

export class Composer {
  #text = $("text");

  constructor(chat) {
    this.chat = chat;
    $("composer").onsubmit = event => this.#send(event);
    this.#text.oninput = () => this.#changed();
    this.#text.onkeydown = event => {
      // Enter that ends the choice of a character (Japanese, Chinese) is not meant for us.
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.#send(event);
    };
  }

  opened() {
    if (!this.chat.open) return;
    this.#text.value = localStorage[this.#draft] ?? "";
    if (matchMedia("(hover: hover)").matches) this.#text.focus();
  }

  get #draft() {
    return `draft:${keyOf(this.chat.open)}`;
  }

  #changed() {
    const { value } = this.#text;
    if (value) localStorage[this.#draft] = value;
    else delete localStorage[this.#draft];
    if (value) this.chat.typing();
    write($("text-hint"), words("enterSends"));
  }

  #send(event) {
    event.preventDefault();
    const text = this.#text.value.trim();
    if (!text) return this.#text.focus();
    // Room for the frame around the text, besides the text itself.
    const bytes = new TextEncoder().encode(JSON.stringify(text)).length + 500;
    const most = this.chat.session.limits?.max_message_bytes ?? Infinity;
    if (bytes > most) return write($("text-hint"), words("tooLong", { n: numberText(most) }));
    this.chat.say(text);
    this.#text.value = "";
    this.#changed();
    this.#text.focus();
    this.chat.view.list.toEnd();
  }
}
