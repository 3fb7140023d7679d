// The control view: what the gateway is doing, and the handles to steer it.

import { element } from "../dom.js";

export class Control {
  constructor(session) {
    this.session = session;
  }

  start() {}
  hear() {}
  show() {}
}
