// Which elements are in view or nearly so: what is dear is only held for these.

const MARGIN = "600px 0px";

export class Near {
  #of = new WeakMap();

  constructor(root) {
    this.observer = new IntersectionObserver(entries => entries.forEach(entry => this.#told(entry)), { root, rootMargin: MARGIN });
  }

  /** Calls `enter` when an element comes near, and what that returned when it goes or is removed. */
  watch(element, enter) {
    this.#of.set(element, { enter });
    this.observer.observe(element);
  }

  #told({ target, isIntersecting }) {
    const watched = this.#of.get(target);
    if (!isIntersecting) watched.leave?.();
    watched.leave = isIntersecting ? (watched.leave ?? watched.enter()) : undefined;
  }
}
