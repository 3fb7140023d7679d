// The page as an app: the worker that keeps it, a newer page that takes over as a whole, and the browser's
// offer to install it.

/** Nobody did anything for so long: then a newer page may take the place of this one. */
const IDLE_MS = 60_000;
const LOOK_MS = 5000;
/** A page that has just come has no need of the worker yet: its registration waits until the page has settled. */
const SETTLE_MS = 1500;

/** A browser takes the address of a worker only from one that may make such. */
const policy = globalThis.trustedTypes?.createPolicy("worker", { createScriptURL: name => name });
const workerAddress = () => policy?.createScriptURL("sw.js") ?? "sw.js";

export class Install {
  /** A newer page is there: it comes with a reload. */
  isNewer = false;
  /** The browser would install this page. */
  canInstall = false;
  #registration;
  #offer;
  #touched = performance.now();
  #begun = false;
  #timer;
  /** Whether a worker answered before: the first of all brings nothing newer. */
  #hadWorker = false;
  /** Whether the user, or nobody for a while, wants the newer page. */
  #asked = false;

  /** `on.changed()`, and `on.isBusy()`: whether something would be lost or torn away by a reload. */
  constructor(on) {
    this.on = on;
    addEventListener("beforeinstallprompt", event => this.#offered(event));
    addEventListener("appinstalled", () => this.#offered(undefined));
    for (const name of ["pointerdown", "keydown", "wheel", "touchmove"]) addEventListener(name, () => (this.#touched = performance.now()), { passive: true });
  }

  get isApp() {
    return matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;
  }

  /** A connection stands. Only over https and on this machine do browsers have workers; elsewhere the page works without. */
  begin() {
    if (!navigator.serviceWorker) return;
    if (this.#registration) return void this.#registration.update().catch(() => {});
    if (!this.#begun) navigator.serviceWorker.addEventListener("controllerchange", () => this.#replaced());
    this.#begun = true;
    this.#hadWorker ||= Boolean(navigator.serviceWorker.controller);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#register(), SETTLE_MS);
  }

  async #register() {
    const registration = await navigator.serviceWorker.register(workerAddress(), { updateViaCache: "none" }).catch(() => undefined);
    if (!registration) return;
    this.#registration = registration;
    this.#look();
    registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", () => this.#look()));
  }

  /** A worker that waits has a newer page, whole; the first of all has none. */
  #look() {
    if (this.#registration.waiting && navigator.serviceWorker.controller) this.#tell();
  }

  /** Another worker answers from now on: this page is of the former. */
  #replaced() {
    if (!this.#hadWorker) this.#hadWorker = true;
    else if (this.#asked) location.reload();
    else this.#tell();
  }

  #tell() {
    if (this.isNewer) return;
    this.isNewer = true;
    this.on.changed();
    setInterval(() => this.#isIdle() && this.takeOver(), LOOK_MS);
    if (this.#isIdle()) this.takeOver();
  }

  #isIdle() {
    const isUntouched = document.hidden || performance.now() - this.#touched > IDLE_MS;
    return isUntouched && !this.on.isBusy();
  }

  /** Has the newer worker answer, and loads the page that it has. */
  takeOver() {
    this.#asked = true;
    const { waiting } = this.#registration ?? {};
    if (waiting) waiting.postMessage("take over");
    else location.reload();
  }

  #offered(event) {
    event?.preventDefault();
    this.#offer = event;
    this.canInstall = Boolean(event);
    this.on.changed();
  }

  async install() {
    const offer = this.#offer;
    await offer?.prompt();
    this.#offered(undefined);
  }
}
