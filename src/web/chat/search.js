// Searching in the open conversation.

import { $, button, make } from "../dom.js";
import { around, asked } from "../model/finding.js";
import { whenOf, words } from "../words.js";

const WAIT_MS = 200;
const PAGE = 30;
const AROUND = 60;

/** Pieces of a text, every second of which was found. */
export const marked = pieces => pieces.map((piece, i) => (i % 2 ? make("mark", {}, piece) : piece));

export class Search {
  #timer;
  #asked = 0;
  #text = $("search-text");
  #results = $("search-results");

  constructor(chat) {
    this.chat = chat;
    $("search-open").onclick = () => this.#show($("search").hidden);
    $("search").onkeydown = ({ key }) => {
      if (key === "Escape") this.#show(false);
    };
    this.#text.oninput = () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#find(), WAIT_MS);
    };
  }

  opened() {
    this.#show(false);
  }

  #show(shown) {
    if (shown === !$("search").hidden) return;
    $("search").hidden = !shown;
    $("search-open").ariaExpanded = shown;
    this.#asked++;
    this.#text.value = "";
    this.#results.replaceChildren();
    (shown ? this.#text : $("search-open")).focus();
  }

  /** One call looks at so many messages; a page without any may still name the next. */
  async #find(before) {
    const turn = ++this.#asked;
    const typed = this.#text.value.trim();
    if (!before) this.#results.replaceChildren();
    if (!typed) return;
    const page = await this.chat.session.wish("history", { ...this.chat.open, ...asked(typed), before, limit: PAGE });
    if (!page || turn !== this.#asked) return;
    const { messages, next } = page;
    this.#results.querySelector(".more")?.remove();
    this.#results.append(...messages.reverse().map(message => this.#row(message, typed)));
    if (next && !messages.length) return this.#find(next);
    if (next) this.#results.append(make("li", { className: "more" }, button("plain", words("more"), () => this.#find(next))));
    else if (!this.#results.children.length) this.#results.append(make("li", { className: "quiet", role: "status" }, words("nothingFound")));
  }

  #row({ message_id, text, created_ms }, wanted) {
    const said = make("span", {}, ...marked(around(text, wanted, AROUND / 2, AROUND)));
    const found = button("", "", () => this.chat.view.reveal(message_id));
    found.append(said, make("time", {}, whenOf(created_ms)));
    return make("li", {}, found);
  }
}
