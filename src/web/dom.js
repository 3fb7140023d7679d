// Elements made and kept. What people write goes in as text nodes, never as markup.

/** Nobody reads faster, and what is drawn less often leaves time for scrolling. */
const REST_MS = 40;

export const $ = id => document.getElementById(id);

/** `make("p", {className: "x", onclick}, "text", child)`; `data-…` and `aria-…` become attributes, empty children nothing. */
export function make(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-")) made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.filter(Boolean));
  return made;
}

export const button = (className, text, onclick, more) => make("button", { type: "button", className, onclick, ...more }, text);

/** Takes this room in pixels; in less width also less height. */
export function reserve(element, [width, height]) {
  element.style.setProperty("width", `${width}px`);
  element.style.setProperty("aspect-ratio", `${width} / ${height}`);
}

/** A drawing with one child, such as a path or an icon of index.html. */
export function drawing(attributes, name, inner) {
  const [svg, child] = ["svg", name].map(name => document.createElementNS("http://www.w3.org/2000/svg", name));
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  for (const [key, value] of Object.entries(inner)) child.setAttribute(key, value);
  svg.append(child);
  return svg;
}

/** An icon; without a label it only decorates. */
export const icon = (name, label) =>
  drawing({ viewBox: "0 0 16 16", class: `icon ${name}`, ...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true }) }, "use", { href: `#i-${name}` });

/** What every link to elsewhere has. */
export const LINK = { target: "_blank", rel: "noopener noreferrer" };

export const link = (href, text) => make("a", { href, ...LINK }, text);

/** What kind of thing it is, what it is called, and what more there is to it. */
export const card = (kind, label, title, ...more) =>
  make("div", { className: `card ${kind}` }, paragraph("label", icon(kind), label), title && paragraph("title", title), ...more);

/** Words of somebody, whichever way they are read. */
export const paragraph = (className, ...children) => make("p", { className, dir: "auto" }, ...children);

/** Opens a conversation. */
export const goTo = ({ channel, peer }) => (location.hash = ["chat", channel, peer].map(encodeURIComponent).join("/"));

/** Does this once the pointer that is down is up; the click comes first. */
export function onRelease(act) {
  const released = new AbortController();
  const release = () => {
    released.abort();
    setTimeout(act);
  };
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, release, { signal: released.signal });
}

/** Sets a text only where it changes, so that a screen reader does not hear it again. */
export function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** One child for each item, kept by key, so that focus stays where it is. */
export function keep(parent, items, keyOf, build, update) {
  const there = new Map([...parent.children].map(child => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const child = there.get(key) ?? build(item);
    there.delete(key);
    child.dataset.key = key;
    update(child, item);
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
  for (const child of there.values()) child.remove();
}

/** Runs `draw` before the next frame, once however often it is asked for, and in a storm not sooner than `REST_MS`. */
export function eachFrame(draw) {
  let [asked, last] = [0, 0];
  const drawOnce = () => {
    asked = 0;
    last = performance.now();
    draw();
  };
  const ask = () => requestAnimationFrame(drawOnce);
  return () => {
    asked ||= performance.now() - last < REST_MS ? setTimeout(ask, REST_MS) : ask();
  };
}
