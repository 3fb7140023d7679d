// The part of the window that a keyboard on the screen leaves. Where the browser makes the page smaller by
// itself (`interactive-widget` in index.html) there is nothing to do; Safari only lays the keyboard over it.

const view = window.visualViewport;

function fit() {
  // Zoomed in by the user, the page stays as it is.
  const covered = view.scale === 1 ? innerHeight - view.height : 0;
  document.documentElement.style.setProperty("--covered", `${Math.max(0, Math.round(covered))}px`);
  if (covered > 0 && document.activeElement?.matches("input, textarea")) scrollTo(0, 0);
}

view?.addEventListener("resize", fit);
