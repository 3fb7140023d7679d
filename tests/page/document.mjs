// As much of a document as rows need, for tests without a browser: elements that can be told as text.

class Element {
  children = [];
  attributes = {};
  dataset = {};
  style = { setProperty: (name, value) => (this.attributes[name] = value) };
  classList = { add: name => (this.className = `${this.className ?? ""} ${name}`.trim()), toggle() {}, remove() {} };

  constructor(name) {
    this.name = name;
  }

  append(...children) {
    this.children.push(...children);
  }

  addEventListener() {}

  get lastChild() {
    return this.children.at(-1);
  }

  get textContent() {
    return this.lines.join("");
  }

  set textContent(text) {
    this.children = text ? [text] : [];
  }

  replaceChildren(...children) {
    this.children = children;
  }

  setAttribute(name, value) {
    this.attributes[name] = String(value);
  }

  /** All elements in it of this name. */
  all(name) {
    return this.children.filter(child => child instanceof Element).flatMap(child => [...(child.name === name ? [child] : []), ...child.all(name)]);
  }

  /** What is read, a line for each element that holds text. */
  get lines() {
    const own = this.children.filter(child => !(child instanceof Element)).join("");
    return [...(own ? [own] : []), ...this.children.filter(child => child instanceof Element).flatMap(child => child.lines)];
  }
}

/** Elements that are in the markup of the page, by id. */
const known = new Map();
globalThis.document = {
  getElementById: id => known.get(id) ?? known.set(id, new Element(id)).get(id),
  documentElement: {},
  createElement: name => new Element(name),
  createElementNS: (_, name) => new Element(name),
  querySelectorAll: () => [],
};
globalThis.location = { origin: "http://127.0.0.1:1" };
globalThis.Audio = class extends Element {};
globalThis.IntersectionObserver = class {
  observe() {}
};
