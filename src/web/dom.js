// Elements made and kept. What people write goes in as text nodes, never as markup.

export const element = (id) => document.getElementById(id);

/** `make("p", {className: "x", onclick}, "text", child)`; names with `-` and `role` become attributes. */
export function make(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-") || key === "role") made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.filter((child) => child !== undefined && child !== null && child !== ""));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

/** An icon of index.html; without a label it only decorates. */
export function icon(name, label) {
  const made = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  made.setAttribute("class", `icon ${name}`);
  if (label) {
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", label);
  } else made.setAttribute("aria-hidden", "true");
  made.append(use);
  return made;
}

/** A drawing of one path. */
export function drawing(viewBox, path, properties = {}) {
  const svg = document.createElementNS(SVG, "svg");
  const drawn = document.createElementNS(SVG, "path");
  for (const [key, value] of Object.entries({ viewBox, ...properties })) svg.setAttribute(key, value);
  drawn.setAttribute("d", path);
  svg.append(drawn);
  return svg;
}

/** Sets a text only where it changes, so that a screen reader does not hear it again. */
export function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * One child for each item, kept by key, so that focus and selection stay where they are.
 * `build(item)` makes a child, `update(child, item)` brings it up to date.
 */
export function keep(parent, items, keyOf, build, update) {
  const there = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let before = null;
  for (const item of items) {
    const key = String(keyOf(item));
    const child = there.get(key) ?? build(item);
    there.delete(key);
    child.dataset.key = key;
    update(child, item);
    const place = before ? before.nextElementSibling : parent.firstElementChild;
    if (place !== child) parent.insertBefore(child, place);
    before = child;
  }
  for (const child of there.values()) child.remove();
}

/** Runs `draw` once before the next frame, however often it is asked for. */
export function eachFrame(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}
