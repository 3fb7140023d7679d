// Searching in the open conversation.

import { element, make } from "../dom.js";
import { whenOf, words } from "../words.js";

const WAIT_MS = 200;
const PAGE = 30;
const AROUND = 60;

export class Search {
  #timer;
  #asked = 0;

  constructor(chat) {
    this.chat = chat;
    this.box = element("search");
    this.text = element("search-text");
    element("search-open").addEventListener("click", () => this.#show(this.box.hidden));
    this.text.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#find(), WAIT_MS);
    });
    this.box.addEventListener("keydown", ({ key }) => key === "Escape" && this.#show(false));
  }

  opened() {
    this.#show(false);
  }

  #show(shown) {
    this.box.hidden = !shown;
    element("search-open").setAttribute("aria-expanded", shown);
    this.text.value = "";
    this.#asked++;
    element("search-results").replaceChildren();
    if (shown) this.text.focus();
    else if (document.activeElement === document.body) element("text").focus();
  }

  async #find(before) {
    const asked = ++this.#asked;
    const contains = this.text.value.trim();
    const results = element("search-results");
    if (!contains) return results.replaceChildren();
    const { channel, peer } = this.chat.open;
    const page = await this.chat.session.ask("history", { channel, peer, contains, before, limit: PAGE }).catch(() => null);
    if (!page || asked !== this.#asked) return;
    if (!before) results.replaceChildren();
    results.querySelector(".more")?.remove();
    results.append(...page.messages.reverse().map((message) => this.#row(message, contains)));
    if (page.next) results.append(make("li", { className: "more" }, make("button", { type: "button", className: "plain", onclick: () => this.#find(page.next) }, words("more"))));
    else if (!results.children.length) results.append(make("li", { className: "quiet", role: "status" }, words("nothingFound")));
  }

  #row({ message_id, text, created_ms }, wanted) {
    const at = Math.max(text.toLowerCase().indexOf(wanted.toLowerCase()), 0);
    const from = Math.max(at - AROUND / 2, 0);
    const end = at + wanted.length;
    const found = make("span", { dir: "auto" }, from ? "…" : "", text.slice(from, at), make("mark", {}, text.slice(at, end)), text.slice(end, end + AROUND));
    return make("li", {}, make("button", { type: "button", onclick: () => this.chat.views[1].reveal(message_id) }, found, make("time", {}, whenOf(created_ms))));
  }
}
