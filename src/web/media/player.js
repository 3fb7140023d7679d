// Voice messages and music: one sounds at a time, and goes on while its row is out of view. A face is what
// a row shows of it.

import { button, icon, make, write } from "../dom.js";
import { lengthText, words } from "../words.js";
import { download, nameOf } from "./document.js";

const SPEEDS = [1, 1.5, 2];
/** Further than any file lasts: a browser that is sent there finds out how long it is. */
const THE_END = 1e7;

export class Player {
  #audio = new Audio();
  #hold;
  #faces = new Set();
  /** What sounds, or is about to: `{key, file, state}`. */
  #track = {};
  #speed = SPEEDS[0];

  constructor({ blobs, near }) {
    Object.assign(this, { blobs, near });
    const draw = () => this.#draw();
    for (const name of ["play", "pause", "timeupdate", "durationchange", "ended", "seeked"]) this.#audio.addEventListener(name, draw);
    this.#audio.addEventListener("ended", () => (this.#audio.currentTime = 0));
    this.#audio.onerror = () => this.#track.key && this.#fail(words("cannotPlay"));
  }

  /** The controls of one file; `key` is its own, also where the same bytes came twice. */
  face(file, key) {
    const face = new Face(this, file, key);
    this.near.watch(face.element, () => {
      this.#faces.add(face);
      face.draw();
      return () => this.#faces.delete(face);
    });
    return face.element;
  }

  /** How it is with this one: `{state, at, length, speed, error}`. */
  told({ key, file, from }) {
    const { seconds } = file;
    if (this.#track.key !== key) return { state: "idle", at: from, length: seconds, speed: this.#speed };
    const { duration, currentTime, paused } = this.#audio;
    const { state, error } = this.#track;
    const length = Number.isFinite(duration) && duration > 0 ? duration : seconds;
    return { state: state ?? (paused ? "idle" : "playing"), at: state ? from : currentTime, length, speed: this.#speed, error };
  }

  /** Plays, or pauses what plays. */
  async toggle({ key, file, from }) {
    const audio = this.#audio;
    if (this.#track.key === key && !this.#track.state) return audio.paused ? this.#play() : audio.pause();
    this.stop();
    const track = (this.#track = { key, state: "loading" });
    this.#hold = this.blobs.hold(file.id);
    this.#draw();
    try {
      const { url } = await this.#hold.ready;
      audio.src = url;
      await this.#learnLength();
      if (track !== this.#track || track.state === "failed") return;
      track.state = undefined;
      audio.currentTime = from;
      await this.#play();
    } catch ({ code, message }) {
      if (track === this.#track && code !== "cancelled") this.#fail(message);
    }
  }

  seek(face, at) {
    face.from = at;
    if (this.#track.key === face.key && !this.#track.state) this.#audio.currentTime = at;
    this.#draw();
  }

  faster() {
    this.#speed = SPEEDS[(SPEEDS.indexOf(this.#speed) + 1) % SPEEDS.length];
    this.#audio.playbackRate = this.#speed;
    this.#draw();
  }

  stop() {
    this.#audio.pause();
    this.#audio.removeAttribute("src");
    this.#hold?.leave();
    this.#hold = undefined;
    this.#track = {};
    this.#draw();
  }

  #play() {
    this.#audio.playbackRate = this.#speed;
    // What cannot be played says so by its error; all else is only paused, and pressed again.
    return this.#audio.play().catch(() => {});
  }

  /** What a browser recorded does not say how long it is. */
  async #learnLength() {
    const audio = this.#audio;
    await heard(audio, "loadedmetadata");
    if (Number.isFinite(audio.duration)) return;
    audio.currentTime = THE_END;
    await heard(audio, "seeked");
  }

  #fail(error) {
    Object.assign(this.#track, { state: "failed", error });
    this.#draw();
  }

  #draw() {
    for (const face of this.#faces) face.draw();
  }
}

/** The next event of this name, or an error of the element. */
function heard(element, name) {
  return new Promise((resolve, reject) => {
    const stop = new AbortController();
    const on = (name, settle) => element.addEventListener(name, () => settle(stop.abort()), { signal: stop.signal });
    on(name, resolve);
    on("error", () => reject({ message: words("cannotPlay") }));
  });
}

class Face {
  /** Where it begins. */
  from = 0;
  #icon;

  constructor(player, file, key) {
    Object.assign(this, { player, file, key });
    this.act = button("round", "", () => player.toggle(this));
    this.bar = make("input", { type: "range", min: 0, step: 0.1, value: 0, ariaLabel: words("position") });
    this.bar.oninput = () => player.seek(this, this.bar.valueAsNumber);
    this.time = make("span", { className: "quiet" });
    this.speed = button("plain speed", "", () => player.faster(), { ariaLabel: words("speed") });
    this.note = make("p", { className: "trouble", role: "status" });
    const more = download(player.blobs, file, "plain");
    this.element = make("div", { className: `player ${file.kind}`, role: "group", ariaLabel: nameOf(file) }, this.act, this.bar, this.time, this.speed, more, this.note);
    this.draw();
  }

  draw() {
    const { state, at, length, speed, error } = this.player.told(this);
    const look = { playing: "pause", loading: "queued" }[state] ?? "play";
    if (look !== this.#icon) this.act.replaceChildren(icon((this.#icon = look)));
    this.act.ariaLabel = this.act.title = words(state === "playing" ? "pause" : "play");
    this.act.ariaBusy = state === "loading";
    this.bar.max = length ?? 0;
    this.bar.disabled = !length;
    if (this.bar.valueAsNumber !== at) this.bar.value = at;
    const said = at || state === "playing" ? lengthText(at) : length ? lengthText(length) : "";
    this.bar.setAttribute("aria-valuetext", length ? `${lengthText(at)} / ${lengthText(length)}` : said);
    write(this.time, said);
    write(this.speed, `${speed}×`);
    write(this.note, state === "failed" ? error : "");
  }
}
