// Where one writes. What is written stays with its conversation until it is sent.

import { element, write } from "../dom.js";
import { keyOf } from "../model/conversations.js";
import { webAddress } from "../model/parts.js";
import { numberText, onLanguage, words } from "../words.js";

const LONG = 1000;
const KINDS = { image: /\.(png|jpe?g|gif|webp|avif)$/i, video: /\.(mp4|webm|mov)$/i, audio: /\.(mp3|ogg|opus|m4a|wav)$/i };

export class Composer {
  #text = element("text");
  #media = element("media");

  constructor(chat) {
    this.chat = chat;
    element("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#text.addEventListener("input", () => this.#changed());
    this.#text.addEventListener("keydown", (event) => {
      // Enter that ends the choice of a character (Japanese, Chinese) is not meant for us.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
    element("attach").addEventListener("click", () => this.#attach(this.#media.hidden));
    onLanguage(() => this.#fit());
  }

  opened() {
    const { open } = this.chat;
    if (!open) return;
    this.#text.value = localStorage.getItem(`draft:${keyOf(open)}`) ?? "";
    this.#attach(false);
    this.#fit();
    if (matchMedia("(hover: hover)").matches) this.#text.focus();
  }

  #changed() {
    const key = `draft:${keyOf(this.chat.open)}`;
    if (this.#text.value) localStorage.setItem(key, this.#text.value);
    else localStorage.removeItem(key);
    if (this.#text.value) this.chat.typing();
    this.#fit();
  }

  /** As high as its text, up to the style's limit; a long one is not worth measuring. */
  #fit() {
    const { style, value } = this.#text;
    style.height = "auto";
    style.height = value.length > LONG ? "40vh" : `${this.#text.scrollHeight + 2}px`;
    write(element("text-hint"), value.length > LONG ? words("characters", { n: numberText(value.length) }) : words("enterSends"));
  }

  #attach(shown) {
    this.#media.hidden = !shown;
    this.#media.value = "";
    element("attach").setAttribute("aria-expanded", shown);
    if (shown) this.#media.focus();
  }

  #send() {
    const text = this.#text.value.trim();
    const url = webAddress(this.#media.value.trim());
    if (!url && this.#media.value) return this.#media.focus();
    if (!text && !url) return this.#text.focus();
    // Room for the frame around the text, besides the text itself.
    const bytes = new TextEncoder().encode(JSON.stringify([text, url])).length + 500;
    const most = this.chat.session.limits?.max_message_bytes ?? Infinity;
    if (bytes > most) return write(element("text-hint"), words("tooLong", { n: numberText(most) }));
    this.chat.say(text, url && mediaOf(url));
    this.#text.value = "";
    this.#attach(false);
    this.#changed();
    this.#text.focus();
    this.chat.views[1].list.toEnd();
  }
}

function mediaOf(url) {
  const { pathname } = new URL(url);
  const [kind = "document"] = Object.entries(KINDS).find(([, ending]) => ending.test(pathname)) ?? [];
  const name = decodeURIComponent(pathname.split("/").pop());
  return name ? { kind, url, name } : { kind, url };
}
